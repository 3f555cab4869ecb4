import { beforeEach, describe, expect, test } from 'vitest';
import { type CallBudget, createCallBudget } from '../../../lambda/egain/call-budget.ts';
import { createDeadline, type Deadline } from '../../../lambda/platform/deadline.ts';
import { total } from '../../../lambda/platform/metrics.ts';
import { guardTable, type Table, TableAway } from '../../../lambda/platform/table.ts';
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts';
import { createMemoryTable, type MemoryTable } from '../../support/memory-table.ts';
import { captureLog } from '../../support/telemetry.ts';

const KEY = 'calls';
const START = Date.UTC(2026, 0, 1);
const SECOND = START / 1000;
/** A minute, and what clocks, slots and connections may blur. */
const WINDOW = 76_000;

let clock: ManualClock;
let table: MemoryTable;
let budget: CallBudget;

beforeEach(() => {
  captureLog();
  clock = createManualClock(START);
  table = createMemoryTable();
  budget = container();
});

/** One container's view of three calls a minute. */
const container = (seen: Partial<Table> = {}): CallBudget =>
  createCallBudget({
    callsPerMinute: 3,
    table: { ...guardTable(table, clock), ...seen },
    key: KEY,
    clock,
  });

/** The deadline of a caller who has so much left. */
const withLeft = (ms: number, patienceMs?: number): Deadline => ({
  ...createDeadline(ms + 1000, { clock, longestMs: Number.POSITIVE_INFINITY }),
  ...(patienceMs !== undefined && { patienceMs }),
});
const soon = () => withLeft(10_000);

async function take(times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) await budget.take(soon());
}

const noted = (): unknown => JSON.parse(table.items.get(KEY)?.body ?? '[]');
const put = (body: string, version = 1) => table.items.set(KEY, { version, body, expiresAt: 0 });
/** Lets everything happen that needs no time. */
const atOnce = () => new Promise(setImmediate);

describe('a call', () => {
  test('is noted by its second before it is made, beside those before', async () => {
    await take(2);
    clock.advance(999);
    await take(1);
    expect(noted()).toEqual([[SECOND, 3]]);

    clock.advance(WINDOW + 1);
    await take(1);

    expect(noted()).toEqual([[SECOND + 77, 1]]);
    expect(table.items.get(KEY)?.expiresAt).toBe(clock.now() + 3_600_000);
    expect(total('CallsDeferred')).toBe(0);
  });

  test('is noted in the order of time and under a later version, though another clock is ahead', async () => {
    put(`[[${SECOND + 3},1]]`, START + 7);

    await take(1);

    expect(table.items.get(KEY)?.version).toBe(START + 8);
    expect(noted()).toEqual([
      [SECOND, 1],
      [SECOND + 3, 1],
    ]);
  });
});

test.each([
  ['is empty', { body: '' }],
  ['is no list', { body: '{}' }],
  ['holds texts', { body: '[["1",2]]' }],
  ['takes calls back', { body: `[[${SECOND},-3]]` }],
  ['is of a time to come', { body: `[[${SECOND + 600},1]]` }],
  ['has no version', { body: `[[${SECOND},1]]`, version: undefined }],
])('a count that %s is full until calls of now would count no more', async (_, item) => {
  table.items.set(KEY, { version: 1, expiresAt: 0, ...item });

  await expect(budget.take(soon())).rejects.toMatchObject({ retryAfterSeconds: 77 });
  clock.advance(WINDOW + 999);
  await expect(budget.take(withLeft(0.5))).rejects.toMatchObject({ name: 'BudgetSpent' });
  clock.advance(1);
  await take(1);

  expect(noted()).toEqual([[SECOND + 77, 1]]);
});

test('no call is noted for a caller who has no time', async () => {
  await expect(budget.take(withLeft(0))).rejects.toMatchObject({ code: '504-901' });

  expect(table.items.size).toBe(0);
});

describe('a call past the budget', () => {
  test.each<[number, number | undefined]>([
    [77_000, undefined],
    [200_000, 77_000],
  ])('is refused to a caller with %i ms who waits %s ms for the first byte', async (...left) => {
    await take(3);

    await expect(budget.take(withLeft(...left))).rejects.toMatchObject({
      name: 'BudgetSpent',
      code: '503-901',
      retryAfterSeconds: 77,
      reason: 'the budget of calls is spent: the caller cannot wait for 1 more',
    });
    expect(total('CallsDeferred')).toBe(1);
    expect(noted()).toEqual([[SECOND, 3]]);
  });

  test.each<[number, number | undefined]>([
    [77_001, undefined],
    [200_000, 77_001],
  ])('waits for a caller with %i ms who waits %s ms for the first byte', async (...left) => {
    await take(3);

    const taken = budget.take(withLeft(...left));
    await atOnce();
    clock.advance(76_999);
    await atOnce();
    expect(noted()).toEqual([[SECOND, 3]]);
    clock.advance(1);

    await expect(taken).resolves.toBeUndefined();
    expect(noted()).toEqual([[SECOND + 77, 1]]);
    expect(total('CallsDeferred')).toBe(1);
  });

  test('waits behind the calls before it, but not behind a refused one', async () => {
    await take(3);

    const order: string[] = [];
    const refused = budget.take(soon()).catch(() => order.push('refused'));
    const first = budget.take(withLeft(200_000)).then(() => order.push('first'));
    const second = budget.take(withLeft(200_000)).then(() => order.push('second'));
    await atOnce();
    clock.advance(77_000);
    await Promise.all([refused, first, second]);

    expect(order).toEqual(['refused', 'first', 'second']);
  });
});

