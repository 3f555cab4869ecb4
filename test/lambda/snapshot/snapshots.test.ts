import { beforeEach, describe, expect, test, vi } from 'vitest';
import { BudgetSpent } from '../../../lambda/egain/call-budget.ts';
import { Fault, type FaultName } from '../../../lambda/faults.ts';
import { createDeadline, type Deadline } from '../../../lambda/platform/deadline.ts';
import { total } from '../../../lambda/platform/metrics.ts';
import { guardTable, sharedKeys, type Table } from '../../../lambda/platform/table.ts';
import { writeParts, writeSnapshot } from '../../../lambda/snapshot/content.ts';
import { LOCK_MS } from '../../../lambda/snapshot/renewal.ts';
import type { State } from '../../../lambda/snapshot/shared-state.ts';
import {
  createSnapshots,
  type SnapshotAnswer,
  type SnapshotOptions,
  type Snapshots,
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
const TASK = { stale: false };
const DAY_MS = 86_400_000;
/** By how much the clocks of two containers may differ. */
const SKEW_MS = 5000;

let lines: readonly LoggedLine[];
let clock: ManualClock;
let table: MemoryTable;
let walks: number;
/** What a page walk brings; one account, unless a test says otherwise. */
let walk: (deadline: Deadline) => Promise<readonly ReturnType<typeof account>[]>;

beforeEach(() => {
  lines = captureLog();
  clock = createManualClock();
  table = createMemoryTable();
  walks = 0;
  walk = named('account');
});

interface Container {
  readonly store: Snapshots;
  readonly ask: (options?: SnapshotOptions) => Promise<SnapshotAnswer>;
}

function container(config: SnapshotsOptions['config'] = CONFIG): Container {
  const store = createSnapshots({
    config,
    table: guardTable(table, clock),
    keys: KEYS,
    clock,
    fetchAccounts: (deadline) => {
      walks += 1;
      return walk(deadline);
    },
  });
  return { store, ask: (how) => store.get(createDeadline(26_000, { clock }), how) };
}

/** Containers that all have the snapshot, so many milliseconds old. */
async function warm(count: number, ageMs: number): Promise<Container[]> {
  const all = Array.from({ length: count }, () => container());
  for (const { ask } of all) await ask();
  clock.advance(ageMs);
  return all;
}

/** A container whose snapshot a schedule renews. */
const scheduled = () => container({ ...CONFIG, refreshSeconds: 60 });
const quarterOfAnHour = () => createDeadline(900_000, { longestMs: 900_000, clock });
const renew = ({ store }: Container) => store.renew(quarterOfAnHour());
const failWith = (error: unknown) => async () => {
  throw error;
};
function named(name: string) {
  return async () => [account({ name })];
}
const nameIn = async (answer: Promise<SnapshotAnswer>) => (await answer).snapshot.accounts[0]?.name;

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

/** From now on verbs of the table do something else; the function it returns ends that. */
function change(instead: (well: Table) => Partial<Table>): () => void {
  const well = { ...table };
  Object.assign(table, instead(well));
  return () => Object.assign(table, well);
}

/** From now on the table fails. */
function breakTable(...verbs: (keyof Table)[]): () => void {
  const broken = failWith(new Error('away'));
  return change(() => Object.fromEntries(verbs.map((verb) => [verb, broken])));
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

  test('a task takes no snapshot that another clock may make younger than it is', async () => {
    await put('old', clock.now() + 1000);
    walk = named('new');
    const { ask } = container();

    expect(await ask(TASK)).toMatchObject({ ageSeconds: 0, freshSecondsLeft: 30 });
    clock.advance(30_999 - SKEW_MS);
    expect(await nameIn(ask(TASK))).toBe('old');
    clock.advance(1);
    expect(await ask()).toMatchObject({ state: 'hit' });
    expect(await nameIn(ask(TASK))).toBe('new');
  });
});

