import { describe, expect, test } from 'vitest';
import { Fault } from '../../../lambda/faults.ts';
import { createDeadline } from '../../../lambda/platform/deadline.ts';
import { sharedKeys } from '../../../lambda/platform/table.ts';
import { createSnapshots } from '../../../lambda/snapshot/snapshots.ts';
import { CANARY, createWorld, makeAccounts, startUpstream } from '../../support/egain-world.ts';
import { page } from '../../support/fault-row.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { recordTelemetry } from '../../support/recorded-telemetry.ts';
import { createTestDeadline } from '../../support/virtual-clock.ts';

const upstream = await startUpstream();

const failing = () => ({ status: 400 });

describe('freshness', () => {
  test('a snapshot answers until it is 30 s old, and tells its age', async () => {
    const { ask, clock } = createWorld(upstream);

    expect(await ask()).toMatchObject({ state: 'miss', ageSeconds: 0, freshSecondsLeft: 30 });
    clock.advance(29_999);
    expect(await ask()).toMatchObject({ state: 'hit', ageSeconds: 29, freshSecondsLeft: 0 });
    clock.advance(1);
    expect(await ask()).toMatchObject({ state: 'miss', ageSeconds: 0, freshSecondsLeft: 30 });
    expect(upstream.accounts.calls).toHaveLength(2);
  });

  test('it counts from the beginning of the walk', async () => {
    const { ask, clock } = createWorld(upstream);
    const body = page(makeAccounts(1), { count: 1, pagesize: 25 });
    upstream.accounts.script = [{ ...body, before: () => clock.advance(7500) }];

    expect(await ask()).toMatchObject({ state: 'miss', ageSeconds: 7, freshSecondsLeft: 22 });
  });
});

describe('after a failure', () => {
  test('an earlier snapshot stands in until it is 600 s old', async () => {
    const { ask, clock } = createWorld(upstream);
    await ask();
    upstream.accounts.otherwise = failing;

    clock.advance(600_000);
    expect(await ask()).toMatchObject({ state: 'stale', ageSeconds: 600, freshSecondsLeft: 0 });
    clock.advance(1);
    const details = [{ key: 'cause', value: '502-903' }];
    await expect(ask()).rejects.toMatchObject({ code: '503-902', retryAfterSeconds: 2, details });
  });

  test('none stands in for who will have none', async () => {
    const { ask, clock } = createWorld(upstream);
    await ask();
    upstream.accounts.otherwise = failing;
    clock.advance(31_000);

    await expect(ask({ stale: false })).rejects.toMatchObject({ code: '502-903' });
    await expect(ask()).resolves.toMatchObject({ state: 'stale' });
  });

  test.each([401, 403])('none stands in after %i, until a walk has succeeded', async (status) => {
    const { ask, clock } = createWorld(upstream);
    const well = upstream.accounts.otherwise;
    await ask();
    upstream.accounts.otherwise = () => ({ status });
    clock.advance(31_000);
    await expect(ask()).rejects.toMatchObject({ status: 502 });

    upstream.accounts.otherwise = failing;
    clock.advance(31_000);
    await expect(ask()).rejects.toMatchObject({ code: '502-903' });
    upstream.accounts.otherwise = well;
    clock.advance(31_000);
    await expect(ask()).resolves.toMatchObject({ state: 'miss' });
    upstream.accounts.otherwise = failing;
    clock.advance(31_000);
    await expect(ask()).resolves.toMatchObject({ state: 'stale' });
  });
});

describe('a walk that fails', () => {
  test.each([
    ['a fault', new Fault('egainUnavailable', { reason: 'it is away' }), '502-905', 'it is away'],
    ['an unforeseen error', new TypeError(CANARY.token), '500-901', 'an unexpected error'],
    ['what is no error', CANARY.token, '500-901', 'an unexpected error'],
  ])('of %s is logged, telling nothing secret, and thrown', async (_, thrown, code, reason) => {
    const clock = createManualClock();
    const telemetry = recordTelemetry();
    const store = createSnapshots({
      fetchAccounts: () => Promise.reject(thrown),
      config: { freshSeconds: 30, staleSeconds: 600 },
      table: undefined,
      keys: sharedKeys({ apiUrl: '', tokenUrl: '', scope: '', secretArn: '' }),
      clock,
      telemetry,
    });

    await expect(store.get(createDeadline(10_000, { clock }))).rejects.toBe(thrown);

    const message = 'The accounts could not be fetched';
    expect(telemetry.lines).toEqual([{ level: 'warn', message, fields: { code, reason } }]);
  });
});

describe('a renewal that is shared', () => {
  test('ends for each caller at its own deadline, and goes on for the others', async () => {
    const { service, clock } = createWorld(upstream);
    const arrived = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    upstream.accounts.script = [
      {
        ...page(makeAccounts(1), { count: 1, pagesize: 25 }),
        before: () => arrived.resolve(),
        after: release.promise,
      },
    ];
    const long = createTestDeadline(20_000, clock);
    const short = createTestDeadline(5000, clock);

    const first = service.snapshots.get(long);
    await arrived.promise;
    const second = service.snapshots.get(short);
    clock.advance(4000);

    await expect(second).rejects.toMatchObject({ code: '504-901' });
    release.resolve();
    await expect(first).resolves.toMatchObject({ state: 'miss' });
    expect(upstream.accounts.calls).toHaveLength(1);
  });

  test('is begun anew by who has time left, when its starter had none', async () => {
    const { service, clock } = createWorld(upstream);
    const arrived = Promise.withResolvers<void>();
    upstream.accounts.script = [{ hang: true, before: () => arrived.resolve() }];
    const short = createTestDeadline(5000, clock);
    const long = createTestDeadline(20_000, clock);

    const first = service.snapshots.get(short);
    await arrived.promise;
    const second = service.snapshots.get(long);
    clock.advance(4000);

    await expect(first).rejects.toMatchObject({ code: '504-901' });
    await expect(second).resolves.toMatchObject({ state: 'miss' });
  });
});
