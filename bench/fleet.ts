import type { Upstream } from '../lambda/egain/send.ts';
import { createTokenShelf, createTokenSource, type TokenSource } from '../lambda/egain/token.ts';
import type { Deadline } from '../lambda/platform/deadline.ts';
import { type GuardedTable, guardTable, sharedKeys } from '../lambda/platform/table.ts';
import type { RenewableStore } from '../lambda/snapshot/snapshots.ts';
import { createSnapshots } from '../lambda/snapshot/snapshots.ts';
import { randomFrom } from '../sandbox/egain/random.ts';
import { createMemoryTable } from '../test/support/memory-table.ts';
import {
  createProcess,
  createSimulatedTime,
  type SimulatedTime,
} from '../test/support/simulated-time.ts';
import { type Section, show, table } from './statistics.ts';

const DURATION_MS = 3_600_000;
const CONTAINERS = [1, 10, 50, 200] as const;
const PER_SECOND = [0.1, 1, 10, 100] as const;
/** 1,000 accounts of 75 a page. */
const PAGES = 14;
const PAGE_MS = 50;
const FRESH_SECONDS = 30;
const TOKEN_SECONDS = 3600;
const MOST_PAGES = 30;
const MOST_TOKENS = 0.1;

interface Calls {
  tokens: number;
  pages: number;
}

/** An hour of many containers in simulated time, and what eGain sees of them. */
export async function measureFleet(): Promise<Section> {
  const rows: string[][] = [];
  let most: Calls = { tokens: 0, pages: 0 };
  for (const perSecond of PER_SECOND) {
    for (const containers of CONTAINERS) {
      const shared = await simulate(containers, perSecond, true);
      const alone = await simulate(containers, perSecond, false);
      most = {
        tokens: Math.max(most.tokens, shared.tokens),
        pages: Math.max(most.pages, shared.pages),
      };
      rows.push([
        show(perSecond),
        String(containers),
        show(shared.tokens),
        show(shared.pages),
        show(alone.tokens),
        show(alone.pages),
        show(perSecond * 60 * PAGES),
      ]);
    }
  }
  const head = ['requests/s', 'containers', 'token calls/min', 'page calls/min'];
  return {
    text: [
      `A simulated hour, ${PAGES} pages a walk, four of them at once at ${PAGE_MS} ms, ${FRESH_SECONDS} s of freshness, tokens of ${TOKEN_SECONDS} s. The product's own: the snapshot store with its lease, the table's guard and the token source, with the clock given to them. Modelled: a table in memory that answers in 5 ms; Poisson traffic, spread over the containers by chance, which is the worst case for a cache in each (Lambda prefers the one used last); containers that live all the time and start empty. A request that a fresh snapshot answers calls nobody, so only the others are simulated: in Poisson traffic, the wait for the next one from any moment on is exponential. Without the snapshot every request walks.`,
      table(
        [
          ...head,
          'token calls/min, cache.shared: false',
          'page calls/min',
          'no snapshot, pages/min',
        ],
        rows,
      ),
    ].join('\n\n'),
    targets: [
      {
        what: 'page calls a minute, 1 to 200 containers, 0.1 to 100 requests a second',
        target: `≤ ${MOST_PAGES}, whatever the row`,
        measured: `at most ${show(most.pages)}`,
        met: most.pages <= MOST_PAGES,
      },
      {
        what: 'token calls a minute in the same',
        target: `≤ ${MOST_TOKENS}`,
        measured: `at most ${show(most.tokens)}`,
        met: most.tokens <= MOST_TOKENS,
      },
    ],
  };
}

const telemetry = { info() {}, warn() {}, error() {}, count() {} };
const keys = sharedKeys({ apiUrl: '', tokenUrl: '', scope: '', secretArn: '' });

/** Calls a minute. */
async function simulate(containers: number, perSecond: number, shared: boolean): Promise<Calls> {
  const random = randomFrom(containers * 1000 + perSecond);
  const time = createSimulatedTime();
  const end = time.now + DURATION_MS;
  const items = shared ? slowTable(time) : undefined;
  const calls: Calls = { tokens: 0, pages: 0 };
  const meanMs = (1000 * containers) / perSecond;
  const nextMs = () => -Math.log(1 - random() / 2 ** 32) * meanMs;

  for (let index = 0; index < containers; index += 1) {
    const container = createContainer(time, items, calls);
    const request = async () => {
      const { freshSecondsLeft } = await container.request();
      // Until then it would be answered from memory.
      time.after(freshSecondsLeft * 1000 + nextMs(), () => void request());
    };
    time.after(nextMs(), () => void request());
  }
  await time.run(end);
  const minutes = DURATION_MS / 60_000;
  return { tokens: calls.tokens / minutes, pages: calls.pages / minutes };
}

/** A table in memory, and the time that a real one takes. */
function slowTable(time: SimulatedTime): GuardedTable {
  const bare = createMemoryTable();
  const { clock } = createProcess(time, 0);
  const later = <T>(work: () => Promise<T>): Promise<T> =>
    new Promise((resolve) => {
      time.after(5, () => resolve(work()));
    });
  return guardTable(
    {
      read: (key, signal) => later(() => bare.read(key, signal)),
      replace: (key, item, seen, signal) => later(() => bare.replace(key, item, seen, signal)),
      readBytes: (names, signal) => later(() => bare.readBytes(names, signal)),
      writeBytes: (key, bytes, at, signal) => later(() => bare.writeBytes(key, bytes, at, signal)),
    },
    clock,
    telemetry,
  );
}

/** A container's store and token source, in time that only the simulation moves. */
function createContainer(time: SimulatedTime, items: GuardedTable | undefined, calls: Calls) {
  const { clock } = createProcess(time, 0);
  const tokens = createTokens(clock, items, calls);
  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      clock.after(ms, resolve);
    });
  const deadline: Deadline = {
    at: Number.POSITIVE_INFINITY,
    clock,
    signal: new AbortController().signal,
    remaining: () => 25_000,
    dispose() {},
  };
  const store: RenewableStore = createSnapshots({
    clock,
    telemetry,
    table: items,
    keys,
    config: { freshSeconds: FRESH_SECONDS, staleSeconds: 600 },
    async fetchAccounts() {
      await tokens.get(deadline);
      calls.pages += PAGES;
      await pause(Math.ceil(PAGES / 4) * PAGE_MS);
      return [];
    },
  });
  return { request: () => store.get(deadline) };
}

function createTokens(
  clock: Parameters<typeof createTokenShelf>[2],
  items: GuardedTable | undefined,
  calls: Calls,
): TokenSource {
  const credentials = { clientId: 'client', clientSecret: 'secret', version: '1' };
  const answer = JSON.stringify({ access_token: 'token', expires_in: TOKEN_SECONDS });
  const upstream: Upstream = {
    async send() {
      calls.tokens += 1;
      const headers = { get: () => null };
      return {
        result: { kind: 'response', status: 200, headers, text: answer },
        waitTooLong: false,
      };
    },
  };
  return createTokenSource({
    clock,
    telemetry,
    endpoint: {
      tokenUrl: 'https://login.example.com/token',
      scope: 'scope',
      clientAuthentication: 'body',
    },
    credentials: { get: async () => credentials, reread: async () => credentials },
    shelf: items && createTokenShelf(items, keys.token, clock),
    upstream,
  });
}
