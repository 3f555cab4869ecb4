/**
 * Real processes of ApiFunction's bundle share a table and an eGain whose accounts keep changing.
 * They are killed at random, some while they walk or write, and what partners got is held to the
 * contract.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SCOPES } from '../../lambda/accounts/fields.ts';
import type { Account } from '../../lambda/egain/account.ts';
import { type Container, startContainer } from '../../sandbox/aws/container.ts';
import { randomFrom } from '../../sandbox/egain/example-accounts.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { apiEvent } from '../support/api-events.ts';

const CONTAINERS = 6;
const KILLING_MS = 8000;
const FRESH_MS = 2000;
/** So slow that many containers are killed during a walk. */
const EGAIN_LATENCY_MS = 100;
const GENERATION_MS = 700;
/** How long the lock of a killed container keeps the others from renewing. */
const LOCK_MS = 10_000;
/** How long a container goes on alone after the table has failed it. */
const ALONE_MS = 10_000;
/** Headers have whole seconds, and a clock is read before or after what it measures. */
const ROUNDING_MS = 2000;

/** An answer of one process. Times are milliseconds since the epoch. */
interface Observation {
  readonly container: number;
  readonly askedAt: number;
  readonly answeredAt: number;
  readonly status: number;
  readonly code: string | undefined;
  /** The generation that the list holds whole; undefined for a torn list or an error. */
  readonly generation: number | undefined;
  readonly ageMs: number;
  readonly version: string | undefined;
}

const seed = Date.now() % 1_000_000;
const observations: Observation[] = [];
/** When each generation of eGain's accounts began. */
const generations: number[] = [];
const walks: number[] = [];
const containers: Container[] = [];
const crashes: unknown[] = [];
let startedAt: number;
let calmAt: number;
let kills = 0;
let tableFailures = 0;
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({
    egain: { latencyMs: EGAIN_LATENCY_MS, accounts: [], onWalk: () => walks.push(Date.now()) },
    configure: (config) => ({
      ...config,
      cache: { ...config.cache, freshSeconds: FRESH_MS / 1000 },
    }),
  });
  nextGeneration();
  const changing = setInterval(nextGeneration, GENERATION_MS);
  const over = new AbortController();
  startedAt = Date.now();
  const filling = Promise.all(
    Array.from({ length: CONTAINERS }, (_, place) => fill(place, over.signal)),
  );
  await killAtRandom(startedAt + KILLING_MS);
  calmAt = Date.now();
  await delay(LOCK_MS + 4 * FRESH_MS);
  over.abort();
  clearInterval(changing);
  await filling;
}, 120_000);

afterAll(() => sandbox.stop());

const lists = () => observations.filter(({ status }) => status === 200);
const beganAt = (generation: number) => generations[generation] ?? Number.POSITIVE_INFINITY;

it(`partners get whole lists and no fault of the product (seed ${seed})`, () => {
  expect(kills).toBeGreaterThan(0);
  expect(crashes).toEqual([]);
  expect(lists().length).toBeGreaterThan(CONTAINERS);
  expect(lists().filter(({ generation }) => generation === undefined)).toEqual([]);
  expect(observations.filter(({ code }) => code === '500-901')).toEqual([]);
});

it('no container goes back to an older list', () => {
  const newest = new Map<number, number>();
  const back = lists().filter(({ container, generation = 0 }) => {
    const before = newest.get(container) ?? generation;
    newest.set(container, Math.max(before, generation));
    return generation < before;
  });

  expect(back).toEqual([]);
});

it('every list was current at some time between its age and its answer', () => {
  const untrue = lists().filter(
    ({ generation = 0, askedAt, answeredAt, ageMs }) =>
      beganAt(generation) > answeredAt || beganAt(generation + 1) < askedAt - ageMs - ROUNDING_MS,
  );

  expect(untrue).toEqual([]);
});

it('each generation has one Accounts-Version, unlike all others', () => {
  const pairs = new Set(lists().map(({ generation, version }) => `${generation} ${version}`));

  expect(new Set(lists().map(({ generation }) => generation)).size).toBe(pairs.size);
  expect(new Set(lists().map(({ version }) => version)).size).toBe(pairs.size);
});

