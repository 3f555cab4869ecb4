import { beforeEach, describe, expect, test, vi } from 'vitest';
import { BudgetSpent } from '../../../lambda/egain/call-budget.ts';
import { Fault } from '../../../lambda/faults.ts';
import { createDeadline, type Deadline } from '../../../lambda/platform/deadline.ts';
import { total } from '../../../lambda/platform/metrics.ts';
import { guardTable, sharedKeys } from '../../../lambda/platform/table.ts';
import { writeParts, writeSnapshot } from '../../../lambda/snapshot/content.ts';
import { LOCK_MS } from '../../../lambda/snapshot/renewal.ts';
import type { State } from '../../../lambda/snapshot/shared-state.ts';
import {
  createSnapshots,
  type SnapshotOptions,
  type SnapshotStore,
  type SnapshotsOptions,
} from '../../../lambda/snapshot/snapshots.ts';
import { account } from '../../support/accounts.ts';
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts';
import { createMemoryTable, type MemoryTable } from '../../support/memory-table.ts';
import { captureLog, type LoggedLine } from '../../support/telemetry.ts';

const KEYS = sharedKeys({ apiUrl: 'api', tokenUrl: 'token', scope: 'scope', secretArn: 'secret' });
const CONFIG = { freshSeconds: 30, staleSeconds: 600, refreshSeconds: undefined };
const FAILURE = new Fault('egainUnavailable', { reason: 'it is away' });
const REFUSED = new Fault('egainCredentialsRefused');
const DAY_MS = 86_400_000;
/** By how much the clocks of two containers may differ. */
const SKEW_MS = 5000;

let lines: readonly LoggedLine[];
let clock: ManualClock;
let table: MemoryTable;
let walks: number;
/** What a page walk brings; one account, unless a test says otherwise. */
let walk: (deadline: Deadline) => Promise<readonly ReturnType<typeof account>[]>;
/** How long a page of each page walk may take to begin. */
let patience: (number | undefined)[];

beforeEach(() => {
  lines = captureLog();
  clock = createManualClock();
  table = createMemoryTable();
  walks = 0;
  patience = [];
  walk = async () => [account()];
});

interface Container {
  readonly store: SnapshotStore;
  readonly ask: (options?: SnapshotOptions) => ReturnType<SnapshotStore['get']>;
}

function container(config: SnapshotsOptions['config'] = CONFIG): Container {
  const store = createSnapshots({
    config,
    table: guardTable(table, clock),
    keys: KEYS,
    clock,
    fetchAccounts: (deadline) => {
      walks += 1;
      patience.push(deadline.firstByteMs);
      return walk(deadline);
    },
  });
  const ask = (how?: SnapshotOptions) => store.get(createDeadline(26_000, { clock }), how);
  return { store, ask };
}

/** A container whose snapshot a schedule renews. */
const scheduled = () => container({ ...CONFIG, refreshSeconds: 60 });
const renew = ({ store }: Container) =>
  store.renew(createDeadline(900_000, { longestMs: 900_000, clock }));
const usable = ({ store }: Container) => store.warmUp();
const failWith = (error: unknown) => async () => {
  throw error;
};
const named = (name: string) => async () => [account({ name })];
const nameIn = async (answer: ReturnType<Container['ask']>) =>
  (await answer).snapshot.accounts[0]?.name;

const state = () => JSON.parse(table.items.get(KEYS.state)?.body ?? '{}') as State;

/** As another container writes the shared state, whatever it saw before. */
function overwrite(next: State): void {
  const version = (table.items.get(KEYS.state)?.version ?? 0) + 1;
  table.items.set(KEYS.state, { version, body: JSON.stringify(next), expiresAt: 0 });
}

/** As another container renews the snapshot: with a clock that says it began then. */
async function put(name: string, fetchedAt = clock.now()): Promise<void> {
  const written = writeSnapshot([account({ name })]);
  const parts = await writeParts(written, 0, guardTable(table, clock), KEYS);
  const { hash } = written.snapshot;
  overwrite({ content: { hash, parts, writtenAt: fetchedAt, fetchedAt } });
}

