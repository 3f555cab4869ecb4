import type { Account } from '../../lambda/egain/account.ts';
import {
  ConnectionFailed,
  type HttpAnswer,
  type HttpCall,
  type Send,
} from '../../lambda/platform/http-client.ts';
import { makeAccount } from './egain-world.ts';
import type { SimulatedProcess, SimulatedTime } from './simulated-time.ts';

export const PAGES = 3;
const PAGESIZE = 3;
const TOKEN_SECONDS = 90;

export type EgainFault =
  | 'away'
  | 'fails'
  | 'hangs'
  | 'makes no sense'
  | 'throttles'
  | 'refuses'
  | 'restricts';

const FAULT_ANSWERS: Readonly<Record<EgainFault, () => HttpAnswer | Error | undefined>> = {
  away: () => new ConnectionFailed('ECONNREFUSED'),
  fails: () => json(500, { code: '500-100' }),
  hangs: () => undefined,
  'makes no sense': () => json(200, { account: null }),
  throttles: () => json(429, {}, { 'retry-after': '7' }),
  refuses: () => json(401, {}),
  restricts: () => json(403, {}),
};

export interface SimulatedEgainOptions {
  readonly time: SimulatedTime;
  /** How long a request takes, there and back. */
  readonly roundTripMs: number;
  /** What is wrong with the API at this moment. */
  readonly fault: () => EgainFault | undefined;
  /** Which of its contents it has at this moment, from 0. */
  readonly version: () => number;
  readonly onCall: (of: 'page' | 'token') => void;
}

/** eGain's API and its token endpoint, as the process of one container reaches them. */
export function connectEgain(options: SimulatedEgainOptions, process: SimulatedProcess): Send {
  const { time, roundTripMs, fault, version, onCall } = options;
  let granted = 0;
  /** The content of the container's walk: of lists that change while they are walked, others tell. */
  let walked = 0;

  const grantToken = (): HttpAnswer => {
    onCall('token');
    granted += 1;
    return json(200, { access_token: `token-${granted}`, expires_in: TOKEN_SECONDS });
  };

  /** Undefined where there never is an answer. */
  const givePage = (url: URL): HttpAnswer | Error | undefined => {
    onCall('page');
    const pagenum = url.searchParams.get('$pagenum');
    if (pagenum === null) walked = version();
    const kind = fault();
    return kind === undefined
      ? json(200, pageOf(walked, Number(pagenum ?? 1)))
      : FAULT_ANSWERS[kind]();
  };

  const answer = ({ method, url }: HttpCall) =>
    method === 'POST' ? grantToken() : givePage(new URL(url));

  return (request, { deadline: { signal } }) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      // What is on its way arrives, whatever becomes of the process.
      time.after(roundTripMs / 2, () => {
        const answered = answer(request);
        process.clock.after(roundTripMs / 2, () => {
          if (answered instanceof Error) reject(answered);
          else if (answered !== undefined) resolve(answered);
        });
      });
    });
}

function json(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  return { status, headers, text: JSON.stringify(body) };
}

/** A content's accounts, each of which says which content it is of: three pages of them. */
export function contentOf(version: number): Account[] {
  const length = (PAGES - 1) * PAGESIZE + 1 + (version % 2);
  return Array.from({ length }, (_, index) => makeAccount(index, { name: `version ${version}` }));
}

function pageOf(version: number, pagenum: number): unknown {
  const accounts = contentOf(version);
  return {
    paginationInfo: { count: accounts.length, pagenum, pagesize: PAGESIZE },
    account: accounts.slice((pagenum - 1) * PAGESIZE, pagenum * PAGESIZE),
  };
}

/** The content that these accounts are of, if all of them are of one. */
export function versionOf(accounts: readonly unknown[]): number | undefined {
  const names = new Set(accounts.map((account) => (account as { name?: string }).name ?? ''));
  const [name = ''] = names;
  const version = Number(/^version (\d+)$/.exec(name)?.[1] ?? Number.NaN);
  return names.size === 1 && Number.isInteger(version) ? version : undefined;
}
