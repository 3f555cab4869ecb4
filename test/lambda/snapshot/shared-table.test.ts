import { describe, expect, test, vi } from 'vitest';
import { BudgetSpent } from '../../../lambda/egain/call-budget.ts';
import { Fault } from '../../../lambda/faults.ts';
import { createDeadline } from '../../../lambda/platform/deadline.ts';
import { total } from '../../../lambda/platform/metrics.ts';
import type { Snapshot } from '../../../lambda/snapshot/content.ts';
import { LOCK_MS } from '../../../lambda/snapshot/shared-state.ts';
import { account } from '../../support/accounts.ts';
import {
  ahead,
  beginAnew,
  breakTable,
  change,
  container,
  FAILURE,
  failWith,
  holdWalks,
  named,
  nameIn,
  overwrite,
  pass,
  put,
  SKEW_MS,
  STATE_KEY,
  shared,
  soon,
  state,
  TASK,
  warm,
} from '../../support/snapshot-containers.ts';

beginAnew();

const REFUSED = new Fault('egainCredentialsRefused');
const DAY_MS = 86_400_000;

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
    shared.walk = async () => {
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
    shared.walk = async () => {
      const restore = breakTable('readBytes');
      const now = shared.clock.now();
      overwrite({ ...state(), content: { hash: 'h', parts: 1, writtenAt: 0, fetchedAt: now } });
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
    overwrite({ lock: { owner: 'another', until: shared.clock.now() + LOCK_MS } });
    await store.warmUp();
    breakTable('read', 'replace');
    shared.walk = failWith(FAILURE);

    await expect(ask()).rejects.toBe(FAILURE);
    await expect(ask()).rejects.toMatchObject({ code: '503-902' });

    expect(shared.walks).toBe(1);
  });

  test('shows nothing that others fetched before eGain refused it', async () => {
    const [{ ask } = container()] = await warm(1, 31_000);
    const restore = breakTable('read', 'replace');
    shared.walk = failWith(REFUSED);
    await expect(ask()).rejects.toBe(REFUSED);
    restore();
    const refusedAt = shared.clock.now();
    shared.clock.advance(10_000);
    await put('before', refusedAt + SKEW_MS);
    shared.walk = failWith(FAILURE);

    await expect(ask()).rejects.toBe(FAILURE);
    shared.clock.advance(2000);
    await put('after', refusedAt + SKEW_MS + 1);

    expect(await nameIn(ask())).toBe('after');
  });

  test('takes what others fetch after eGain refused it, once they know of the refusal', async () => {
    const [{ ask } = container()] = await warm(1, 31_000);
    shared.walk = failWith(REFUSED);
    await expect(ask()).rejects.toBe(REFUSED);
    shared.clock.advance(2000);
    await put('after');

    expect(await nameIn(ask())).toBe('after');
    expect(shared.walks).toBe(2);
  });

  test('gives no snapshot back for an older one', async () => {
    await put('theirs', shared.clock.now() - 1000);
    shared.walk = named('own');
    const restore = breakTable('read', 'replace');
    const { ask } = container();
    expect(await nameIn(ask())).toBe('own');
    restore();
    shared.clock.advance(40_000);
    shared.walk = failWith(FAILURE);
    const readBytes = vi.spyOn(shared.table, 'readBytes');

    expect(await nameIn(ask())).toBe('own');
    expect(readBytes).not.toHaveBeenCalled();
  });
});

const CONTENT = { hash: 'h', writtenAt: 0, fetchedAt: 0, parts: 1 };
const LOCK = { owner: 'another', until: 1e300 };
const OUTLASTING = {
  fault: 'egainThrottled',
  code: '503-901',
  shutOut: true,
  count: 1,
  until: 1e300,
};

