import { beforeEach, describe, expect, test } from 'vitest';
import { type CallBudget, createCallBudget } from '../../../lambda/egain/call-budget.ts';
import { createDeadline, type Deadline } from '../../../lambda/platform/deadline.ts';
import { total } from '../../../lambda/platform/metrics.ts';
import { guardTable, type Table } from '../../../lambda/platform/table.ts';
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
function container(seen: Table = table): CallBudget {
  return createCallBudget({
    callsPerMinute: 3,
    table: guardTable(seen, clock),
    key: KEY,
    clock,
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
    expect(total('CallsDeferred')).toBe(0);
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
      reason: 'the budget of calls is spent: the caller cannot wait for 1 more',
    });
    expect(total('CallsDeferred')).toBe(1);
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
    expect(total('CallsDeferred')).toBe(1);
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
    expect(total('CallsDeferred')).toBe(1);
  });
});

function forBegin(firstByteMs: number | undefined): Partial<Deadline> {
  return firstByteMs === undefined ? {} : { firstByteMs };
}

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
    [1000, SECOND],
    [1001, SECOND + 1],
  ])('a reservation that took %i ms is of second %i', async (ms, second) => {
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
    });

    await unguarded.take(withLeft(10_000));

    expect(noted()).toEqual([[second, 1]]);
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
      reason: 'the budget of calls is spent: the table that counts the calls is away',
    });
    expect(total('CallsDeferred')).toBe(1);
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

/** From now on, what is written to the table. */
function writes(): unknown[] {
  const well = { ...table };
  const bodies: unknown[] = [];
  table.replace = (key, item, ...call) => {
    bodies.push(JSON.parse(item.body));
    return well.replace(key, item, ...call);
  };
  return bodies;
}

describe('the further calls of a page walk', () => {
  test('are reserved in one write, and taken without another', async () => {
    const written = writes();
    budget = container();

    await take(1);
    await budget.reserve(2, withLeft(10_000));
    await take(2);

    expect(written).toEqual([[[SECOND, 1]], [[SECOND, 3]]]);
    await expect(budget.take(withLeft(10_000))).rejects.toMatchObject({ name: 'BudgetSpent' });
  });

  test('that are made later than a second after it are reserved again, and count once', async () => {
    await budget.reserve(3, withLeft(10_000));
    clock.advance(1000);
    await take(1);
    expect(noted()).toEqual([[SECOND, 3]]);
    clock.advance(500);
    await take(1);

    expect(noted()).toEqual([
      [SECOND, 1],
      [SECOND + 1, 2],
    ]);
    await take(1);
    await expect(budget.take(withLeft(10_000))).rejects.toMatchObject({ retryAfterSeconds: 76 });
  });

  test('are given back where they are not made', async () => {
    await take(1);
    await budget.reserve(2, withLeft(10_000));
    await take(1);

    await budget.release();

    expect(noted()).toEqual([[SECOND, 2]]);
    await take(1);
    expect(noted()).toEqual([[SECOND, 3]]);
  });

  test('are given back beside what another container has noted meanwhile', async () => {
    await budget.reserve(2, withLeft(10_000));
    await container().take(withLeft(10_000));

    await budget.release();

    expect(noted()).toEqual([[SECOND, 1]]);
  });

  test('are not thought reserved where the table may have lost them', async () => {
    budget = container({
      ...table,
      async replace(...all) {
        await table.replace(...all);
        throw new Error('away');
      },
    });

    await expect(budget.reserve(2, withLeft(10_000))).rejects.toMatchObject({
      name: 'BudgetSpent',
      retryAfterSeconds: 10,
    });
    await expect(budget.release()).resolves.toBeUndefined();

    expect(noted()).toEqual([[SECOND, 2]]);
  });

  test.each([
    ['not all of them fit', 2, 77],
    ['they and page 1 are more than a minute has', 3, 153],
    ['they are more than a minute has', 4, 153],
  ])('are refused where %s, with a wait for page 1 too', async (_, calls, seconds) => {
    await take(2);

    await expect(budget.reserve(calls, withLeft(10_000))).rejects.toMatchObject({
      name: 'BudgetSpent',
      code: '503-901',
      developerMessage: expect.stringContaining('own budget of calls') as string,
      retryAfterSeconds: seconds,
    });
    expect(noted()).toEqual([[SECOND, 2]]);
  });

  test('are waited for by who has the time, a minute’s worth after another', async () => {
    await take(1);
    const walking = budget
      .reserve(5, withLeft(200_000))
      .then(() => Promise.all(Array.from({ length: 5 }, () => budget.take(withLeft(200_000)))));
    for (let second = 0; second < 77; second += 1) {
      await new Promise(setImmediate);
      expect(noted()).toEqual([[SECOND, 3]]);
      clock.advance(1000);
    }

    await walking;

    expect(noted()).toEqual([[SECOND + 77, 3]]);
  });
});
