import { describe, expect, test, vi } from 'vitest';
import { Fault, type FaultName } from '../../../lambda/faults.ts';
import { total } from '../../../lambda/platform/metrics.ts';
import {
  beginAnew,
  container,
  FAILURE,
  failWith,
  holdWalks,
  named,
  nameIn,
  put,
  SKEW_MS,
  shared,
  soon,
  state,
  TASK,
  warm,
} from '../../support/snapshot-containers.ts';

beginAnew();

describe('freshness', () => {
  test('a snapshot answers without the table until it is 30 s old, and tells its age', async () => {
    const { ask } = container();
    const first = await ask();
    expect(first).toMatchObject({ state: 'miss', ageSeconds: 0, freshSeconds: 30 });
    const read = vi.spyOn(shared.table, 'read');
    shared.clock.advance(29_999);

    expect(await ask()).toMatchObject({ state: 'hit', ageSeconds: 29, freshSeconds: 30 });
    expect(read).not.toHaveBeenCalled();
    shared.clock.advance(1);

    expect(await ask()).toMatchObject({ state: 'miss', ageSeconds: 0, freshSeconds: 30 });
    expect(shared.walks).toBe(2);
  });

  test('a task takes no snapshot that another clock may make younger than it is', async () => {
    await put('old', shared.clock.now() + 1000);
    shared.walk = named('new');
    const { ask } = container();

    expect(await ask(TASK)).toMatchObject({ ageSeconds: 0, freshSeconds: 30 });
    shared.clock.advance(30_999 - SKEW_MS);
    expect(await nameIn(ask(TASK))).toBe('old');
    shared.clock.advance(1);
    expect(await ask()).toMatchObject({ state: 'hit' });
    expect(await nameIn(ask(TASK))).toBe('new');
  });
});

describe('after a failure', () => {
  test('a stale answer is given until the snapshot is 600 s old, but not to a task', async () => {
    const [first = container(), second = container()] = await warm(2, 600_000);
    shared.walk = failWith(FAILURE);

    const stale = { state: 'stale', ageSeconds: 600, freshSeconds: 30 };
    await expect(first.ask(TASK)).rejects.toBe(FAILURE);
    expect(await first.ask()).toMatchObject({ ...stale, leftAlone: true });
    shared.clock.advance(-SKEW_MS);
    expect(await second.ask()).toMatchObject({ state: 'stale' });
    shared.clock.advance(SKEW_MS + 1);
    const told = {
      code: '503-902',
      retryAfterSeconds: 2,
      details: [{ key: 'cause', value: '502-905' }],
      reason: 'a page walk failed with 502-905; failures in a row: 1',
    };
    for (const { ask } of [first, second]) await expect(ask()).rejects.toMatchObject(told);
    expect(shared.walks).toBe(2);
  });

  test.each(['egainCredentialsRefused', 'egainScopeInsufficient'] as const)(
    'nobody gets one after %s, until a page walk has succeeded',
    async (kind) => {
      const [first = container(), second = container(), third = container()] = await warm(
        3,
        31_000,
      );
      const told = { kind, retryAfterSeconds: undefined };
      shared.walk = failWith(new Fault(kind));
      await expect(first.ask()).rejects.toMatchObject(told);
      await expect(second.ask()).rejects.toMatchObject(told);

      shared.walk = failWith(FAILURE);
      shared.clock.advance(31_000);
      await expect(second.ask()).rejects.toBe(FAILURE);
      for (const { ask } of [first, third]) {
        await expect(ask()).rejects.toMatchObject({ code: '503-902' });
      }
      shared.walk = named('well again');
      shared.clock.advance(31_000);
      await expect(first.ask()).resolves.toMatchObject({ state: 'miss' });
      shared.walk = failWith(FAILURE);
      shared.clock.advance(31_000);
      await expect(first.ask()).resolves.toMatchObject({ state: 'stale' });
    },
  );

  test.each<[FaultName, number | undefined, number]>([
    ['egainThrottled', 90, 90],
    ['egainThrottled', undefined, 2],
    ['egainUnavailable', 90, 2],
  ])('it is left alone for as long as it says where it throttles: %s, %s', async (...row) => {
    const [kind, retryAfterSeconds, seconds] = row;
    shared.walk = failWith(
      new Fault(kind, retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    );
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
    shared.walk = async () => {
      shared.clock.advance(ms);
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
    shared.walk = failWith(thrown);

    await expect(container().ask()).rejects.toBe(thrown);

    const message = 'The accounts could not be fetched';
    expect(shared.lines).toEqual([{ level: 'warn', message, fields: { code, reason } }]);
  });

  test('the table is not asked again, by anybody who knows of it', async () => {
    const [first = container(), second = container()] = await warm(2, 31_000);
    shared.walk = failWith(FAILURE);
    await first.ask();
    await second.ask();
    const read = vi.spyOn(shared.table, 'read');

    for (const { ask } of [first, second]) {
      await expect(ask()).resolves.toMatchObject({ state: 'stale' });
      await expect(ask(TASK)).rejects.toMatchObject({ code: '503-902' });
    }
    expect(read).toHaveBeenCalledTimes(1);
  });

  test('nobody waits for the container that tries again', async () => {
    const [first = container(), second = container()] = await warm(2, 61_001);
    shared.walk = failWith(FAILURE);
    await first.ask();
    shared.clock.advance(2000);
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