describe('a shared state', () => {
  test.each([
    ['nonsense', 'nonsense'],
    ['no object', '[]'],
    ['an owner of another type', { lock: { ...LOCK, owner: 1 } }],
    ['no time', { lock: { owner: 'another' } }],
    ['no parts', { content: { ...CONTENT, parts: 0 } }],
    ['half a part', { content: { ...CONTENT, parts: 1.5 } }],
    ['more parts than can be read', { content: { ...CONTENT, parts: 1001 } }],
    ['a hash that no key can hold', { content: { ...CONTENT, hash: 'h'.repeat(65) } }],
    ['a content of the far future', { content: { ...CONTENT, fetchedAt: 1e300 } }],
    ['parts of the far future', { content: { ...CONTENT, writtenAt: 1e300 } }],
    ['a content of the far past', { content: { ...CONTENT, fetchedAt: -1e300 } }],
    ['a lock without end', { lock: LOCK }],
    ['a failure without end', { failure: OUTLASTING }],
    ['an unknown failure', { failure: { ...OUTLASTING, fault: 'unknown' } }],
    ['a spent budget without end', { budgetSpentUntil: 1e300 }],
  ])('with %s is no worse than none', async (_, written) => {
    const body = typeof written === 'string' ? written : JSON.stringify(written);
    shared.table.items.set(STATE_KEY, { version: 7, body, expiresAt: 0 });

    await expect(container().ask()).resolves.toMatchObject({ state: 'miss' });
    await expect(container().ask()).resolves.toMatchObject({ state: 'hit' });

    expect(shared.walks).toBe(1);
    expect(total('SharedTableFailures')).toBe(0);
  });

  test.each([
    ['of now', 7, 0],
    ['above the one there', Date.UTC(2100, 0, 1), 1],
  ])('is written under a version %s, and kept for 30 days', async (_, version, more) => {
    shared.table.items.set(STATE_KEY, { version, body: '{}', expiresAt: 0 });
    const replace = vi.spyOn(shared.table, 'replace');

    await container().ask();

    const least = more === 0 ? shared.clock.now() : version + 1;
    expect(replace.mock.calls.map(([, item]) => item.version)).toEqual([least, least + 1]);
    expect(shared.table.items.get(STATE_KEY)?.expiresAt).toBe(shared.clock.now() + 30 * DAY_MS);
  });

  test('is written again where another was faster, four times at most', async () => {
    let tries = 0;
    const restore = change((well) => ({
      async replace(...call) {
        tries += 1;
        if (tries === 4) return well.replace(...call);
        overwrite({});
        return false;
      },
    }));
    shared.walk = async () => {
      restore();
      return [account()];
    };

    await expect(container().ask()).resolves.toMatchObject({ state: 'miss' });

    expect(tries).toBe(4);
    expect(state().content).toBeDefined();
  });
});

describe.each([600_000, -600_000])('of a container whose clock is %i ms ahead', (aheadMs) => {
  test('the lock counts for ten seconds after it was seen', async () => {
    const { ask, store } = container();
    await store.warmUp();
    overwrite({ lock: { owner: 'a', until: shared.clock.now() + aheadMs + LOCK_MS } }, aheadMs);
    const asked = ask();
    await pass(LOCK_MS - 500);
    expect(shared.walks).toBe(0);
    await pass(1000);

    await expect(asked).resolves.toMatchObject({ state: 'miss' });
    expect(shared.walks).toBe(1);
  });

  test.each([
    ['of its own', FAILURE, '503-902', 2],
    ['of a throttle', new Fault('egainThrottled', { retryAfterSeconds: 50 }), '503-902', 50],
    ['of a budget', new BudgetSpent(50_000, 'it is spent'), '503-901', 50],
  ])('a failure counts for as long as it should: %s', async (_, fault, code, seconds) => {
    const { ask, store } = container();
    await store.warmUp();
    shared.walk = failWith(fault);
    await expect(ahead(aheadMs).ask()).rejects.toBe(fault);
    shared.walk = named('account');

    await expect(ask(TASK)).rejects.toMatchObject({ code, retryAfterSeconds: seconds });
    shared.clock.advance(seconds * 1000);
    await expect(ask(TASK)).resolves.toMatchObject({ state: 'miss' });
  });
});

describe('the content of a container whose clock is ten minutes ahead', () => {
  test('is as old as it was when it was seen first, however often it is looked at', async () => {
    await ahead(600_000).ask();
    shared.walk = failWith(FAILURE);
    const { ask } = container();

    await expect(ask()).resolves.toMatchObject({ state: 'hit', ageSeconds: 0 });
    shared.clock.advance(30_000);
    await expect(ask()).resolves.toMatchObject({ state: 'stale', ageSeconds: 30 });
    shared.clock.advance(564_999);
    await expect(ask()).resolves.toMatchObject({ state: 'stale' });
    shared.clock.advance(5002);
    await expect(ask()).rejects.toBe(FAILURE);
  });

  test('is nothing that a task gets, since nobody knows how old it is', async () => {
    await ahead(600_000).ask();
    shared.walk = named('own');

    expect(await nameIn(container().ask(TASK))).toBe('own');
    expect(await nameIn(container().ask(TASK))).toBe('own');
    expect(shared.walks).toBe(2);
  });

  test('gives way to what others fetch', async () => {
    await ahead(600_000).ask();
    const { ask } = container();
    await ask();
    shared.clock.advance(30_000);
    shared.walk = named('own');

    expect(await nameIn(ask())).toBe('own');
    expect(await nameIn(container().ask())).toBe('own');
  });
});

