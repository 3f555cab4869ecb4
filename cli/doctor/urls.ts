import * as http from 'node:http';
import * as https from 'node:https';
import { TLSSocket } from 'node:tls';
import { NO_WAY_OUT } from '../../lambda/egain/failure.ts';
import type { Deadline } from '../../lambda/platform/deadline.ts';
import type { StageConfig } from '../../lib/stage/stage-config.ts';
import { errorName } from '../aws/clients.ts';
import { type Finding, failed, ok } from '../findings.ts';
import { proxyEnvironment } from '../proxy.ts';
import type { Terminal } from '../terminal.ts';

type Environment = Terminal['environment'];

/**
 * Whether both URLs have the right form and can be reached, the way that requests to eGain go: through
 * the environment's proxy where there is one.
 */
export async function checkUrls(
  egain: Pick<StageConfig['egain'], 'apiUrl' | 'tokenUrl'>,
  deadline: Deadline,
  environment: Environment,
): Promise<Finding<true>> {
  const results = await Promise.all(
    (['tokenUrl', 'apiUrl'] as const).map(async (name) => {
      const key = `egain.${name}`;
      const url = new URL(egain[name]);
      return formProblem(key, url) ?? (await reach(key, url, deadline, environment));
    }),
  );
  const seen = results.map((result) => result.seen).join('\n');
  const problems = results.filter(({ state }) => state === 'failed');
  if (problems.length > 0) {
    const advice = new Set(problems.map((problem) => problem.advice));
    return failed(seen, [...advice].join('\n'), { cause: problems[0]?.cause });
  }
  const isDocumented = /\/conversation\/conversationmgr\/v3\/?$/.test(egain.apiUrl);
  const note =
    'egain.apiUrl does not end in /conversation/conversationmgr/v3, as eGain documents it';
  return ok(seen, { value: true, notes: isDocumented ? [] : [note] });
}

function formProblem(key: string, url: URL): Finding<never> | undefined {
  if (key === 'egain.apiUrl' && /\/accounts\/?$/.test(url.pathname)) {
    return failed(
      'egain.apiUrl ends in /accounts',
      'Give only the base, which ends in /v3: the product adds /accounts itself.',
      { cause: 'api-url-form' },
    );
  }
  const isExample =
    /(^|\.)example(\.(com|org|net))?$/.test(url.hostname) ||
    url.pathname.includes('/00000000-0000-0000-0000-000000000000/');
  if (!isExample) return undefined;
  return failed(
    `${key} is still the example's`,
    "Enter your tenant's own, from eGain's Admin Console: Partition, Integration, Client " +
      'Application, Metadata.',
    { cause: 'placeholder' },
  );
}

/** The proxy that the environment names for such a URL; `NO_PROXY` may except its host. */
function proxyOf({ protocol }: URL, environment: Environment): URL | undefined {
  const { HTTP_PROXY, HTTPS_PROXY } = proxyEnvironment(environment);
  return URL.parse((protocol === 'https:' ? HTTPS_PROXY : HTTP_PROXY) ?? '') ?? undefined;
}

/** Connects. What the server answers is for the later checks. */
function reach(
  key: string,
  url: URL,
  { signal }: Deadline,
  environment: Environment,
): Promise<Finding<never>> {
  const proxy = proxyOf(url, environment);
  const secure = url.protocol === 'https:';
  const { request, Agent } = secure ? https : http;
  // An agent of its own, so that it connects anew.
  const agent = new Agent({ proxyEnv: proxyEnvironment(environment) });
  return new Promise((resolve) => {
    const asked = request(url.origin, { method: 'HEAD', signal, agent });
    const connected = (how: string) => {
      resolve(ok(`${key}: ${url.host} ${how}`));
      asked.destroy();
    };
    let reached = false;
    asked.once('socket', (socket) => {
      socket.once('connect', () => {
        reached = true;
      });
      // Through a proxy the connection exists before the request gets it.
      if (proxy !== undefined && !socket.connecting) {
        connected(`answers, through the proxy ${proxy.host}`);
      }
      socket.once(secure ? 'secureConnect' : 'connect', () => {
        const speaks = socket instanceof TLSSocket ? (socket.getProtocol() ?? 'TLS') : 'plain http';
        connected(`resolves and speaks ${speaks}`);
      });
    });
    // A tunnel whose other end is silent gives the request no socket, and so no error either.
    signal.addEventListener('abort', () => {
      setImmediate(() => resolve(unreachable(key, url, 'ETIMEDOUT', true)));
    });
    // Stays on: a request that is destroyed reports an error afterwards.
    asked.on('error', (error) => {
      const code = signal.aborted ? 'ETIMEDOUT' : errorName(error);
      resolve(proxyProblem(code, proxy, error) ?? unreachable(key, url, code, reached));
    });
    asked.end();
  });
}