describe('after a failure', () => {
  test('a stale answer is given until the snapshot is 600 s old, but not to a task', async () => {
    const [first = container(), second = container()] = await warm(2, 600_000);
    walk = failWith(FAILURE);

    const stale = { state: 'stale', ageSeconds: 600, freshSecondsLeft: 0 };
    await expect(first.ask(TASK)).rejects.toBe(FAILURE);
    expect(await first.ask()).toMatchObject(stale);
    clock.advance(-SKEW_MS);
    expect(await second.ask()).toMatchObject({ state: 'stale' });
    clock.advance(SKEW_MS + 1);
    const told = {
      code: '503-902',
      retryAfterSeconds: 2,
      details: [{ key: 'cause', value: '502-905' }],
      reason: 'a page walk failed with 502-905; failures in a row: 1',
    };
    for (const { ask } of [first, second]) await expect(ask()).rejects.toMatchObject(told);
    expect(walks).toBe(2);
  });

  test.each(['egainCredentialsRefused', 'egainScopeInsufficient'] as const)(
    'nobody gets one after %s, until a page walk has succeeded',
    async (kind) => {
      const [first = container(), second = container(), third = container()] = await warm(
        3,
        31_000,
      );
      const told = { kind, retryAfterSeconds: undefined };
      walk = failWith(new Fault(kind));
      await expect(first.ask()).rejects.toMatchObject(told);
      await expect(second.ask()).rejects.toMatchObject(told);

      walk = failWith(FAILURE);
      clock.advance(31_000);
      await expect(second.ask()).rejects.toBe(FAILURE);
      for (const { ask } of [first, third]) {
        await expect(ask()).rejects.toMatchObject({ code: '503-902' });
      }
      walk = named('well again');
      clock.advance(31_000);
      await expect(first.ask()).resolves.toMatchObject({ state: 'miss' });
      walk = failWith(FAILURE);
      clock.advance(31_000);
      await expect(first.ask()).resolves.toMatchObject({ state: 'stale' });
    },
  );

  test.each<[FaultName, number | undefined, number]>([
    ['egainThrottled', 90, 90],
    ['egainThrottled', undefined, 2],
    ['egainUnavailable', 90, 2],
  ])('it is left alone for as long as it says where it throttles: %s, %s', async (...row) => {
    const [kind, retryAfterSeconds, seconds] = row;
    walk = failWith(new Fault(kind, retryAfterSeconds === undefined ? {} : { retryAfterSeconds }));
    const { ask } = container();

    await expect(ask()).rejects.toMatchObject({ kind });
    await expect(ask()).rejects.toMatchObject({ code: '503-902', retryAfterSeconds: seconds });
  });

  test.each<[FaultName, number, boolean]>([
    ['misconfigured', 5000, false],
    ['secretStoreUnavailable', 5000, false],
    ['internalError', 5000, false],
    ['egainLeftAlone', 5000, false],
    ['timedOut', 4499, false],
    ['timedOut', 4500, true],
    ['egainUnavailable', 0, true],
  ])('what says nothing about eGain is not remembered: %s, %i ms', async (kind, ms, isKept) => {
    walk = async () => {
      clock.advance(ms);
      throw new Fault(kind);
    };

    await expect(container().ask()).rejects.toMatchObject({ kind });

    expect(state().failure?.fault).toBe(isKept ? kind : undefined);
  });

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

  test('the table is not asked again, by anybody who knows of it', async () => {
    const [first = container(), second = container()] = await warm(2, 31_000);
    walk = failWith(FAILURE);
    await first.ask();
    await second.ask();
    const read = vi.spyOn(table, 'read');

    for (const { ask } of [first, second]) {
      await expect(ask()).resolves.toMatchObject({ state: 'stale' });
      await expect(ask(TASK)).rejects.toMatchObject({ code: '503-902' });
    }
    expect(read).toHaveBeenCalledTimes(1);
  });

  test('nobody waits for the container that tries again', async () => {
    const [first = container(), second = container()] = await warm(2, 61_001);
    walk = failWith(FAILURE);
    await first.ask();
    clock.advance(2000);
    const { fail } = holdWalks();
    const trying = first.ask();
    await soon();

    for (const { ask } of [first, second]) {
      await expect(ask()).resolves.toMatchObject({ state: 'stale' });
    }
    fail(FAILURE);
    await expect(trying).resolves.toMatchObject({ state: 'stale', ageSeconds: 63 });
    expect(total('RenewalWaits')).toBe(0);
  });
});