describe('the content in the table', () => {
  test.each([
    [600_000 - SKEW_MS, 'theirs'],
    [600_001 - SKEW_MS, 'own'],
  ])('is read where it may still be shown: %i ms old', async (ageMs, name) => {
    await put('theirs', shared.clock.now() - ageMs);
    shared.walk = failWith(FAILURE);
    const readBytes = vi.spyOn(shared.table, 'readBytes');

    const asked = await Promise.allSettled([nameIn(container().ask())]);

    expect(asked).toMatchObject([name === 'theirs' ? { value: name } : { reason: FAILURE }]);
    expect(readBytes).toHaveBeenCalledTimes(name === 'theirs' ? 1 : 0);
  });

  test('that cannot be read is logged, and written anew once', async () => {
    const { ask } = container();
    const { hash } = (await ask()).snapshot;
    const parts = [...shared.table.bytes];
    shared.table.bytes.clear();
    const other = container();

    await expect(other.ask()).resolves.toMatchObject({ state: 'miss' });

    expect([...shared.table.bytes]).toEqual(parts);
    const message = 'The shared snapshot cannot be read';
    expect(shared.lines).toEqual([{ level: 'warn', message, fields: { hash } }]);
    await expect(container().ask()).resolves.toMatchObject({ state: 'hit' });
    const writeBytes = vi.spyOn(shared.table, 'writeBytes');
    shared.clock.advance(30_000);
    await other.ask();
    expect(writeBytes).not.toHaveBeenCalled();
  });

  test('that cannot be read because the table is away is not written anew', async () => {
    await put('theirs');
    breakTable('readBytes');
    const writeBytes = vi.spyOn(shared.table, 'writeBytes');
    shared.walk = named('theirs');

    await expect(container().ask()).resolves.toMatchObject({ state: 'miss' });

    expect(writeBytes).not.toHaveBeenCalled();
    expect(shared.lines).toMatchObject([{ message: 'The shared table cannot be used' }]);
  });

  test.each([
    ['within a day', DAY_MS - 1, 1],
    ['after a day', DAY_MS, 2],
  ])('has its parts written again %s, for three days more', async (_, ms, times) => {
    const writeBytes = vi.spyOn(shared.table, 'writeBytes');
    const { ask } = container();
    await ask();
    shared.clock.advance(ms);
    await ask();

    const expiries = writeBytes.mock.calls.map(([, , expiresAt]) => expiresAt);
    expect(expiries).toHaveLength(times);
    const lastWrite = shared.clock.now() - (times > 1 ? 0 : ms);
    expect(expiries.at(-1)).toBe(lastWrite + 3 * DAY_MS);
  });

  test('is the same object as before where it has not changed, whoever fetched it', async () => {
    const [first, second] = [container(), container()];
    const before = [await first.ask(), await second.ask()];
    shared.clock.advance(31_000);

    const after = [await first.ask(), await second.ask()];

    after.forEach(({ snapshot }, index) => {
      expect(snapshot).toBe(before[index]?.snapshot);
    });
  });

  test('is not written after the time of the caller', async () => {
    shared.table.writeBytes = () => new Promise(() => undefined);
    shared.walk = async () => {
      shared.clock.advance(500);
      return [account()];
    };

    const asked = container().store.get(createDeadline(1600, { clock: shared.clock }));
    await soon();
    await pass(100);

    await expect(asked).resolves.toMatchObject({ state: 'miss' });
    expect(state()).toEqual({});
  });
});

describe('a snapshot that is fresh and not the one that is wanted', () => {
  test('is given only where no other container has made a newer one', async () => {
    const [one = container()] = await warm(1, 10_000);
    await put('newer');

    await expect(nameIn(one.ask())).resolves.toBe('account');
    const { hash } = state().content ?? {};
    const wanted = { isWanted: (snapshot: Snapshot) => snapshot.hash === hash };
    await expect(nameIn(one.ask({ ...TASK, ...wanted }))).resolves.toBe('newer');
    await expect(nameIn(one.ask(wanted))).resolves.toBe('newer');
    await expect(nameIn(one.ask({ isWanted: () => false }))).resolves.toBe('newer');
  });

  test('makes a container look at the table four times a second at most', async () => {
    const [one = container()] = await warm(1, 10_000);
    let reads = 0;
    change((well) => ({
      read(key) {
        reads += 1;
        return well.read(key);
      },
    }));

    for (let times = 0; times < 10; times += 1) {
      await one.ask({ isWanted: () => false });
      shared.clock.advance(50);
    }

    expect(reads).toBe(2);
  });
});
