import { lookup } from 'node:dns/promises';
import * as http from 'node:http';
import * as https from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { proxyFor } from '../../cli/proxy.ts';
import { type Deadline, within } from '../../lambda/platform/deadline.ts';
import { errorCode } from '../../lambda/platform/http-client.ts';
import type { StageConfig } from '../../lib/stage/stage-config.ts';
import { type Checked, type Finding, fails, holds } from '../report.ts';

type Problem = Required<Pick<Finding, 'cause' | 'seen' | 'advice'>>;

interface Reached {
  readonly seen: string;
  readonly cause?: never;
}

/**
 * Whether both URLs have the right form, and can be reached: by the environment's proxy where the
 * requests to eGain will go by it, else by a name that resolves and a server that speaks TLS.
 */
export async function checkUrls(
  egain: StageConfig['egain'],
  deadline: Deadline,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Checked<true>> {
  const urls = [
    { key: 'egain.tokenUrl', text: egain.tokenUrl },
    { key: 'egain.apiUrl', text: egain.apiUrl },
  ];
  const results = await Promise.all(
    urls.map(async ({ key, text }) => {
      const url = new URL(text);
      const form = key === 'egain.apiUrl' ? apiUrlProblem(url) : undefined;
      return form ?? placeholderProblem(key, url) ?? (await reach(key, url, deadline, environment));
    }),
  );
  const seen = results.map((result) => result.seen).join('\n');
  const problems = results.flatMap((result) => (result.cause === undefined ? [] : [result]));
  const [first] = problems;
  if (first === undefined) return holds(true, seen, { notes: formNotes(new URL(egain.apiUrl)) });
  const advice = [...new Set(problems.map((problem) => problem.advice))].join('\n');
  return fails(first.cause, seen, advice);
}

function apiUrlProblem(url: URL): Problem | undefined {
  if (!/\/accounts\/?$/.test(url.pathname)) return undefined;
  return {
    cause: 'api-url-form',
    seen: 'egain.apiUrl ends in /accounts',
    advice: 'Give the base alone, ending in /v3: the product adds /accounts itself.',
  };
}

function placeholderProblem(key: string, url: URL): Problem | undefined {
  const example = /(^|\.)example(\.(com|org|net))?$/.test(url.hostname);
  if (!example && !url.pathname.includes('/00000000-0000-0000-0000-000000000000/'))
    return undefined;
  return {
    cause: 'placeholder',
    seen: `${key} is still the example's`,
    advice:
      "Put your tenant's own, from eGain's Admin Console: Partition, Integration, Client " +
      'Application, Metadata.',
  };
}

function formNotes(url: URL): string[] {
  return /\/conversation\/conversationmgr\/v3\/?$/.test(url.pathname)
    ? []
    : ['egain.apiUrl does not end in /conversation/conversationmgr/v3, as eGain documents it'];
}

async function reach(
  key: string,
  url: URL,
  deadline: Deadline,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Reached | Problem> {
  const proxy = proxyFor(url, environment);
  return proxy === undefined
    ? reachStraight(key, url, deadline)
    : reachByProxy(key, url, proxy, deadline);
}

/** Any answer shows that the way is open; what it says is for the checks that follow. */
async function reachByProxy(
  key: string,
  url: URL,
  proxy: URL,
  deadline: Deadline,
): Promise<Reached | Problem> {
  const { request } = url.protocol === 'https:' ? https : http;
  const way = `by the proxy ${proxy.host}`;
  try {
    await new Promise<void>((resolve, reject) => {
      const asked = request(url.origin, { method: 'HEAD', signal: deadline.signal }, (answer) => {
        answer.resume();
        resolve();
      });
      asked.once('error', reject).end();
    });
    return { seen: `${key}: ${url.host} answers, ${way}` };
  } catch (error) {
    const code = deadline.signal.aborted ? 'ETIMEDOUT' : (errorCode(error) ?? 'UNKNOWN');
    return proxyProblem(code, proxy, error) ?? unreachable(key, url, code);
  }
}

function proxyProblem(code: string, proxy: URL, error: unknown): Problem | undefined {
  if (code === 'ERR_PROXY_TUNNEL') {
    const status: unknown = error instanceof Error ? Reflect.get(error, 'statusCode') : undefined;
    return {
      cause: 'proxy-refused',
      seen: `the proxy ${proxy.host} does not open a way (${typeof status === 'number' ? status : code})`,
      advice:
        status === 407
          ? 'It wants a user and a password: HTTPS_PROXY=http://<user>:<password>@<host>:<port>.'
          : "Let it through to eGain's hosts, or name them in NO_PROXY where no proxy is needed.",
    };
  }
  if (!/^(?:ENOTFOUND|EAI_|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH)/.test(code)) return undefined;
  return {
    cause: 'proxy-unreachable',
    seen: `the proxy ${proxy.host} cannot be reached (${code})`,
    advice: 'Compare HTTPS_PROXY and HTTP_PROXY with what your network wants, or unset them.',
  };
}

async function reachStraight(
  key: string,
  url: URL,
  deadline: Deadline,
): Promise<Reached | Problem> {
  // The brackets of an IPv6 address belong to the URL, not to the name.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const secure = url.protocol === 'https:';
  const port = Number(url.port || (secure ? 443 : 80));
  try {
    await within(lookup(host), deadline);
  } catch (error) {
    return unreachable(
      key,
      url,
      deadline.signal.aborted ? 'ETIMEOUT' : (errorCode(error) ?? 'ENOTFOUND'),
    );
  }
  let socket: Socket | undefined;
  try {
    // RFC 6066 §3: no server name for an IP address.
    const servername = /^[\d.]+$|:/.test(host) ? '' : host;
    socket = secure ? connectTls({ host, port, servername }) : connectTcp({ host, port });
    await within(established(socket), deadline);
    const how = socket instanceof TLSSocket ? (socket.getProtocol() ?? 'TLS') : 'plain http';
    return { seen: `${key}: ${url.host} resolves and speaks ${how}` };
  } catch (error) {
    return unreachable(
      key,
      url,
      deadline.signal.aborted ? 'ETIMEDOUT' : (errorCode(error) ?? 'UNKNOWN'),
    );
  } finally {
    socket?.destroy();
  }
}

function established(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => resolve());
    // Stays on: a socket that is destroyed under way may report an error afterwards.
    socket.on('error', reject);
    socket.once('close', () => reject(Object.assign(new Error(), { code: 'ECONNRESET' })));
  });
}