describe('requests of one container that come while it renews the snapshot', () => {
  test.each(['there', 'away'])('get a stale answer; the table is %s', async (where) => {
    const [{ ask } = container()] = await warm(1, 30_000);
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

    const asked = [ask(), ask(TASK)];
    await soon();
    const late = ask(TASK);
    await soon();
    end();

    for (const each of [...asked, late]) {
      await expect(each).resolves.toMatchObject({ state: 'miss', ageSeconds: 0 });
    }
    expect(total('RenewalWaits')).toBe(0);
    expect(walks).toBe(1);
  });

  test('get nothing that has grown old by its end', async () => {
    const { store, ask } = container();
    const { end } = holdWalks();
    const walking = store.get(quarterOfAnHour());
    await soon();
    await pass(30_000);

    const asked = [ask(), ask(TASK)];
    await soon();
    end();
    await walking;

    for (const each of asked) await expect(each).resolves.toMatchObject({ ageSeconds: 0 });
    expect(walks).toBe(2);
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
    walk = named('account');
    await pass(2000);
    expect(await starter).toMatchObject({ code: '504-901' });
    expect(await patient).toMatchObject({ state: 'miss' });
    expect(walks).toBe(2);
  });
});

describe('while another container renews the snapshot', () => {
  test('a stale answer is given for one more period, and looks at the table every 250 ms', async () => {
    const [first = container(), second = container()] = await warm(2, 31_000);
    const { end } = holdWalks();
    const walking = first.ask();
    await soon();
    const read = vi.spyOn(table, 'read');

    for (const ms of [0, 249, 1, 249]) {
      clock.advance(ms);
      await expect(second.ask()).resolves.toMatchObject({ state: 'stale', ageSeconds: 31 });
    }
    expect(read).toHaveBeenCalledTimes(2);
    end();
    await walking;
    await expect(second.ask(TASK)).resolves.toMatchObject({ ageSeconds: 0 });
  });

  test('who may get none waits for its accounts, however long that takes', async () => {
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

  test('for long, a partner waits 5 s and only once, and anew for the next one', async () => {
    const [first = container(), second = container()] = await warm(2, 61_001);
    const hanging = holdWalks();
    const one = first.ask(TASK);
    await soon();
    const answered = vi.fn<(answer: SnapshotAnswer) => void>();
    void second.ask().then(answered);
    await soon();
    await pass(4995);
    expect(answered).not.toHaveBeenCalled();
    await pass(5);
    expect(answered).toHaveBeenCalledWith(expect.objectContaining({ state: 'stale' }));
    await expect(second.ask()).resolves.toMatchObject({ state: 'stale' });
    hanging.end();
    await one;

    clock.advance(61_001);
    const next = holdWalks();
    const other = first.ask(TASK);
    await soon();
    const again = second.ask();
    await pass(1000);
    next.end();
    await pass(500);

    await expect(again).resolves.toMatchObject({ state: 'miss' });
    await other;
    expect(total('RenewalWaits')).toBe(2);
  });

  test('who waits renews the snapshot itself once the lock ends', async () => {
    const { ask } = container();
    overwrite({ lock: { owner: 'one that died', until: clock.now() + 1000 } });

    const asked = ask();
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

    const { hash } = (await asked).snapshot;
    expect(state()).toEqual({
      content: { hash, parts: 1, writtenAt: clock.now(), fetchedAt: start },
    });
    expect(total('Renewals')).toBe(1);
    await pass(4000);
    expect(state().lock).toBeUndefined();
  });

  test('that another has taken over ends the page walk, and nothing is written', async () => {
    holdWalks();
    const asked = container().ask();
    await soon();
    overwrite({ lock: { owner: 'another', until: clock.now() + 60_000 } });

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
    const restore = change((well) => ({
      async read(...call) {
        const item = await well.read(...call);
        restore();
        await put('theirs');
        return item;
      },
    }));

    expect(await nameIn(container().ask())).toBe('theirs');
    expect(walks).toBe(0);
  });
});

test('who can never take the lock is told so when its time is over', async () => {
  change(() => ({
    async replace() {
      clock.advance(200);
      await soon();
      return false;
    },
  }));

  await expect(container().ask()).rejects.toMatchObject({ code: '504-901' });
});

describe('a container without the table', () => {
  test.each([
    ['from the beginning', () => breakTable('read', 'replace')],
    ['from the end of a page walk on', () => breakTable('replace', 'writeBytes')],
    ['for the parts alone', () => breakTable('writeBytes')],
    [
      'from a write on that another forestalled',
      () => change(() => ({ replace: async () => false, read: failWith(new Error('away')) })),
    ],
  ])('goes on alone, and its snapshot is its own: %s', async (_, breakIt) => {
    const { ask } = container();
    walk = async () => {
      breakIt();
      return [account()];
    };

    await expect(ask()).resolves.toMatchObject({ state: 'miss', ageSeconds: 0 });

    expect(state().content).toBeUndefined();
    expect(total('Renewals')).toBe(1);
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

  test('shares what it has fetched where the table has just failed', async () => {
    const { ask, store } = container();
    walk = async () => {
      const restore = breakTable('readBytes');
      overwrite({ ...state(), content: { hash: 'h', parts: 1, writtenAt: 0, fetchedAt: 1e13 } });
      await store.warmUp();
      restore();
      return [account()];
    };

    await ask();

    expect(total('SharedTableFailures')).toBe(1);
    expect(state().lock).toBeUndefined();
  });

  test('remembers a failure by itself, and takes no lock of another for its own', async () => {
    const { ask, store } = container();
    overwrite({ lock: { owner: 'another', until: clock.now() + 60_000 } });
    await store.warmUp();
    breakTable('read', 'replace');
    walk = failWith(FAILURE);

    await expect(ask()).rejects.toBe(FAILURE);
    await expect(ask()).rejects.toMatchObject({ code: '503-902' });

    expect(walks).toBe(1);
  });

  test('shows nothing that others fetched before eGain refused it', async () => {
    const [{ ask } = container()] = await warm(1, 31_000);
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
    const readBytes = vi.spyOn(table, 'readBytes');

    expect(await nameIn(ask())).toBe('own');
    expect(readBytes).not.toHaveBeenCalled();
  });

  test('gives its own up for a later one that it has learnt of meanwhile', async () => {
    const { store, ask } = container();
    const restore = breakTable('read', 'replace');
    const { end } = holdWalks();
    const own = store.get(quarterOfAnHour());
    await soon();
    restore();
    await pass(10_000);
    await put('theirs');
    expect(await nameIn(ask())).toBe('theirs');
    end();

    expect(await nameIn(own)).toBe('theirs');
    expect(await nameIn(ask())).toBe('theirs');
  });
});

const withParts = (parts: number) =>
  JSON.stringify({ content: { hash: 'h', writtenAt: 0, fetchedAt: 0, parts } });

describe('a shared state', () => {
  test.each(['nonsense', '{"lock":{"owner":1}}', withParts(0), withParts(1.5), withParts(10_001)])(
    'that cannot be read is none: %s',
    async (body) => {
      table.items.set(KEYS.state, { version: 7, body, expiresAt: 0 });

      await expect(container().ask()).resolves.toMatchObject({ state: 'miss' });

      expect(state().content).toBeDefined();
    },
  );

  test.each([
    ['of now', 7, 0],
    ['above the one there', Date.UTC(2100, 0, 1), 1],
  ])('is written under a version %s, and kept for 30 days', async (_, version, more) => {
    table.items.set(KEYS.state, { version, body: '{}', expiresAt: 0 });
    const replace = vi.spyOn(table, 'replace');

    await container().ask();

    const least = more === 0 ? clock.now() : version + 1;
    expect(replace.mock.calls.map(([, item]) => item.version)).toEqual([least, least + 1]);
    expect(table.items.get(KEYS.state)?.expiresAt).toBe(clock.now() + 30 * DAY_MS);
  });

  test('is written again where another was faster, four times at most', async () => {
    let tries = 0;
    const restore = change((well) => ({
      async replace(...call) {
        tries += 1;
        return tries === 4 ? well.replace(...call) : false;
      },
    }));
    walk = async () => {
      restore();
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
    walk = failWith(FAILURE);
    const readBytes = vi.spyOn(table, 'readBytes');

    const asked = await Promise.allSettled([nameIn(container().ask())]);

    expect(asked).toMatchObject([name === 'theirs' ? { value: name } : { reason: FAILURE }]);
    expect(readBytes).toHaveBeenCalledTimes(name === 'theirs' ? 1 : 0);
  });

  test('that cannot be read is logged, and written anew once', async () => {
    const { ask } = container();
    const { hash } = (await ask()).snapshot;
    const parts = [...table.bytes];
    table.bytes.clear();
    const other = container();

    await expect(other.ask()).resolves.toMatchObject({ state: 'miss' });

    expect([...table.bytes]).toEqual(parts);
    const message = 'The shared snapshot cannot be read';
    expect(lines).toEqual([{ level: 'warn', message, fields: { hash } }]);
    await expect(container().ask()).resolves.toMatchObject({ state: 'hit' });
    const writeBytes = vi.spyOn(table, 'writeBytes');
    clock.advance(30_000);
    await other.ask();
    expect(writeBytes).not.toHaveBeenCalled();
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
    const writeBytes = vi.spyOn(table, 'writeBytes');
    const { ask } = container();
    await ask();
    clock.advance(ms);
    await ask();

    const expiries = writeBytes.mock.calls.map(([, , expiresAt]) => expiresAt);
    expect(expiries).toHaveLength(times);
    const lastWrite = clock.now() - (times > 1 ? 0 : ms);
    expect(expiries.at(-1)).toBe(lastWrite + 3 * DAY_MS);
  });

  test('is the same object as before where it has not changed, whoever fetched it', async () => {
    const [first, second] = [container(), container()];
    const before = [await first.ask(), await second.ask()];
    clock.advance(31_000);

    const after = [await first.ask(), await second.ask()];

    after.forEach(({ snapshot }, index) => {
      expect(snapshot).toBe(before[index]?.snapshot);
    });
  });

  test('is not written after the time of the caller', async () => {
    table.writeBytes = () => new Promise(() => undefined);
    walk = async () => {
      clock.advance(500);
      return [account()];
    };

    const asked = container().store.get(createDeadline(1600, { clock }));
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
    const [first = container(), second = container()] = await warm(2, 31_000);
    spend(40_000);

    await expect(first.ask()).resolves.toMatchObject({ state: 'stale' });
    expect(state()).toMatchObject({ budgetSpentUntil: clock.now() + 40_000 });
    expect(state().failure).toBeUndefined();
    walk = named('account');
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

    for (const { ask } of [container(), container()]) {
      await expect(ask(TASK)).rejects.toMatchObject({
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
});

test('a container that starts can do without a page walk where there is a snapshot, or another fetches one', async () => {
  const canDoWithout = () => container().store.warmUp();
  expect(await canDoWithout()).toBe(false);
  const { end } = holdWalks();
  const walking = container().ask();
  await soon();
  expect(await canDoWithout()).toBe(true);
  end();
  await walking;
  expect(await canDoWithout()).toBe(true);
  clock.advance(30_000);
  expect(await canDoWithout()).toBe(false);
});

describe('a renewal by the schedule', () => {
  test('is due half a period after the last, or where a page walk has failed since', async () => {
    const refresh = scheduled();
    await expect(renew(refresh)).resolves.toBe('renewed');

    clock.advance(29_999);
    await expect(renew(refresh)).resolves.toBe('recent');
    clock.advance(1);
    await expect(renew(refresh)).resolves.toBe('renewed');
    const { kind: fault, code } = FAILURE;
    overwrite({ ...state(), failure: { fault, code, shutOut: false, count: 1, until: 0 } });
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

  test('is not tried while a failure is remembered, and then again', async () => {
    const refresh = scheduled();
    walk = failWith(FAILURE);
    await expect(renew(refresh)).rejects.toBe(FAILURE);
    walk = named('account');

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
