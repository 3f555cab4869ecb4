import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { exampleAccounts } from '../sandbox/egain/example-accounts.ts';
import { startChild } from './child.ts';
import { type Section, show, table } from './figures.ts';
import type { World } from './functions.ts';

const CONNECTIONS = [1, 10, 50] as const;
const LATENCY_MS = 50;
const SECONDS = 5;
const AUTOCANNON = fileURLToPath(import.meta.resolve('autocannon'));

/** Something that partners send requests to. */
interface Server {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly stop: () => Promise<void>;
}

/** What autocannon prints as JSON, as far as it is read here. */
interface Result {
  readonly '2xx': number;
  readonly non2xx: number;
  readonly errors: number;
  /** Seconds. */
  readonly duration: number;
  readonly latency: { readonly p50: number; readonly p99: number };
}

/** Partners' requests over loopback, to the sandbox and to two proxies of the usual parts. */
export async function measureLoad(world: World): Promise<Section> {
  const { sandbox, egain } = world;
  egain.setAccounts(exampleAccounts(1000), 25);
  await sandbox.forget();
  const servers = await startServers(world);
  egain.setMode({ latencyMs: LATENCY_MS });
  const rows: string[][] = [];
  try {
    for (const connections of CONNECTIONS) {
      let oursPerSecond = Number.NaN;
      for (const server of servers) {
        const callsBefore = egain.calls.accounts;
        const { duration, latency, '2xx': answers } = await load(server, connections);
        const perSecond = answers / duration;
        if (server === servers[0]) oursPerSecond = perSecond;
        rows.push([
          `${connections}, ${server.name}`,
          show(perSecond),
          show(oursPerSecond / perSecond),
          show(latency.p50),
          show(latency.p99),
          show((egain.calls.accounts - callsBefore) / answers),
        ]);
      }
    }
  } finally {
    egain.setMode({});
    await Promise.all(servers.map(({ stop }) => stop()));
  }
  const head = ['connections, server', 'requests/s', 'ours against it', 'p50, ms', 'p99, ms'];
  return {
    text: [
      `1,000 accounts, eGain at ${LATENCY_MS} ms a page of 25, ${SECONDS} s each. Ours is ApiFunction, one container, behind the sandbox's gateway with its authorizer and usage plan; the peers check no token. Express lists all pages for each request, as the common way does; Fastify passes on eGain's first page as it is.`,
      table([...head, 'page calls a request'], rows),
    ].join('\n\n'),
    held: [],
  };
}

async function startServers({ sandbox, egain }: World): Promise<Server[]> {
  const environment = {
    EGAIN_API_URL: egain.apiUrl,
    EGAIN_TOKEN_URL: egain.tokenUrl,
    EGAIN_SCOPE: egain.scope,
    EGAIN_CLIENT_ID: egain.credentials.clientId,
    EGAIN_CLIENT_SECRET: egain.credentials.clientSecret,
  };
  const peer = async (name: string, module: string): Promise<Server> => {
    const { report: port, stop } = await startChild<number>(module, environment);
    return { name, url: `http://127.0.0.1:${port}/accounts?pagesize=100`, headers: {}, stop };
  };
  return [
    {
      name: 'ApiFunction in the sandbox',
      url: `${sandbox.accountsUrl}?pagesize=100`,
      headers: { authorization: `Bearer ${await sandbox.token('basic')}` },
      stop: async () => undefined,
    },
    await peer('Express + axios + simple-oauth2', 'peers/express.ts'),
    await peer('Fastify + reply-from', 'peers/fastify.ts'),
  ];
}

/** @throws Error when a request gets no answer, or one that is not 2xx */
async function load({ name, url, headers }: Server, connections: number): Promise<Result> {
  const options = { connections, duration: SECONDS, timeout: 60 };
  const { stdout } = await promisify(execFile)(process.execPath, [
    AUTOCANNON,
    '--json',
    ...Object.entries(options).flatMap(([key, value]) => [`--${key}`, String(value)]),
    ...Object.entries(headers).flatMap(([key, value]) => ['--headers', `${key}=${value}`]),
    url,
  ]);
  const result = JSON.parse(stdout) as Result;
  if (result.non2xx + result.errors > 0) throw new Error(`${name} did not answer every request`);
  return result;
}
