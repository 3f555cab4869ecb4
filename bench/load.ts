import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { exampleAccounts } from '../sandbox/egain/example-accounts.ts';
import { startChild } from './child.ts';
import { type Section, show } from './figures.ts';
import type { World } from './functions.ts';

const CONNECTIONS = [1, 10, 50] as const;
const LATENCY_MS = 50;
const SECONDS = 5;
const AUTOCANNON = fileURLToPath(import.meta.resolve('autocannon'));

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
export async function measureLoad({ sandbox, egain }: World): Promise<Section> {
  egain.setAccounts(exampleAccounts(1000), 25);
  await sandbox.forget();
  const environment = {
    EGAIN_API_URL: egain.apiUrl,
    EGAIN_TOKEN_URL: egain.tokenUrl,
    EGAIN_SCOPE: egain.scope,
    EGAIN_CLIENT_ID: egain.credentials.clientId,
    EGAIN_CLIENT_SECRET: egain.credentials.clientSecret,
  };
  const express = await startChild<number>('peers/express.ts', environment);
  const fastify = await startChild<number>('peers/fastify.ts', environment);
  const servers = {
    'ApiFunction in the sandbox': sandbox.accountsUrl,
    'Express + axios + simple-oauth2': `http://127.0.0.1:${express.report}/accounts`,
    'Fastify + reply-from': `http://127.0.0.1:${fastify.report}/accounts`,
  };
  egain.setMode({ latencyMs: LATENCY_MS });
  const rows: string[][] = [];
  try {
    for (const connections of CONNECTIONS) {
      let ours: number | undefined;
      for (const [name, url] of Object.entries(servers)) {
        const callsBefore = egain.calls.accounts;
        const {
          duration,
          latency,
          '2xx': answers,
        } = await load(`${url}?pagesize=100`, await sandbox.token('basic'), connections);
        const perSecond = answers / duration;
        ours ??= perSecond;
        rows.push([
          `${connections}, ${name}`,
          show(perSecond),
          show(ours / perSecond),
          show(latency.p50),
          show(latency.p99),
          show((egain.calls.accounts - callsBefore) / answers),
        ]);
      }
    }
  } finally {
    egain.setMode({});
    await Promise.all([express.stop(), fastify.stop()]);
  }
  return {
    about: `1,000 accounts, eGain at ${LATENCY_MS} ms a page of 25, ${SECONDS} s each. Ours is ApiFunction, one container, behind the sandbox's gateway with its authorizer and usage plan; the peers check no token. Express lists all pages for each request, as the common way does; Fastify passes on eGain's first page as it is.`,
    head: [
      'connections, server',
      'requests/s',
      'ours against it',
      'p50, ms',
      'p99, ms',
      'page calls a request',
    ],
    rows,
    held: [],
  };
}

/** @throws Error when a request gets no answer, or one that is not 2xx */
async function load(url: string, token: string, connections: number): Promise<Result> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      [AUTOCANNON, '--json', '--timeout', '60', '--duration', String(SECONDS)],
      ['--connections', String(connections), '--headers', `authorization=Bearer ${token}`, url],
    ].flat(),
  );
  const result = JSON.parse(stdout) as Result;
  if (result.non2xx + result.errors > 0) throw new Error(`${url} did not answer every request`);
  return result;
}
