import { beforeEach, describe, expect, test, vi } from 'vitest';
import { BudgetSpent } from '../../../lambda/egain/call-budget.ts';
import { Fault } from '../../../lambda/faults.ts';
import { createDeadline } from '../../../lambda/platform/deadline.ts';
import { guardTable, sharedKeys } from '../../../lambda/platform/table.ts';
import { LEASE_MS } from '../../../lambda/snapshot/shared-state.ts';
import type { RenewableStore, SnapshotOptions } from '../../../lambda/snapshot/snapshots.ts';
import { createSnapshots, type SnapshotsOptions } from '../../../lambda/snapshot/snapshots.ts';
import { account } from '../../support/accounts.ts';
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts';
import { createMemoryTable, type MemoryTable } from '../../support/memory-table.ts';
import { type RecordedTelemetry, recordTelemetry } from '../../support/recorded-telemetry.ts';

const KEYS = sharedKeys({ apiUrl: 'api', tokenUrl: 'token', scope: 'scope', secretArn: 'secret' });
const CONFIG = { freshSeconds: 30, staleSeconds: 600, refreshSeconds: undefined };
const FAILURE = new Fault('egainUnavailable', { reason: 'away' });

interface Container {
  readonly store: RenewableStore;
  readonly telemetry: RecordedTelemetry;
  readonly ask: (options?: SnapshotOptions) => ReturnType<RenewableStore['get']>;
}

let clock: ManualClock;
let table: MemoryTable;
let walks: number;
/** What a walk brings; its accounts, unless a test says otherwise. */
let walk: () => Promise<readonly ReturnType<typeof account>[]>;
/** How long a page of each walk may take to begin. */
let patience: (number | undefined)[];

beforeEach(() => {
  clock = createManualClock();
  table = createMemoryTable();
  walks = 0;
  patience = [];
  walk = async () => [account()];
});

function container({
  shared = true,
  ...options
}: Partial<Pick<SnapshotsOptions, 'config' | 'forecast'>> & { shared?: boolean } = {}): Container {
  const telemetry = recordTelemetry();
  const store = createSnapshots({
    config: CONFIG,
    ...options,
    table: shared ? guardTable(table, clock, telemetry) : undefined,
    keys: KEYS,
    clock,
    telemetry,
    fetchAccounts: ({ firstByteMs }) => {
      walks += 1;
      patience.push(firstByteMs);
      return walk();
    },
  });
  const ask = (how?: SnapshotOptions) => store.get(createDeadline(26_000, { clock }), how);
  return { store, telemetry, ask };
}

/** A container whose snapshot a schedule renews. */
const scheduled = () => container({ config: { ...CONFIG, refreshSeconds: 60 } });
const renew = ({ store }: Container) =>
  store.renew(createDeadline(900_000, { clock, longestMs: 900_000 }));
const usable = async ({ store }: Container) => (await store.warmUp()).usable;

/** Lets everything happen that needs no time. */
const soon = () => new Promise(setImmediate);

/** Lets time pass as it does, so that what waits goes on. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 5) {
    clock.advance(Math.min(5, ms - passed));
    await soon();
  }
}

/** From now on a walk takes until it is ended. */
function holdWalks() {
  const { promise, resolve, reject } = Promise.withResolvers<ReturnType<typeof account>[]>();
  promise.catch(() => undefined);
  walk = () => promise;
  return { end: () => resolve([account()]), fail: reject };
}

/** From now on the table takes so long to be read. */
function slowDown(ms: number): void {
  const quick = { ...table };
  table.read = (...call) =>
    new Promise((resolve) => clock.after(ms, () => resolve(quick.read(...call))));
}

describe('a snapshot that is fresh', () => {
  test('answers without the table', async () => {
    const { ask } = container();
    await ask();
    const read = vi.spyOn(table, 'read');
    clock.advance(1000);

    await expect(ask()).resolves.toMatchObject({ state: 'hit' });

    expect(read).not.toHaveBeenCalled();
  });
});