/** Lets everything happen that needs no time. */
const soon = () => new Promise(setImmediate);

/** Lets time pass as it does, so that what waits goes on. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 5) {
    clock.advance(Math.min(5, ms - passed));
    await soon();
  }
}

/** From now on a page walk takes until it is ended. */
function holdWalks() {
  const { promise, resolve, reject } = Promise.withResolvers<ReturnType<typeof account>[]>();
  promise.catch(() => undefined);
  walk = ({ signal }) =>
    Promise.race([
      promise,
      new Promise<never>((_, stop) => {
        signal.addEventListener('abort', () => stop(signal.reason));
      }),
    ]);
  return { end: () => resolve([account()]), fail: reject };
}

/** From now on each read of the table takes so long. */
function slowDown(ms: number): void {
  const quick = { ...table };
  table.read = (...call) =>
    new Promise((resolve) => clock.after(ms, () => resolve(quick.read(...call))));
}

/** From now on the table fails. */
function breakTable(...verbs: ('read' | 'replace' | 'readBytes' | 'writeBytes')[]): () => void {
  const well = { ...table };
  for (const verb of verbs) table[verb] = failWith(new Error('away'));
  return () => Object.assign(table, well);
}

describe('freshness', () => {
  test('a snapshot answers without the table until it is 30 s old, and tells its age', async () => {
    const { ask } = container();
    const first = await ask();
    expect(first).toMatchObject({ state: 'miss', ageSeconds: 0, freshSecondsLeft: 30 });
    const read = vi.spyOn(table, 'read');
    clock.advance(29_999);

    expect(await ask()).toMatchObject({ state: 'hit', ageSeconds: 29, freshSecondsLeft: 0 });
    expect(read).not.toHaveBeenCalled();
    clock.advance(1);

    expect(await ask()).toMatchObject({ state: 'miss', ageSeconds: 0, freshSecondsLeft: 30 });
    expect(walks).toBe(2);
  });

  test('it counts from the beginning of the page walk', async () => {
    walk = async () => {
      clock.advance(7500);
      return [account()];
    };

    expect(await container().ask()).toMatchObject({ ageSeconds: 7, freshSecondsLeft: 22 });
  });

  test('a task takes no snapshot that another clock may make younger than it is', async () => {
    await put('old');
    walk = named('new');
    const { ask } = container();

    clock.advance(29_999 - SKEW_MS);
    expect(await nameIn(ask({ stale: false }))).toBe('old');
    clock.advance(1);
    expect(await ask()).toMatchObject({ state: 'hit' });
    expect(await nameIn(ask({ stale: false }))).toBe('new');
  });
});

