import * as http from 'node:http';
import * as https from 'node:https';
import { TLSSocket } from 'node:tls';
import type { Deadline } from '../../lambda/platform/deadline.ts';
import type { StageConfig } from '../../lib/stage/stage-config.ts';
import { agentsOf, errorName } from '../aws/clients.ts';
import type { Checked } from '../findings.ts';
import { proxyEnvironment } from '../proxy.ts';
import { fails, holds } from './report.ts';

type Environment = Readonly<Record<string, string | undefined>>;

interface Reached {
  readonly seen: string;
  readonly cause?: never;
}

interface Problem {
  readonly cause: string;
  readonly seen: string;
  readonly advice: string;
}

/**
 * Whether both URLs have the right form and can be reached, the way that requests to eGain go: through
 * the environment's proxy where there is one.
 */
export async function checkUrls(
  egain: Pick<StageConfig['egain'], 'apiUrl' | 'tokenUrl'>,
  deadline: Deadline,
  environment: Environment,
): Promise<Checked<true>> {
  const results = await Promise.all(
    (['tokenUrl', 'apiUrl'] as const).map(async (name) => {
      const key = `egain.${name}`;
      const url = new URL(egain[name]);
      return formProblem(key, url) ?? (await reach(key, url, deadline, environment));
    }),
  );
  const seen = results.map((result) => result.seen).join('\n');
  const problems = results.flatMap((result) => (result.cause === undefined ? [] : [result]));
  const [first] = problems;
  if (first === undefined) {
    const documented = /\/conversation\/conversationmgr\/v3\/?$/.test(egain.apiUrl);
    const note =
      'egain.apiUrl does not end in /conversation/conversationmgr/v3, as eGain documents it';
    return holds(true, seen, { notes: documented ? [] : [note] });
  }
  const advice = [...new Set(problems.map((problem) => problem.advice))].join('\n');
  return fails(first.cause, seen, advice);
}

function formProblem(key: string, url: URL): Problem | undefined {
  if (key === 'egain.apiUrl' && /\/accounts\/?$/.test(url.pathname)) {
    return {
      cause: 'api-url-form',
      seen: 'egain.apiUrl ends in /accounts',
      advice: 'Give only the base, which ends in /v3: the product adds /accounts itself.',
    };
  }
  const isExample =
    /(^|\.)example(\.(com|org|net))?$/.test(url.hostname) ||
    url.pathname.includes('/00000000-0000-0000-0000-000000000000/');
  if (!isExample) return undefined;
  return {
    cause: 'placeholder',
    seen: `${key} is still the example's`,
    advice:
      "Enter your tenant's own, from eGain's Admin Console: Partition, Integration, Client " +
      'Application, Metadata.',
  };
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
): Promise<Reached | Problem> {
  const proxy = proxyOf(url, environment);
  const secure = url.protocol === 'https:';
  const { request } = secure ? https : http;
  // Agents of its own, so that it connects anew.
  const { httpAgent, httpsAgent } = agentsOf(environment);
  return new Promise((resolve) => {
    const agent = secure ? httpsAgent : httpAgent;
    const asked = request(url.origin, { method: 'HEAD', signal, agent });
    const connected = (how: string) => {
      resolve({ seen: `${key}: ${url.host} ${how}` });
      asked.destroy();
    };
    asked.once('socket', (socket) => {
      // Through a proxy the connection exists before the request gets it.
      if (proxy !== undefined && !socket.connecting) {
        connected(`answers, through the proxy ${proxy.host}`);
      }
      socket.once(secure ? 'secureConnect' : 'connect', () => {
        const speaks = socket instanceof TLSSocket ? (socket.getProtocol() ?? 'TLS') : 'plain http';
        connected(`resolves and speaks ${speaks}`);
      });
    });
    // Stays on: a request that is destroyed reports an error afterwards.
    asked.on('error', (error) => {
      const code = signal.aborted ? 'ETIMEDOUT' : errorName(error);
      resolve(proxyProblem(code, proxy, error) ?? unreachable(key, url, code));
    });
    asked.end();
  });
}

function proxyProblem(code: string, proxy: URL | undefined, error: Error): Problem | undefined {
  if (proxy === undefined) return undefined;
  const { statusCode, hostname, port } = error as NodeJS.ErrnoException & {
    readonly statusCode?: number;
    readonly hostname?: string;
    readonly port?: number;
  };
  if (code === 'ERR_PROXY_TUNNEL') {
    return {
      cause: 'proxy-refused',
      seen: `the proxy ${proxy.host} refuses the connection (${statusCode ?? code})`,
      advice:
        statusCode === 407
          ? 'It needs a user and a password: HTTPS_PROXY=http://<user>:<password>@<host>:<port>.'
          : "Let it connect to eGain's hosts, or add them to NO_PROXY where no proxy is needed.",
    };
  }
  if (hostname !== proxy.hostname && port !== Number(proxy.port || 80)) return undefined;
  return {
    cause: 'proxy-unreachable',
    seen: `the proxy ${proxy.host} cannot be reached (${code})`,
    advice: 'Compare HTTPS_PROXY and HTTP_PROXY with what your network needs, or unset them.',
  };
}

/** What an error code of Node.js's resolver, sockets or OpenSSL means; the first that fits counts. */
const CODES = [
  {
    pattern: /^(ENOTFOUND|EAI_|ENODATA)/,
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
] as const;

function unreachable(key: string, { host }: URL, code: string): Problem {
  const { cause, what, advice } = CODES.find(({ pattern }) => pattern.test(code)) ?? {
    cause: 'unreachable',
    what: code === 'ETIMEDOUT' ? 'does not answer in time' : 'cannot be reached',
    advice: 'Does a firewall or proxy let this machine connect to it? Is the host right?',
  };
  return { cause, seen: `${key}: ${host} ${what} (${code})`, advice };
}
