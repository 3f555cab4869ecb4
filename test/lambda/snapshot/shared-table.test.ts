import { describe, expect, test, vi } from 'vitest';
import { Fault } from '../../../lambda/faults.ts';
import { createDeadline } from '../../../lambda/platform/deadline.ts';
import { total } from '../../../lambda/platform/metrics.ts';
import { account } from '../../support/accounts.ts';
import {
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
    overwrite({ lock: { owner: 'another', until: shared.clock.now() + 60_000 } });
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

const withParts = (parts: number) =>
  JSON.stringify({ content: { hash: 'h', writtenAt: 0, fetchedAt: 0, parts } });

describe('a shared state', () => {
  test.each(['nonsense', '{"lock":{"owner":1}}', withParts(0), withParts(1.5), withParts(10_001)])(
    'that cannot be read is none: %s',
    async (body) => {
      shared.table.items.set(STATE_KEY, { version: 7, body, expiresAt: 0 });

      await expect(container().ask()).resolves.toMatchObject({ state: 'miss' });

      expect(state().content).toBeDefined();
    },
  );

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
        return tries === 4 ? well.replace(...call) : false;
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