describe('after a failure', () => {
  test('a stale answer is given until the snapshot is 600 s old', async () => {
    const { ask } = container();
    await ask();
    walk = failWith(FAILURE);

    clock.advance(600_000);
    expect(await ask()).toMatchObject({ state: 'stale', ageSeconds: 600, freshSecondsLeft: 0 });
    clock.advance(1);
    const details = [{ key: 'cause', value: '502-905' }];
    await expect(ask()).rejects.toMatchObject({ code: '503-902', retryAfterSeconds: 2, details });
    clock.advance(1999);
    await expect(ask()).rejects.toBe(FAILURE);
  });

  test('a task gets none', async () => {
    const { ask } = container();
    await ask();
    walk = failWith(FAILURE);
    clock.advance(31_000);

    await expect(ask({ stale: false })).rejects.toBe(FAILURE);
    await expect(ask()).resolves.toMatchObject({ state: 'stale' });
  });

  test.each(['egainCredentialsRefused', 'egainScopeInsufficient'] as const)(
    'nobody gets one after %s, until a page walk has succeeded',
    async (kind) => {
      const [first, second] = [container(), container()];
      for (const { ask } of [first, second]) await ask();
      walk = failWith(new Fault(kind));
      clock.advance(31_000);
      await expect(first.ask()).rejects.toMatchObject({ kind });
      await expect(second.ask()).rejects.toMatchObject({ kind });

      walk = failWith(FAILURE);
      clock.advance(31_000);
      await expect(second.ask()).rejects.toBe(FAILURE);
      await expect(first.ask()).rejects.toMatchObject({ code: '503-902' });
      walk = async () => [account()];
      clock.advance(31_000);
      await expect(first.ask()).resolves.toMatchObject({ state: 'miss' });
      walk = failWith(FAILURE);
      clock.advance(31_000);
      await expect(first.ask()).resolves.toMatchObject({ state: 'stale' });
    },
  );

  test.each([
    [FAILURE, '502-905', 'it is away'],
    [new TypeError('a secret'), '500-901', 'an unexpected error'],
    ['a secret', '500-901', 'an unexpected error'],
  ])('it is logged without a secret, and thrown: %s', async (thrown, code, reason) => {
    walk = failWith(thrown);

    await expect(container().ask()).rejects.toBe(thrown);

    const message = 'The accounts could not be fetched';
    expect(lines).toEqual([{ level: 'warn', message, fields: { code, reason } }]);
  });

  test('it is in the shared state until a page walk succeeds', async () => {
    const { ask } = container();
    walk = failWith(FAILURE);
    await expect(ask()).rejects.toBe(FAILURE);
    expect(state()).toMatchObject({ failure: { code: '502-905', count: 1 } });
    walk = async () => [account()];
    clock.advance(2000);

    await ask();

    expect(Object.keys(state())).toEqual(['content']);
  });
});

describe('while the table is slow', () => {
  test.each([
    ['a partner', 30_000, {}],
    ['a partner whose snapshot is too old for a stale answer', 600_001, {}],
    ['a task', 30_000, { stale: false }],
  ])('%s waits for it, and gets what is fresh', async (_who, ageMs, options) => {
    const { ask } = container();
    await ask();
    clock.advance(ageMs);
    slowDown(100);
    const read = vi.spyOn(table, 'read');

    const asked = ask(options);
    await pass(100);

    await expect(asked).resolves.toMatchObject({ state: 'miss', ageSeconds: 0 });
    expect(read).toHaveBeenCalledTimes(1);
    expect(total('SharedTableFailures')).toBe(0);
  });
});

