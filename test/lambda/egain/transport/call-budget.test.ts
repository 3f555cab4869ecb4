import { beforeEach, describe, expect, test } from 'vitest';
import { type CallBudget, createCallBudget } from '../../../../lambda/egain/call-budget.ts';
import { createDeadline, type Deadline } from '../../../../lambda/platform/deadline.ts';
import type { Table } from '../../../../lambda/platform/table.ts';
import { guardTable } from '../../../../lambda/platform/table.ts';
import { createManualClock, type ManualClock } from '../../../support/manual-clock.ts';
import { createMemoryTable, type MemoryTable } from '../../../support/memory-table.ts';
import { type RecordedTelemetry, recordTelemetry } from '../../../support/recorded-telemetry.ts';

const KEY = 'calls';
const START = Date.UTC(2026, 0, 1);
const SECOND = START / 1000;
/** A minute, and what clocks, slots and connections may blur. */
const WINDOW = 76_000;

let clock: ManualClock;
let table: MemoryTable;
let telemetry: RecordedTelemetry;
let budget: CallBudget;

beforeEach(() => {
  clock = createManualClock(START);
  table = createMemoryTable();
  telemetry = recordTelemetry();
  budget = container();
});

/** One container's view of three calls a minute. */
function container(seen: Table = table): CallBudget {
  return createCallBudget({
    callsPerMinute: 3,
    table: guardTable(seen, clock, telemetry),
    key: KEY,
    clock,
    telemetry,
  });
}

const forMs = (ms: number, firstByteMs?: number): Deadline => ({
  ...createDeadline(ms, { clock, longestMs: Number.POSITIVE_INFINITY }),
  ...(firstByteMs !== undefined && { firstByteMs }),
});
/** What a caller has left, when a second is kept back for the answer. */
const withLeft = (ms: number) => forMs(ms + 1000);

async function take(times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) await budget.take(withLeft(10_000));
}

const noted = (): unknown => JSON.parse(table.items.get(KEY)?.body ?? '[]');

/** Whether it has settled once everything that needs no time has happened. */
async function isSettled(work: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  const settled = work.catch(() => undefined);
  await new Promise(setImmediate);
  return (await Promise.race([settled, Promise.resolve(pending)])) !== pending;
}

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
    expect(telemetry.total('CallsDeferred')).toBe(0);
  });

  test('is noted in the order of time, whatever the clock of another container', async () => {
    table.items.set(KEY, { version: 1, body: `[[${SECOND + 3},1]]`, expiresAt: 0 });

    await take(1);

    expect(noted()).toEqual([
      [SECOND, 1],
      [SECOND + 3, 1],
    ]);
  });

  test.each([
    ['a version of now', 1, START],
    ['a later version than the one there', START + 7, START + 8],
  ])('is noted under %s', async (_, there, version) => {
    table.items.set(KEY, { version: there, body: '[]', expiresAt: 0 });

    await take(1);

    expect(table.items.get(KEY)?.version).toBe(version);
  });

  test.each(['', 'nonsense', '{}', '[["1",2]]', '[[1]]'])(
    'is made though the count cannot be read: %s',
    async (body) => {
      table.items.set(KEY, { version: 1, body, expiresAt: 0 });

      await take(1);

      expect(noted()).toEqual([[SECOND, 1]]);
    },
  );
});

describe('a call past the budget', () => {
  test.each([
    [77_000, undefined],
    [200_000, 77_000],
  ])('is refused who has not the time to wait: %i ms, to begin in %s', async (left, begin) => {
    await take(3);

    await expect(budget.take({ ...withLeft(left), ...forBegin(begin) })).rejects.toMatchObject({
      name: 'BudgetSpent',
      code: '503-901',
      retryAfterSeconds: 77,
      reason: "eGain's budget of calls is used up",
    });
    expect(telemetry.total('CallsDeferred')).toBe(1);
    expect(noted()).toEqual([[SECOND, 3]]);
  });

  test.each([
    [77_001, undefined],
    [200_000, 77_001],
  ])('waits for the first to count no more: %i ms, to begin in %s', async (left, begin) => {
    await take(3);

    const taken = budget.take({ ...withLeft(left), ...forBegin(begin) });
    await new Promise(setImmediate);
    clock.advance(76_999);
    expect(await isSettled(taken)).toBe(false);
    clock.advance(1);

    await expect(taken).resolves.toBeUndefined();
    expect(noted()).toEqual([[SECOND + 77, 1]]);
    expect(telemetry.total('CallsDeferred')).toBe(1);
  });

  test('is refused until the last millisecond of those before it', async () => {
    clock.advance(500);
    await take(3);
    clock.advance(76_499);

    await expect(budget.take(withLeft(1))).rejects.toMatchObject({ retryAfterSeconds: 1 });
    clock.advance(1);

    await expect(budget.take(withLeft(1))).resolves.toBeUndefined();
  });

  test('is told in whole seconds, which are no less than the wait', async () => {
    await take(3);
    clock.advance(1);

    await expect(budget.take(withLeft(0))).rejects.toMatchObject({ code: '504-901' });
    await expect(budget.take(withLeft(10))).rejects.toMatchObject({ retryAfterSeconds: 77 });
  });

  test('keeps nobody behind it from theirs', async () => {
    await take(3);

    const refused = budget.take(withLeft(10));
    const waiting = budget.take(withLeft(100_000));

    await expect(refused).rejects.toMatchObject({ name: 'BudgetSpent' });
    await new Promise(setImmediate);
    clock.advance(77_000);
    await expect(waiting).resolves.toBeUndefined();
  });

  test('waits behind those who came before it', async () => {
    await take(3);

    const order: string[] = [];
    const first = budget.take(withLeft(200_000)).then(() => order.push('first'));
    const second = budget.take(withLeft(200_000)).then(() => order.push('second'));
    await new Promise(setImmediate);
    clock.advance(77_000);
    await Promise.all([first, second]);

    expect(order).toEqual(['first', 'second']);
    expect(telemetry.total('CallsDeferred')).toBe(1);
  });
});