describe('containers that share the table', () => {
  test('make no more calls together than one may', async () => {
    const other = container();

    const taken = await Promise.allSettled(
      [budget, other, budget, other].map((each) => each.take(withLeft(1000))),
    );

    expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(noted()).toEqual([[SECOND, 3]]);
  });

  test('learn of each other’s calls after they have waited', async () => {
    await take(3);
    const waiting = budget.take(withLeft(100_000));
    await atOnce();
    clock.advance(50_000);
    put(`[[${SECOND},3],[${SECOND + 50},3]]`, START + 50_000);

    clock.advance(27_000);

    await expect(waiting).rejects.toMatchObject({ name: 'BudgetSpent', retryAfterSeconds: 50 });
  });

  test.each([
    [1000, SECOND],
    [1001, SECOND + 1],
  ])('note in second %i a call whose reservation took %i ms', async (ms, second) => {
    const guarded = guardTable(table, clock);
    let late = ms;
    const frozen = container({
      async replace(...all) {
        clock.advance(late);
        late = 0;
        return guarded.replace(...all);
      },
    });

    await frozen.take(soon());

    expect(noted()).toEqual([[second, 1]]);
  });
});

const away = () => Promise.reject(new TableAway('away'));

describe('without the table', () => {
  test.each(['read', 'replace'] as const)(
    'each container keeps the whole budget by itself: %s fails',
    async (verb) => {
      const alone = [container({ [verb]: away }), container({ [verb]: away })];

      for (const each of alone) {
        for (let call = 0; call < 3; call += 1) await each.take(soon());
        await expect(each.take(soon())).rejects.toMatchObject({ retryAfterSeconds: 77 });
      }
      clock.advance(WINDOW + 1000);
      await alone[0]?.take(soon());

      expect(table.items.size).toBe(0);
    },
  );

  test('what a container noted before counts on, and what it notes alone counts later', async () => {
    let isAway = false;
    const sometimes = container({
      read: (key) => (isAway ? away() : table.read(key)),
    });
    await sometimes.take(soon());
    await take(1);
    isAway = true;
    clock.advance(1000);
    await sometimes.reserve(2, soon());
    await sometimes.take(soon());
    await sometimes.release();
    isAway = false;

    await expect(sometimes.take(soon())).rejects.toMatchObject({ retryAfterSeconds: 76 });
    clock.advance(WINDOW);
    await sometimes.take(soon());

    expect(noted()).toEqual([
      [SECOND + 1, 1],
      [SECOND + 77, 1],
    ]);
  });

  test('calls count once whose note was written though its answer was lost', async () => {
    const well = { ...table };
    table.replace = async (...all) => {
      await well.replace(...all);
      throw new Error('away');
    };
    await take(2);
    Object.assign(table, well);
    clock.advance(10_000);

    await take(1);

    expect(noted()).toEqual([
      [SECOND, 2],
      [SECOND + 10, 1],
    ]);
  });
});

test('a container goes on alone where the count cannot be replaced, after some tries', async () => {
  let tries = 0;
  const taking = container({
    async replace() {
      tries += 1;
      return false;
    },
  }).take(withLeft(60_000));
  for (let pauses = 0; pauses < 10; pauses += 1) {
    await atOnce();
    clock.advance(1500);
  }

  await expect(taking).resolves.toBeUndefined();
  expect(tries).toBe(10);
});

describe('the further calls of a page walk', () => {
  test('are reserved in one write, and taken without another', async () => {
    await take(1);
    await budget.reserve(2, soon());
    const { version } = table.items.get(KEY) ?? {};
    expect(noted()).toEqual([[SECOND, 3]]);

    await take(2);

    expect(table.items.get(KEY)?.version).toBe(version);
    await expect(budget.take(soon())).rejects.toMatchObject({ name: 'BudgetSpent' });
  });

  test('that are made later than a second after it are reserved again, and count once', async () => {
    await budget.reserve(3, soon());
    clock.advance(1000);
    await take(1);
    expect(noted()).toEqual([[SECOND, 3]]);
    clock.advance(500);
    await take(2);

    expect(noted()).toEqual([
      [SECOND, 1],
      [SECOND + 1, 2],
    ]);
    await expect(budget.take(soon())).rejects.toMatchObject({ retryAfterSeconds: 76 });
  });

  test('are given back where they are not made, beside what another container has noted', async () => {
    await budget.reserve(2, soon());
    await take(1);
    await container().take(soon());

    await budget.release();

    expect(noted()).toEqual([[SECOND, 2]]);
    await take(1);
    expect(noted()).toEqual([[SECOND, 3]]);
  });

  test.each([
    ['not all of them fit', 2, 77],
    ['they and page 1 are more than a minute has', 3, 153],
    ['they are more than a minute has', 4, 153],
  ])('are refused where %s, with a wait for page 1 too', async (_, calls, seconds) => {
    await take(2);

    await expect(budget.reserve(calls, soon())).rejects.toMatchObject({
      name: 'BudgetSpent',
      developerMessage: expect.stringContaining('own budget of calls') as string,
      retryAfterSeconds: seconds,
    });
    expect(noted()).toEqual([[SECOND, 2]]);
  });

  test('are made a minute’s worth after another where the caller has the time', async () => {
    await take(1);
    const walking = budget
      .reserve(5, withLeft(200_000))
      .then(() => Promise.all(Array.from({ length: 5 }, () => budget.take(withLeft(200_000)))));
    for (let second = 0; second < 77; second += 1) {
      await atOnce();
      expect(noted()).toEqual([[SECOND, 3]]);
      clock.advance(1000);
    }

    await walking;

    expect(noted()).toEqual([[SECOND + 77, 3]]);
  });
});