describe('requests of one container that come while it renews the snapshot', () => {
  test.each(['there', 'away'])('get a stale answer; the table is %s', async (where) => {
    const { ask } = container();
    await ask();
    clock.advance(30_000);
    if (where === 'away') breakTable('read', 'replace');
    const { end } = holdWalks();

    const walking = ask();
    await soon();
    await pass(LOCK_MS);
    await expect(ask()).resolves.toMatchObject({ state: 'stale', ageSeconds: 40 });
    end();

    await expect(walking).resolves.toMatchObject({ state: 'miss' });
    expect(walks).toBe(2);
  });

  test('wait for it where they may get none, and not for a lock', async () => {
    const { ask } = container();
    const { end } = holdWalks();

    const asked = [ask(), ask({ stale: false })];
    await soon();
    const late = ask({ stale: false });
    await soon();
    end();

    for (const each of [...asked, late]) {
      await expect(each).resolves.toMatchObject({ state: 'miss', ageSeconds: 0 });
    }
    expect(total('RenewalWaits')).toBe(0);
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

  test('have their own deadlines, and begin anew what ended with the time of its starter', async () => {
    const { store } = container();
    holdWalks();
    const [starter, hurried, patient] = [5000, 3000, 21_000].map((remainingMs) =>
      store.get(createDeadline(remainingMs, { clock })).catch((error: unknown) => error),
    );
    await soon();

    await pass(2000);
    expect(await hurried).toMatchObject({ code: '504-901' });
    walk = async () => [account()];
    await pass(2000);
    expect(await starter).toMatchObject({ code: '504-901' });
    expect(await patient).toMatchObject({ state: 'miss' });
    expect(walks).toBe(2);
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
    expect(total('RenewalWaits')).toBe(1);
    expect(walks).toBe(1);
  });

  test('waits anew for the next one, and only once for each', async () => {
    const [first, second, third] = [container(), container(), container()];
    for (const { ask } of [first, second, third]) await ask();
    clock.advance(61_001);
    const hanging = holdWalks();
    const one = first.ask({ stale: false });
    await soon();
    const waited = second.ask();
    await pass(5500);
    await expect(waited).resolves.toMatchObject({ state: 'stale' });
    await expect(second.ask()).resolves.toMatchObject({ state: 'stale' });
    hanging.end();
    await one;

    clock.advance(61_001);
    const next = holdWalks();
    const other = third.ask({ stale: false });
    await soon();
    const again = second.ask();
    await pass(1000);
    next.end();
    await pass(500);

    await expect(again).resolves.toMatchObject({ state: 'miss' });
    await other;
    expect(total('RenewalWaits')).toBe(2);
  });

  test('renews the snapshot itself from the moment on at which the lock ends', async () => {
    const second = container();
    overwrite({ lock: { owner: 'one that died', until: clock.now() + 1000 } });

    const asked = second.ask();
    await pass(995);
    expect(walks).toBe(0);
    await pass(500);

    await expect(asked).resolves.toMatchObject({ state: 'miss' });
  });
});

describe('the lock', () => {
  test('is extended every three seconds, and given back with the content', async () => {
    const start = clock.now();
    const { end } = holdWalks();
    const asked = container().ask();
    await soon();
    const { owner } = state().lock ?? {};
    expect(state().lock?.until).toBe(start + LOCK_MS);

    await pass(2995);
    expect(state().lock?.until).toBe(start + LOCK_MS);
    await pass(5);
    expect(state().lock).toEqual({ owner, until: start + LOCK_MS + 3000 });
    await pass(12_000);
    expect(state().lock).toEqual({ owner, until: start + LOCK_MS + 15_000 });
    end();
    await asked;

    expect(state()).toEqual({
      content: {
        hash: (await asked).snapshot.hash,
        parts: 1,
        writtenAt: clock.now(),
        fetchedAt: start,
      },
    });
    expect(total('Renewals')).toBe(1);
    await pass(4000);
    expect(state().lock).toBeUndefined();
  });

  test('has another owner each time', async () => {
    const owners = new Set<string | undefined>();
    for (const { ask } of [container(), container()]) {
      for (let times = 0; times < 2; times += 1) {
        walk = async () => {
          owners.add(state().lock?.owner);
          return [account()];
        };
        clock.advance(30_000);
        await ask();
      }
    }

    expect(owners.size).toBe(4);
  });

  test('that another has taken over ends the page walk, and nothing is written', async () => {
    const theirs: State = { lock: { owner: 'another', until: clock.now() + 60_000 } };
    holdWalks();
    const asked = container().ask();
    await soon();
    overwrite(theirs);

    await pass(3000);
    expect(total('LocksLost')).toBe(1);
    expect(lines).toEqual([]);
    await put('theirs');
    await pass(500);

    expect(await nameIn(asked)).toBe('theirs');
    expect(walks).toBe(1);
  });

  test.each([
    ['another has it', { lock: { owner: 'another', until: Number.MAX_SAFE_INTEGER } }],
    ['nobody has it any more', {}],
  ])('lost by the end of the page walk leaves the state as it is: %s', async (_, theirs: State) => {
    walk = async () => {
      overwrite(theirs);
      return [account()];
    };

    await expect(container().ask()).resolves.toMatchObject({ state: 'miss' });

    expect(state()).toEqual(theirs);
    expect([total('LocksLost'), total('Renewals')]).toEqual([1, 0]);
  });

  test('is not taken by who has not seen what another has fetched meanwhile', async () => {
    const { ask } = container();
    const quick = { ...table };
    table.read = async (...call) => {
      const item = await quick.read(...call);
      Object.assign(table, quick);
      await put('theirs');
      return item;
    };

    expect(await nameIn(ask())).toBe('theirs');
    expect(walks).toBe(0);
  });
});

describe('a container without the table', () => {
  test.each([
    ['from the beginning', () => breakTable('read', 'replace'), 1],
    ['from the end of a page walk on', () => breakTable('replace', 'writeBytes'), 1],
    ['for the parts alone', () => breakTable('writeBytes'), 1],
  ])('goes on alone, and its snapshot is its own: %s', async (_, breakIt, renewals) => {
    const { ask } = container();
    walk = async () => {
      breakIt();
      return [account()];
    };

    await expect(ask()).resolves.toMatchObject({ state: 'miss', ageSeconds: 0 });

    expect(state().content).toBeUndefined();
    expect(total('Renewals')).toBe(renewals);
    await expect(ask()).resolves.toMatchObject({ state: 'hit' });
  });

  test('keeps its lock where the table fails for a while', async () => {
    const { end } = holdWalks();
    const asked = container().ask();
    await soon();
    const restore = breakTable('read', 'replace');
    await pass(3000);
    restore();
    await pass(12_000);
    end();

    await expect(asked).resolves.toMatchObject({ state: 'miss' });
    expect(state().content).toBeDefined();
    expect(total('LocksLost')).toBe(0);
  });

  test('remembers a failure by itself, and takes no lock of another for its own', async () => {
    const { ask } = container();
    overwrite({ lock: { owner: 'another', until: clock.now() + 60_000 } });
    await usable(container());
    const restore = breakTable('read', 'replace');
    walk = failWith(FAILURE);

    await expect(ask()).rejects.toBe(FAILURE);
    await expect(ask()).rejects.toMatchObject({ code: '503-902' });
    restore();

    expect(walks).toBe(1);
  });

  test('shows nothing that others fetched before eGain refused it', async () => {
    const { ask } = container();
    await ask();
    clock.advance(31_000);
    const restore = breakTable('read', 'replace');
    walk = failWith(REFUSED);
    await expect(ask()).rejects.toBe(REFUSED);
    restore();
    const refusedAt = clock.now();
    clock.advance(10_000);
    await put('before', refusedAt + SKEW_MS);
    walk = failWith(FAILURE);

    await expect(ask()).rejects.toBe(FAILURE);
    clock.advance(2000);
    await put('after', refusedAt + SKEW_MS + 1);

    expect(await nameIn(ask())).toBe('after');
  });

  test('gives no snapshot back for an older one', async () => {
    await put('theirs', clock.now() - 1000);
    walk = named('own');
    const restore = breakTable('read', 'replace');
    const { ask } = container();
    expect(await nameIn(ask())).toBe('own');
    restore();
    clock.advance(40_000);
    walk = failWith(FAILURE);

    expect(await nameIn(ask())).toBe('own');
  });
});

describe('a shared state', () => {
  test.each(['', 'nonsense', '{"content":{}}', '{"lock":{"owner":1}}'])(
    'that cannot be read is none: %s',
    async (body) => {
      table.items.set(KEYS.state, { version: 7, body, expiresAt: 0 });

      await expect(container().ask()).resolves.toMatchObject({ state: 'miss' });

      expect(state().content).toBeDefined();
    },
  );

  test.each([0, 1.5, 10_001])('that names %d parts is none', async (parts) => {
    await put('theirs');
    const { content } = state();
    if (content === undefined) throw new Error('there is no content');
    overwrite({ content: { ...content, parts } });
    walk = named('own');

    expect(await nameIn(container().ask())).toBe('own');
  });

  test.each([
    ['of now', 7, 0],
    ['above the one there', Date.UTC(2100, 0, 1), 1],
  ])('is written under a version %s, and kept for 30 days', async (_, version, more) => {
    table.items.set(KEYS.state, { version, body: '{}', expiresAt: 0 });
    const versions: number[] = [];
    const well = { ...table };
    table.replace = (key, item, ...call) => {
      versions.push(item.version);
      return well.replace(key, item, ...call);
    };

    await container().ask();

    const least = more === 0 ? clock.now() : version + 1;
    expect(versions).toEqual([least, least + 1]);
    expect(table.items.get(KEYS.state)?.expiresAt).toBe(clock.now() + 30 * DAY_MS);
  });

  test('is written again where another was faster, four times at most', async () => {
    const well = { ...table };
    let tries = 0;
    table.replace = async (...call) => {
      tries += 1;
      return tries === 4 ? well.replace(...call) : false;
    };
    walk = async () => {
      Object.assign(table, well);
      return [account()];
    };

    await expect(container().ask()).resolves.toMatchObject({ state: 'miss' });

    expect(tries).toBe(4);
    expect(state().content).toBeDefined();
  });
});

describe('the content in the table', () => {
  test.each([
    [600_000 - SKEW_MS, 'theirs'],
    [600_001 - SKEW_MS, 'own'],
  ])('is read where it may still be shown: %i ms old', async (ageMs, name) => {
    await put('theirs', clock.now() - ageMs);
    walk = named('own');
    const readBytes = vi.spyOn(table, 'readBytes');
    const { ask } = container();

    expect(await nameIn(ask())).toBe('own');

    expect(readBytes).toHaveBeenCalledTimes(name === 'theirs' ? 1 : 0);
  });

  test('that cannot be read is logged, and written anew', async () => {
    const { ask } = container();
    const { snapshot } = await ask();
    const parts = [...table.bytes];
    table.bytes.clear();

    await expect(container().ask()).resolves.toMatchObject({ state: 'miss' });

    expect([...table.bytes]).toEqual(parts);
    const { hash } = snapshot;
    const message = 'The shared snapshot cannot be read';
    expect(lines).toEqual([{ level: 'warn', message, fields: { hash } }]);
    await expect(container().ask()).resolves.toMatchObject({ state: 'hit' });
  });

  test('that cannot be read because the table is away is not written anew', async () => {
    await put('theirs');
    breakTable('readBytes');
    const writeBytes = vi.spyOn(table, 'writeBytes');
    walk = named('theirs');

    await expect(container().ask()).resolves.toMatchObject({ state: 'miss' });

    expect(writeBytes).not.toHaveBeenCalled();
    expect(lines).toMatchObject([{ message: 'The shared table cannot be used' }]);
  });

  test.each([
    ['within a day', DAY_MS - 1, 1],
    ['after a day', DAY_MS, 2],
  ])('has its parts written again %s, for three days more', async (_, ms, times) => {
    const expiries: number[] = [];
    const well = { ...table };
    table.writeBytes = (key, bytes, expiresAt, signal) => {
      expiries.push(expiresAt);
      return well.writeBytes(key, bytes, expiresAt, signal);
    };
    const { ask } = container();
    await ask();
    clock.advance(ms);
    await ask();

    expect(expiries).toHaveLength(times);
    const lastWrite = clock.now() - (times > 1 ? 0 : ms);
    expect(expiries.at(-1)).toBe(lastWrite + 3 * DAY_MS + 600_000);
  });

  test('is the same object as before where it has not changed, whoever fetched it', async () => {
    const [first, second] = [container(), container()];
    const before = [await first.ask(), await second.ask()];
    clock.advance(31_000);

    const after = [await first.ask(), await second.ask()];

    expect(after.map(({ snapshot }) => snapshot)).toEqual(before.map(({ snapshot }) => snapshot));
    after.forEach(({ snapshot }, index) => {
      expect(snapshot).toBe(before[index]?.snapshot);
    });
  });

  test('is not written after the time of the caller', async () => {
    table.writeBytes = () => new Promise(() => undefined);
    const { store } = container();
    walk = async () => {
      clock.advance(500);
      return [account()];
    };

    const asked = store.get(createDeadline(1600, { clock }));
    await soon();
    await pass(100);

    await expect(asked).resolves.toMatchObject({ state: 'miss' });
    expect(state()).toEqual({});
  });
});

/** From now on page walks find the budget of calls spent for so long. */
function spend(ms: number): void {
  walk = failWith(new BudgetSpent(ms, 'it is spent'));
}

describe('a budget of calls that is spent', () => {
  test('gives stale answers until it is restored, without a failure', async () => {
    const [first, second] = [container(), container()];
    for (const { ask } of [first, second]) await ask();
    clock.advance(31_000);
    spend(40_000);

    await expect(first.ask()).resolves.toMatchObject({ state: 'stale' });
    expect(state()).toMatchObject({ budgetSpentUntil: clock.now() + 40_000 });
    expect(state().failure).toBeUndefined();
    walk = async () => [account()];
    clock.advance(39_999);
    await expect(second.ask()).resolves.toMatchObject({ state: 'stale', ageSeconds: 70 });
    expect(walks).toBe(2);
    clock.advance(1);

    await expect(second.ask()).resolves.toMatchObject({ state: 'miss' });
    expect(Object.keys(state())).toEqual(['content']);
  });

  test.each([
    [26_000, 'that it is the own budget, and when to come back'],
    [25_000, 'the same where the time is just too short'],
  ])('tells who can have none, and cannot wait %i ms: %s', async (ms) => {
    spend(ms);
    const { ask } = container();

    for (const ask2 of [ask, container().ask]) {
      await expect(ask2({ stale: false })).rejects.toMatchObject({
        name: 'BudgetSpent',
        code: '503-901',
        developerMessage: expect.stringContaining('own budget') as string,
        retryAfterSeconds: ms / 1000,
      });
    }
    expect(walks).toBe(1);
    expect(total('CallsDeferred')).toBe(1);
  });

  test('is waited for by who can wait, or until another has fetched the accounts', async () => {
    const [first, second] = [container(), container()];
    spend(20_000);
    await expect(first.ask()).rejects.toMatchObject({ code: '503-901' });
    walk = named('own');

    const waiting = first.ask();
    await pass(19_000);
    expect(walks).toBe(1);
    await pass(1500);
    expect(await nameIn(waiting)).toBe('own');

    clock.advance(600_001);
    spend(20_000);
    await expect(first.ask()).rejects.toMatchObject({ code: '503-901' });
    const other = second.ask();
    await pass(1000);
    await put('theirs');
    await pass(500);
    expect(await nameIn(other)).toBe('theirs');
  });

  test('does not keep a schedule from renewing, which has the time', async () => {
    spend(20_000);
    await expect(container().ask()).rejects.toMatchObject({ code: '503-901' });
    walk = async () => [account()];

    await expect(renew(scheduled())).resolves.toBe('renewed');
  });
});

describe('what is there when a container starts', () => {
  test('is usable where it is a snapshot, or another container fetches one', async () => {
    expect(await usable(container())).toBe(false);
    const { end } = holdWalks();
    const walking = container().ask();
    await soon();
    expect(await usable(container())).toBe(true);
    end();
    await walking;
    expect(await usable(container())).toBe(true);
    clock.advance(30_000);
    expect(await usable(container())).toBe(false);
  });
});

test('a page has 5 s to begin where a stale answer is allowed, and a schedule waits longer', async () => {
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

  test('is not tried while a failure is remembered, and then again', async () => {
    const refresh = scheduled();
    walk = failWith(FAILURE);
    await expect(renew(refresh)).rejects.toBe(FAILURE);
    walk = async () => [account()];

    clock.advance(1999);
    await expect(renew(refresh)).rejects.toMatchObject({ code: '503-902' });
    expect(total('RememberedFailures')).toBe(1);
    clock.advance(1);

    await expect(renew(refresh)).resolves.toBe('renewed');
  });

  test('is left alone by requests until it has evidently stopped', async () => {
    const [api, refresh] = [scheduled(), scheduled()];
    await renew(refresh);
    await expect(api.ask()).resolves.toMatchObject({ state: 'hit' });
    clock.advance(59_000);
    await expect(api.ask()).resolves.toMatchObject({ state: 'stale', ageSeconds: 59 });
    // Two periods and a minute, by a clock that may be 5 s ahead.
    clock.advance(116_000);
    await expect(api.ask()).resolves.toMatchObject({ state: 'stale' });
    expect(walks).toBe(1);
    clock.advance(1);

    await expect(api.ask()).resolves.toMatchObject({ state: 'miss' });
  });
});