/** Names the problem behind an error code of Node's resolver, sockets or OpenSSL. */
function unreachable(key: string, url: URL, code: string): Problem {
  const at = `${key}: ${url.host}`;
  if (/^(ENOTFOUND|EAI_|ENODATA|ETIMEOUT)/.test(code)) {
    const what = code === 'ETIMEOUT' ? 'did not resolve in time' : 'does not resolve';
    return {
      cause: 'dns',
      seen: `${at} ${what} (${code})`,
      advice: `Compare ${key} with eGain's Admin Console; if it is right, this machine's DNS lacks it.`,
    };
  }
  if (/ALTNAME_INVALID|HOSTNAME_MISMATCH/.test(code)) {
    return {
      cause: 'certificate-name',
      seen: `${at} shows a certificate that is good, but for another host name (${code})`,
      advice: `Is the host of ${key} right? Compare it with eGain's Admin Console.`,
    };
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/.test(code)) {
    return {
      cause: 'certificate',
      seen: `${at} shows a certificate that is not trusted (${code})`,
      advice:
        'Is a proxy in between that breaks TLS open? Then give its authority by ' +
        'NODE_EXTRA_CA_CERTS here; from AWS there is none in between. Else the host is not the right one.',
    };
  }
  if (/SSL|EPROTO|TLS/.test(code)) {
    return {
      cause: 'not-tls',
      seen: `${at} does not speak TLS (${code})`,
      advice: `Is the port of ${key} right? eGain's is 443, which needs not be named.`,
    };
  }
  const what = code === 'ETIMEDOUT' ? 'does not answer in time' : 'cannot be reached';
  return {
    cause: 'unreachable',
    seen: `${at} ${what} (${code})`,
    advice: `Does a firewall or a proxy let this machine out to ${url.host}? Is the host right?`,
  };
}