describe('while the table is slow', () => {
  test.each([
    ['a partner', 30_000, {}],
    ['a partner with nothing that may stand in', 60_001, {}],
    ['a task', 30_000, { stale: false }],
  ])('%s waits for it, and gets what is fresh', async (_who, ageMs, options) => {
    const { ask, telemetry } = container();
    await ask();
    clock.advance(ageMs);
    slowDown(100);

    const asked = ask(options);
    await pass(100);

    await expect(asked).resolves.toMatchObject({ state: 'miss', ageSeconds: 0 });
    expect(telemetry.total('SharedTableFailures')).toBe(0);
  });

  test('a task asks it once', async () => {
    const { ask } = container();
    await ask();
    clock.advance(30_000);
    slowDown(100);
    const read = vi.spyOn(table, 'read');

    const asked = ask({ stale: false });
    await pass(99);

    expect(read).toHaveBeenCalledTimes(1);
    await pass(1);
    await asked;
  });
});

describe('requests of one container that come while it walks', () => {
  test.each([true, false])('are answered with what may stand in; shared: %s', async (shared) => {
    const { ask } = container({ shared });
    await ask();
    clock.advance(30_000);
    const { end } = holdWalks();

    const walking = ask();
    await soon();
    await pass(LEASE_MS);
    await expect(ask()).resolves.toMatchObject({ state: 'stale', ageSeconds: 40 });
    end();

    await expect(walking).resolves.toMatchObject({ state: 'miss' });
    expect(walks).toBe(2);
  });

  test('wait for that walk where nothing may, and not for a lease', async () => {
    const { ask, telemetry } = container();
    const { end } = holdWalks();

    const asked = [ask(), ask({ stale: false })];
    await soon();
    const late = ask({ stale: false });
    await soon();
    end();

    for (const each of [...asked, late]) {
      await expect(each).resolves.toMatchObject({ state: 'miss', ageSeconds: 0 });
    }
    expect(telemetry.total('RenewalWaits')).toBe(0);
    expect(walks).toBe(1);
  });

  test('fail as it does', async () => {
    const { ask } = container();
    const { fail } = holdWalks();

    const asked = [ask(), ask()];
    await soon();
    fail(FAILURE);

    for (const each of asked) await expect(each).rejects.toBe(FAILURE);
  });
});

describe('who waits for another container', () => {
  test('has its accounts once they are there, however long that takes', async () => {
    const [first, second] = [container(), container()];
    const { end } = holdWalks();
    const walking = first.ask();
    await soon();

    const waiting = second.ask();
    await pass(8000);
    end();
    await pass(500);

    await expect(waiting).resolves.toMatchObject({ state: 'miss', ageSeconds: 8 });
    await walking;
    expect(second.telemetry.total('RenewalWaits')).toBe(1);
    expect(walks).toBe(1);
  });

  test('waits anew for the next one, and only once for each', async () => {
    const [first, second, third] = [container(), container(), container()];
    for (const { ask } of [first, second, third]) await ask();
    clock.advance(60_001);
    const hanging = holdWalks();
    const one = first.ask({ stale: false });
    await soon();
    const waited = second.ask();
    await pass(5500);
    await expect(waited).resolves.toMatchObject({ state: 'stale' });
    await expect(second.ask()).resolves.toMatchObject({ state: 'stale' });
    hanging.end();
    await one;

    clock.advance(60_001);
    const next = holdWalks();
    const other = third.ask({ stale: false });
    await soon();
    const again = second.ask();
    await pass(1000);
    next.end();
    await pass(500);

    await expect(again).resolves.toMatchObject({ state: 'miss' });
    await other;
    expect(second.telemetry.total('RenewalWaits')).toBe(2);
  });

  test('walks itself from the moment on at which the lease ends', async () => {
    const [first, second] = [container(), container()];
    const { end } = holdWalks();
    // It dies: nothing keeps its lease alive.
    const timers = vi.spyOn(clock, 'after').mockImplementation(() => () => undefined);
    void first.ask();
    await soon();
    timers.mockRestore();
    clock.advance(LEASE_MS);
    walk = async () => [account()];

    await expect(second.ask()).resolves.toMatchObject({ state: 'miss' });
    end();
    expect(walks).toBe(2);
  });
});