function forBegin(firstByteMs: number | undefined): Partial<Deadline> {
  return firstByteMs === undefined ? {} : { firstByteMs };
}

describe('containers that share the table', () => {
  test('read the count once, and then know what they have noted themselves', async () => {
    let reads = 0;
    const counting: Table = {
      ...table,
      async read(...all) {
        reads += 1;
        return table.read(...all);
      },
    };
    budget = container(counting);

    await take(3);

    expect(reads).toBe(1);
    expect(noted()).toEqual([[SECOND, 3]]);
  });

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
    await new Promise(setImmediate);
    clock.advance(50_000);
    table.items.set(KEY, {
      version: START + 50_000,
      body: `[[${SECOND},3],[${SECOND + 50},3]]`,
      expiresAt: 0,
    });

    clock.advance(27_000);

    await expect(waiting).rejects.toMatchObject({ name: 'BudgetSpent', retryAfterSeconds: 50 });
  });

  test.each([
    [1000, 1],
    [1001, 2],
  ])('a reservation that took %i ms counts, and %i is noted', async (ms, calls) => {
    let slow = true;
    const late: Table = {
      ...table,
      async replace(...all) {
        if (slow) clock.advance(ms);
        slow = false;
        return table.replace(...all);
      },
    };
    // What the guard would break off after 250 ms may take longer in a frozen container.
    const unguarded = createCallBudget({
      callsPerMinute: 3,
      table: {
        read: (key) => late.read(key, never),
        replace: (key, item, seen) => late.replace(key, item, seen, never),
        readBytes: (keys) => late.readBytes(keys, never),
        writeBytes: (key, bytes, expiresAt) => late.writeBytes(key, bytes, expiresAt, never),
      },
      key: KEY,
      clock,
      telemetry,
    });

    await unguarded.take(withLeft(10_000));

    const made = (noted() as [number, number][]).reduce((sum, [, each]) => sum + each, 0);
    expect(made).toBe(calls);
  });
});

const never = new AbortController().signal;

const broken = async (): Promise<never> => {
  throw new Error('away');
};

describe('without the table', () => {
  test.each(['read', 'replace'] as const)('no call is made: %s fails', async (verb) => {
    const alone = container({ ...table, [verb]: broken });

    await expect(alone.take(withLeft(10_000))).rejects.toMatchObject({
      name: 'BudgetSpent',
      retryAfterSeconds: 10,
      reason: 'the table that counts calls to eGain is away',
    });
    expect(telemetry.total('CallsDeferred')).toBe(1);
  });

  test('a forecast says when it is tried again', async () => {
    const alone = container({ ...table, read: broken });

    await expect(alone.forecast(1)).resolves.toBe(10_000);
  });

  test('what may have been written by a call that failed is read again', async () => {
    let failing = true;
    const alone = container({
      ...table,
      async replace(...all) {
        const written = await table.replace(...all);
        if (failing) throw new Error('away');
        return written;
      },
    });
    await expect(alone.take(withLeft(10_000))).rejects.toMatchObject({ name: 'BudgetSpent' });

    failing = false;
    clock.advance(10_000);
    await alone.take(withLeft(10_000));

    expect(noted()).toEqual([
      [SECOND, 1],
      [SECOND + 10, 1],
    ]);
  });
});

test('who gave up has no call noted', async () => {
  await expect(budget.take(withLeft(0))).rejects.toMatchObject({ code: '504-901' });

  expect(table.items.size).toBe(0);
});

describe('the forecast', () => {
  test.each([
    [0, 0],
    [3, 0],
    [4, WINDOW],
    [6, WINDOW],
    [7, 2 * WINDOW],
  ])('for %i calls where none was made is %i ms', async (calls, ms) => {
    await expect(budget.forecast(calls)).resolves.toBe(ms);
  });

  test.each([
    [0, 0],
    [1, 67_000],
    [2, 67_000],
    [3, 77_000],
    [4, 77_000 + WINDOW],
    [6, 77_000 + WINDOW],
    [7, 77_000 + 2 * WINDOW],
  ])('for %i calls, after two and ten seconds later one, is %i ms', async (calls, ms) => {
    await take(2);
    clock.advance(10_000);
    await take(1);

    await expect(budget.forecast(calls)).resolves.toBe(ms);
  });

  test('for more calls than a minute has begins when the last of now counts no more', async () => {
    await take(3);
    clock.advance(10_000);

    await expect(budget.forecast(4)).resolves.toBe(67_000 + WINDOW);
  });

  test('knows what others have noted since', async () => {
    await take(1);
    const other = container();
    await other.take(withLeft(1000));
    await other.take(withLeft(1000));

    await expect(budget.forecast(1)).resolves.toBe(77_000);
  });
});