/** What the proxy did wrong; undefined where it did nothing wrong, or there is none. */
function proxyProblem(
  code: string,
  proxy: URL | undefined,
  error: NodeJS.ErrnoException & {
    readonly statusCode?: number;
    readonly hostname?: string;
    readonly port?: number;
  },
): Finding<never> | undefined {
  if (proxy === undefined) return undefined;
  const { statusCode, hostname, port } = error;
  if (code === 'ERR_PROXY_TUNNEL') {
    return failed(
      `the proxy ${proxy.host} refuses the connection (${statusCode ?? code})`,
      statusCode === 407
        ? 'It needs a user and a password: HTTPS_PROXY=http://<user>:<password>@<host>:<port>.'
        : "Let it connect to eGain's hosts, or add them to NO_PROXY where no proxy is needed.",
      { cause: 'proxy-refused' },
    );
  }
  if (hostname !== proxy.hostname && port !== Number(proxy.port || 80)) return undefined;
  return failed(
    `the proxy ${proxy.host} cannot be reached (${code})`,
    'Compare HTTPS_PROXY and HTTP_PROXY with what your network needs, or unset them.',
    { cause: 'proxy-unreachable' },
  );
}

/** What an error code of Node.js's resolver, sockets or OpenSSL means; the first that fits counts. */
const CODES = [
  {
    pattern: /^(ENOTFOUND|EAI_(?!AGAIN)|ENODATA)/,
    cause: 'dns',
    what: 'does not resolve',
    advice: "Compare it with eGain's Admin Console. If it is right, this machine's DNS lacks it.",
  },
  {
    pattern: /ALTNAME_INVALID|HOSTNAME_MISMATCH/,
    cause: 'certificate-name',
    what: 'shows a good certificate for another host name',
    advice: "Compare the host with eGain's Admin Console.",
  },
  {
    pattern: /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/,
    cause: 'certificate',
    what: 'shows a certificate that is not trusted',
    advice:
      'If a proxy in between opens TLS, set NODE_EXTRA_CA_CERTS to its authority here; AWS has no ' +
      'such proxy. Otherwise the host is wrong.',
  },
  {
    pattern: /SSL|EPROTO|TLS/,
    cause: 'not-tls',
    what: 'does not speak TLS',
    advice: "Is the port right? eGain's is 443, the default.",
  },
  {
    pattern: NO_WAY_OUT,
    cause: 'no-way-out',
    what: 'gets no connection, as where there is no way out',
    advice:
      'Does a firewall, a proxy or a missing route keep this machine in? For deployed functions: ' +
      'docs/deploying.md, A fixed way out.',
  },
] as const;

/** @param reached whether a connection came about, and only the answer did not */
function unreachable(key: string, { host }: URL, code: string, reached: boolean): Finding<never> {
  const known = CODES.find(({ pattern }) => pattern.test(code));
  const { cause, what, advice } = (known?.cause === 'no-way-out' && reached
    ? undefined
    : known) ?? {
    cause: 'unreachable',
    what: reached ? 'does not answer in time' : 'cannot be reached',
    advice: 'Does a firewall or proxy let this machine connect to it? Is the host right?',
  };
  return failed(`${key}: ${host} ${what} (${code})`, advice, { cause });
}