describe('a budget of calls', () => {
  test.each([
    [4999, 'miss', 0],
    [5000, 'stale', 1],
  ])('that makes a walk wait %i ms: %s', async (waitMs, state, deferred) => {
    let forecastMs = 0;
    const { ask, telemetry } = container({ forecast: async () => forecastMs });
    await ask();
    clock.advance(30_000);
    forecastMs = waitMs;

    await expect(ask()).resolves.toMatchObject({ state });

    expect(telemetry.total('CallsDeferred')).toBe(deferred);
    expect(telemetry.total('StretchedAnswers')).toBe(deferred);
  });

  test('is waited for as long as the caller can, where nothing stands in', async () => {
    const { ask } = container({ forecast: async () => 20_000 });

    await expect(ask()).resolves.toMatchObject({ state: 'miss' });
  });

  test.each([
    [new BudgetSpent(9, 'spent under way'), 1],
    [FAILURE, 0],
  ])('counts who gets a snapshot for the want of it: %s', async (error, stretched) => {
    const { ask, telemetry } = container();
    await ask();
    clock.advance(30_000);
    walk = async () => {
      throw error;
    };

    await expect(ask()).resolves.toMatchObject({ state: 'stale' });

    expect(telemetry.total('StretchedAnswers')).toBe(stretched);
  });
});

describe('what is there when a container starts', () => {
  test('is usable where it is a snapshot, or somebody makes one', async () => {
    expect(await usable(container())).toBe(false);
    const { end } = holdWalks();
    const first = container();
    const walking = first.ask();
    await soon();
    expect(await usable(container())).toBe(true);
    end();
    await walking;
    expect(await usable(container())).toBe(true);
    clock.advance(30_000);
    expect(await usable(container())).toBe(false);
  });
});

test('a page has 5 s to begin where a snapshot may stand in, and a schedule waits longer', async () => {
  const only = scheduled();
  await only.ask();
  clock.advance(100_000);
  await renew(only);
  clock.advance(200_000);
  await only.ask();

  expect(patience).toEqual([undefined, undefined, 5000]);
});

describe('a renewal by the schedule', () => {
  test('is due half a period after the last', async () => {
    const refresh = scheduled();
    await expect(renew(refresh)).resolves.toBe('renewed');

    clock.advance(29_999);
    await expect(renew(refresh)).resolves.toBe('recent');
    clock.advance(1);

    await expect(renew(refresh)).resolves.toBe('renewed');
  });

  test('is left to the container that is at it', async () => {
    const { end } = holdWalks();
    const walking = scheduled().ask();
    await soon();

    await expect(renew(scheduled())).resolves.toBe('elsewhere');

    end();
    await walking;
    expect(walks).toBe(1);
  });

  test('is left to the container that was faster', async () => {
    const slow = scheduled();
    const quick = { ...table };
    const read = Promise.withResolvers<void>();
    table.read = async (...call) => {
      const item = await quick.read(...call);
      await read.promise;
      return item;
    };
    const renewing = renew(slow);
    await soon();
    Object.assign(table, quick);
    await scheduled().ask();
    read.resolve();

    await expect(renewing).resolves.toBe('elsewhere');
    expect(walks).toBe(1);
  });

  test('is not tried while a failure counts, and then again', async () => {
    const refresh = scheduled();
    walk = async () => {
      throw FAILURE;
    };
    await expect(renew(refresh)).rejects.toBe(FAILURE);
    walk = async () => [account()];

    clock.advance(1999);
    await expect(renew(refresh)).rejects.toMatchObject({ code: '503-902' });
    expect(refresh.telemetry.total('RememberedFailures')).toBe(1);
    clock.advance(1);

    await expect(renew(refresh)).resolves.toBe('renewed');
  });
});
