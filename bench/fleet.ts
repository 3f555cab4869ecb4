import { createSnapshots } from '../lambda/accounts/snapshots.ts';
import { createTokenSource, type TokenSource } from '../lambda/egain/credentials/token-source.ts';
import type { Upstream } from '../lambda/egain/transport/upstream.ts';
import type { Clock } from '../lambda/platform/clock.ts';
import type { Deadline } from '../lambda/platform/deadline.ts';
import { sharedKeys } from '../lambda/platform/table/shared-keys.ts';
import { randomFrom } from '../sandbox/egain/random.ts';
import { type Section, show, table } from './statistics.ts';

const DAY_MS = 86_400_000;
const CONTAINERS = [1, 10, 50, 200] as const;
const PER_SECOND = [0.1, 1, 10, 100] as const;
/** 1,000 accounts at eGain's default page size. */
const PAGES = 40;
const FRESH_SECONDS = 30;
const TOKEN_SECONDS = 3600;

interface Calls {
  tokens: number;
  pages: number;
}

/** A day of many containers in simulated time, and what eGain sees of it. */
export async function measureFleet(): Promise<Section> {
  const rows: string[][] = [];
  for (const perSecond of PER_SECOND) {
    for (const containers of CONTAINERS) {
      const day = await simulateDay(containers, perSecond);
      const without = perSecond * 60 * PAGES;
      const pages = perMinute(day.pages);
      rows.push([
        show(perSecond),
        String(containers),
        show(perMinute(day.tokens)),
        show(pages),
        show(without),
        show(without / pages),
      ]);
    }
  }
  const head = ['requests/s', 'containers', 'token calls/min', 'page calls/min'];
  return {
    text: [
      `A simulated day, ${PAGES} pages a walk, ${FRESH_SECONDS} s of freshness, tokens of ${TOKEN_SECONDS} s. The product's own: the snapshot store (what is fresh, who walks) and the token source (what is renewed, and when), with the clock given to them. Modelled: Poisson traffic, spread over the containers by chance, which is the worst case for a cache in each (Lambda prefers the one used last); containers that live all day and start empty; a walk and a grant that take no time and do not fail. A request that a fresh snapshot answers calls nobody, so only the others are simulated: in Poisson traffic, the wait for the next one from any moment on is exponential. Without the snapshot every request walks; tokens are then renewed at the first page after their time, so at the same rate within a request's wait.`,
      table([...head, 'without the snapshot, pages/min', 'times fewer'], rows),
    ].join('\n\n'),
    targets: [],
  };
}

async function simulateDay(containers: number, perSecond: number): Promise<Calls> {
  const random = randomFrom(containers * 1000 + perSecond);
  const calls: Calls = { tokens: 0, pages: 0 };
  const meanMs = (1000 * containers) / perSecond;
  for (let index = 0; index < containers; index += 1) {
    const time = { now: 0 };
    const container = createContainer(time, calls);
    const nextRequest = () => -Math.log(1 - random() / 2 ** 32) * meanMs;
    for (time.now = nextRequest(); time.now < DAY_MS; time.now += nextRequest()) {
      const { state, freshMs } = await container.request();
      if (state === 'hit') throw new Error('the simulation skips hits and met one');
      time.now += freshMs;
    }
  }
  return calls;
}

/** A container's store and token source, on a clock that only the simulation moves. */
function createContainer(time: { readonly now: number }, calls: Calls) {
  const clock: Clock = { now: () => time.now, after: () => () => undefined };
  const telemetry = { info() {}, warn() {}, error() {}, count() {} };
  const deadline: Deadline = {
    at: Number.POSITIVE_INFINITY,
    signal: new AbortController().signal,
    remaining: () => 25_000,
    dispose() {},
  };
  const tokens = createTokens(clock, calls);
  const store = createSnapshots({
    clock,
    telemetry,
    config: { freshSeconds: FRESH_SECONDS, staleSeconds: 600 },
    table: undefined,
    keys: sharedKeys({ apiUrl: '', tokenUrl: '', scope: '', secretArn: '' }),
    async fetchAccounts() {
      await tokens.get(deadline);
      calls.pages += PAGES;
      return [];
    },
  });
  return {
    async request() {
      const { state } = await store.get(deadline);
      return { state, freshMs: FRESH_SECONDS * 1000 };
    },
  };
}

function createTokens(clock: Clock, calls: Calls): TokenSource {
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
    telemetry: { info() {}, warn() {}, error() {}, count() {} },
    endpoint: {
      tokenUrl: 'https://login.example.com/token',
      scope: 'scope',
      clientAuthentication: 'body',
    },
    credentials: { get: async () => credentials, reread: async () => credentials },
    upstream,
  });
}

const perMinute = (calls: number): number => calls / (DAY_MS / 60_000);