it('eGain sees one walk a period, and one more for each kill or container left alone', () => {
  const periods = Math.ceil(((walks.at(-1) ?? startedAt) - startedAt) / FRESH_MS);
  const alone = tableFailures * (Math.ceil(ALONE_MS / FRESH_MS) + 1);

  expect(walks.length).toBeLessThanOrEqual(periods + 1 + kills + alone);
  expect(sandbox.egain?.calls.token).toBeLessThanOrEqual(1 + kills + tableFailures);
});

it("two periods after the last kill and its lock's end, every answer is fresh", () => {
  const after = observations.filter(({ askedAt }) => askedAt >= calmAt + LOCK_MS + 2 * FRESH_MS);
  const old = after.filter(
    ({ status, generation = 0, askedAt }) =>
      status !== 200 || beganAt(generation + 1) <= askedAt - 2 * FRESH_MS - ROUNDING_MS,
  );

  expect(after).not.toEqual([]);
  expect(old).toEqual([]);
});

/** Asks the container of one place again and again, and starts another when it has ended. */
async function fill(place: number, over: AbortSignal): Promise<void> {
  const { spec } = sandbox.functionNamed('ApiFunction');
  const below = belowFrom(seed + 1 + place);
  const event = apiEvent({
    query: 'pagesize=500',
    authorizer: { partner: 'acme', scopes: SCOPES.join(' ') },
  });
  for (let life = 0; !over.aborted; life += 1) {
    const container = startContainer(spec, {
      freezes: true,
      onLog: (line) => {
        tableFailures += line.split('"SharedTableFailures":').length - 1;
      },
    });
    containers[place] = container;
    while (!over.aborted) {
      const askedAt = Date.now();
      const result = await container.invoke(event);
      if (!result.ok) {
        if (!result.error.errorMessage.includes('SIGKILL')) crashes.push(result.error);
        break;
      }
      const times = { askedAt, answeredAt: Date.now() };
      observations.push({
        container: life * CONTAINERS + place,
        ...times,
        ...seen(result.payload),
      });
      await delay(20 + below(120));
    }
    await container.kill();
  }
}

async function killAtRandom(until: number): Promise<void> {
  const below = belowFrom(seed);
  while (Date.now() < until) {
    await delay(200 + below(1500));
    // Mostly one; now and then all of them, so that no memory is left.
    const first = below(CONTAINERS);
    const victims = below(8) === 0 ? containers : containers.slice(first, first + 1);
    kills += victims.length;
    await Promise.all(victims.map((victim) => victim.kill()));
  }
}

/** Whole numbers from 0 up to, not including, a given one. */
function belowFrom(seedOfSequence: number): (end: number) => number {
  const random = randomFrom(seedOfSequence);
  return (end) => random() % end;
}

function nextGeneration(): void {
  const number = generations.length;
  // A page size of its own, unlike that of the last fifty, shows which generation a walk is over.
  sandbox.egain?.setAccounts(accountsOf(number), 10 + (number % 50));
  generations.push(Date.now());
}

/** No two generations have the same accounts, though most ids are in both of two neighbours. */
function accountsOf(generation: number): Account[] {
  return Array.from({ length: 60 + ((generation * 7) % 40) }, (_, index) => ({
    id: `id-${index}`,
    name: `account ${index}`,
    description: `generation ${generation}`,
    address: '+15550100',
    channel: { id: `channel-${index % 3}` },
    chatConfigurations: { orchestration: { id: 'o-1' }, entryPoint: { id: '1001' } },
  }));
}

/** What the function's answer shows. */
function seen(payload: unknown): Omit<Observation, 'container' | 'askedAt' | 'answeredAt'> {
  const { statusCode, headers, body } = payload as {
    readonly statusCode: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  };
  const { account, code } = JSON.parse(body) as { account?: Account[]; code?: string };
  return {
    status: statusCode,
    code,
    generation: account && wholeGenerationIn(account),
    ageMs: Number(headers['Age'] ?? 0) * 1000,
    version: headers['Accounts-Version'],
  };
}

/** The number of the one generation that a list holds whole; undefined when it is torn. */
function wholeGenerationIn(list: readonly Account[]): number | undefined {
  const number = Number(/^generation (\d+)$/.exec(list[0]?.description ?? '')?.[1]);
  return rowsOf(list) === rowsOf(accountsOf(number || 0)) ? number : undefined;
}

const rowsOf = (accounts: readonly Account[]): string =>
  accounts
    .map(({ id, description }) => `${id} ${description}`)
    .toSorted()
    .join();
