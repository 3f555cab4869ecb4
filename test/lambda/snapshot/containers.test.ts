import { describe, expect, test, vi } from 'vitest';
import { total } from '../../../lambda/platform/metrics.ts';
import type { World } from '../../support/egain-world.ts';
import {
  createFleet,
  makeAccounts,
  servePages,
  startUpstream,
  tokenReply,
} from '../../support/egain-world.ts';
import { createTestDeadline } from '../../support/virtual-clock.ts';

const upstream = await startUpstream();

const calls = () => [upstream.accounts.calls.length, upstream.token.calls.length];
const states = (containers: readonly World[]) =>
  Promise.all(containers.map(async ({ ask }) => (await ask()).state));
/** One after the other, so that nobody waits and no time passes. */
const warm = async (containers: readonly World[]) => {
  for (const { ask } of containers) await ask();
};
/** From now on eGain answers so, or as before, but no sooner than it is told to. */
function holdPages(answer = upstream.accounts.otherwise) {
  const arrived = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  upstream.accounts.otherwise = (request) => ({
    ...answer(request),
    before: () => arrived.resolve(),
    after: release.promise,
  });
  return { arrived: arrived.promise, release: release.resolve };
}

const hang = (clock: { advance(ms: number): void }) => () => ({
  hang: true,
  before: () => clock.advance(5000),
});

describe('eight containers', () => {
  test('that start together make one walk and one token, and all have the whole list', async () => {
    const { containers } = createFleet(upstream, 8);
    upstream.accounts.otherwise = servePages({ accounts: makeAccounts(60), pagesize: 25 });

    const answers = await Promise.all(containers.map(({ ask }) => ask()));

    expect(calls()).toEqual([3, 1]);
    for (const { snapshot } of answers) expect(snapshot).toEqual(answers[0]?.snapshot);
    expect(answers[0]?.snapshot.accounts).toHaveLength(60);
    expect(total('Renewals')).toBe(1);
    expect(total('RenewalWaits')).toBe(7);
  });

  test('that only start ask eGain for nothing', async () => {
    const { containers } = createFleet(upstream, 8);

    await Promise.all(containers.map(({ service }) => service.warmUp()));

    expect(calls()).toEqual([0, 0]);
  });

  test('that start while there is a snapshot answer from it at once, without the secret', async () => {
    const { containers } = createFleet(upstream, 8);
    const [first, ...others] = containers;
    await first?.ask();

    await Promise.all(others.map(({ service }) => service.warmUp()));

    expect(new Set(await states(others))).toEqual(new Set(['hit']));
    expect(calls()).toEqual([1, 1]);
    expect(upstream.secrets.calls).toHaveLength(1);
  });

  test('answer from what they have while one of them renews it', async () => {
    const { containers, clock } = createFleet(upstream, 8);
    await warm(containers);
    clock.advance(31_000);
    const { arrived, release } = holdPages();
    const [first, ...others] = containers;

    const renewing = first?.ask();
    await arrived;
    const meanwhile = await Promise.all(others.map(({ ask }) => ask()));
    release();

    for (const answer of meanwhile)
      expect(answer).toMatchObject({ state: 'stale', ageSeconds: 31 });
    await expect(renewing).resolves.toMatchObject({ state: 'miss', ageSeconds: 0 });
    clock.advance(250);
    expect(await states(others)).toEqual(others.map(() => 'hit'));
    expect(calls()).toEqual([2, 1]);
  });

  test('look at the table four times a second while one of them renews, however many ask', async () => {
    const { containers, clock, table } = createFleet(upstream, 2);
    await warm(containers);
    const [first, second] = containers;
    clock.advance(31_000);
    const { arrived, release } = holdPages();
    const renewing = first?.ask();
    await arrived;
    const read = vi.spyOn(table, 'read');

    for (const ms of [0, 249, 1, 249]) {
      clock.advance(ms);
      await expect(second?.ask()).resolves.toMatchObject({ state: 'stale' });
    }
    expect(read).toHaveBeenCalledTimes(2);

    release();
    await renewing;
    await expect(second?.ask({ stale: false })).resolves.toMatchObject({ ageSeconds: 0 });
  });

  test('let a task wait for that renewal', async () => {
    const { containers, clock } = createFleet(upstream, 2);
    await warm(containers);
    clock.advance(31_000);
    const [first, second] = containers;

    const answers = await Promise.all([first?.ask(), second?.ask({ stale: false })]);

    expect(answers.map((answer) => answer?.state)).toEqual(['miss', 'miss']);
    expect(calls()).toEqual([2, 1]);
  });

  test('learn of a failure from one of them, and leave eGain alone together', async () => {
    const { containers, clock } = createFleet(upstream, 8);
    const [first, ...others] = containers;
    await warm(containers.slice(0, 4));
    upstream.accounts.otherwise = () => ({ status: 500 });
    clock.advance(61_000);
    await expect(first?.ask()).resolves.toMatchObject({ state: 'stale', ageSeconds: 61 });
    const before = calls();

    expect(await states(others)).toEqual(others.map(() => 'stale'));
    await expect(others[0]?.ask({ stale: false })).rejects.toMatchObject({
      code: '503-902',
      details: [{ key: 'cause', value: '502-905' }],
    });

    expect(calls()).toEqual(before);
    expect(total('RememberedFailures')).toBe(8);
  });

  test('show nothing once eGain has refused the credentials, until a walk has succeeded', async () => {
    const { containers, clock } = createFleet(upstream, 8);
    const well = upstream.accounts.otherwise;
    const [first, ...others] = containers;
    await warm(containers);
    upstream.accounts.otherwise = () => ({ status: 403 });
    clock.advance(31_000);
    await expect(first?.ask()).rejects.toMatchObject({ code: '502-902' });

    for (const { ask } of others) await expect(ask()).rejects.toMatchObject({ code: '502-902' });
    upstream.accounts.otherwise = () => ({ status: 500 });
    clock.advance(2000);
    await expect(others[0]?.ask()).rejects.toMatchObject({ code: '502-905' });
    for (const { ask } of containers)
      await expect(ask()).rejects.toMatchObject({ code: '503-902' });

    upstream.accounts.otherwise = well;
    clock.advance(4000);
    await expect(others[1]?.ask()).resolves.toMatchObject({ state: 'miss' });
    expect(await states(containers)).toEqual(containers.map(() => 'hit'));
  });
});

describe('while eGain hangs', () => {
  test('one request waits 5 s before the snapshot stands in, and the next ones not at all', async () => {
    const { containers, clock } = createFleet(upstream, 3);
    await warm(containers);
    clock.advance(61_000);
    upstream.accounts.otherwise = hang(clock);

    const [first, ...others] = containers;
    await expect(first?.ask()).resolves.toMatchObject({ state: 'stale', ageSeconds: 66 });
    const before = calls();
    expect(await states(others)).toEqual(['stale', 'stale']);
    await expect(others[0]?.ask({ stale: false })).rejects.toMatchObject({ code: '503-902' });

    expect(calls()).toEqual(before);
  });

  test('the table is not asked again while a failure counts, by anybody who knows of it', async () => {
    const { containers, clock, table } = createFleet(upstream, 3);
    await warm(containers);
    clock.advance(61_000);
    upstream.accounts.otherwise = hang(clock);
    await warm(containers);
    const reads = vi.spyOn(table, 'read');

    clock.advance(1999);
    expect(await states(containers)).toEqual(['stale', 'stale', 'stale']);
    await expect(containers[1]?.ask({ stale: false })).rejects.toMatchObject({ code: '503-902' });
    expect(reads.mock.calls.length).toBeLessThanOrEqual(1);
    const before = reads.mock.calls.length;
    clock.advance(1);
    await containers[2]?.ask();
    expect(reads.mock.calls.length).toBeGreaterThan(before);
  });

  test('nobody waits for the one that tries again', async () => {
    const { containers, clock } = createFleet(upstream, 3);
    await warm(containers);
    clock.advance(61_000);
    upstream.accounts.otherwise = hang(clock);
    const [first, ...others] = containers;
    await first?.ask();
    clock.advance(2000);
    const { arrived, release } = holdPages(() => ({ status: 500 }));

    const trying = first?.ask();
    await arrived;
    expect(await states(others)).toEqual(['stale', 'stale']);
    release();

    await expect(trying).resolves.toMatchObject({ state: 'stale', ageSeconds: 68 });
    expect(total('RenewalWaits')).toBe(0);
  });

  test('for a task, which waits as long as it lives, a partner waits for that task 5 s and only once', async () => {
    const { containers, clock } = createFleet(upstream, 2);
    await warm(containers);
    clock.advance(61_000);
    const { arrived, release } = holdPages(() => ({ status: 500 }));
    const [task, partner] = containers;

    const walking = task?.ask({ stale: false });
    await arrived;
    const before = clock.now();
    await expect(partner?.ask()).resolves.toMatchObject({ state: 'stale' });
    expect(clock.now() - before).toBe(5000);
    await expect(partner?.ask()).resolves.toMatchObject({ state: 'stale' });
    expect(clock.now() - before).toBe(5000);
    release();

    await expect(walking).rejects.toMatchObject({ code: '502-905' });
    expect(total('RenewalWaits')).toBe(1);
    expect(calls()).toEqual([4, 1]);
  });

  test('the token endpoint has no more time than a page', async () => {
    const { containers, clock } = createFleet(upstream, 2);
    upstream.token.otherwise = () => tokenReply('short', { expires_in: 30 });
    await warm(containers);
    clock.advance(61_000);
    upstream.token.otherwise = hang(clock);

    await expect(containers[0]?.ask()).resolves.toMatchObject({ state: 'stale', ageSeconds: 66 });
    await expect(containers[1]?.ask()).resolves.toMatchObject({ state: 'stale', ageSeconds: 66 });
    expect(upstream.token.calls).toHaveLength(2);
  });
});

describe('a budget of calls', () => {
  test('allows no page walk that does not fit, and says when one may fit', async () => {
    const { containers, clock } = createFleet(upstream, 3, { callsPerMinute: 4 });
    upstream.accounts.otherwise = servePages({ accounts: makeAccounts(60), pagesize: 25 });
    const [first, second, third] = containers;
    await first?.ask();
    expect(calls()).toEqual([3, 1]);
    await second?.ask();
    clock.advance(31_000);

    await expect(first?.ask()).resolves.toMatchObject({ state: 'stale', ageSeconds: 31 });
    await expect(third?.ask({ stale: false })).rejects.toMatchObject({
      code: '503-901',
      retryAfterSeconds: 46,
    });
    expect(calls()).toEqual([3, 1]);

    clock.advance(46_000);
    await expect(first?.ask()).resolves.toMatchObject({ state: 'miss' });
    expect(calls()).toEqual([6, 1]);
  });

  test('that a page walk does not fit into shows after its first page', async () => {
    const { containers, clock } = createFleet(upstream, 2, { callsPerMinute: 3 });
    upstream.accounts.otherwise = servePages({ accounts: makeAccounts(60), pagesize: 25 });
    const [first, second] = containers;

    await expect(first?.ask()).rejects.toMatchObject({ code: '503-901', retryAfterSeconds: 77 });
    expect(calls()).toEqual([1, 1]);
    clock.advance(70_000);
    await expect(second?.ask({ remainingMs: 5000 })).rejects.toMatchObject({ code: '503-901' });
    expect(calls()).toEqual([1, 1]);
    clock.advance(7000);

    await expect(second?.ask()).resolves.toMatchObject({ state: 'miss' });
    expect(calls()).toEqual([4, 1]);
  });

  test('is not passed while the table that counts the calls is away', async () => {
    const { containers, table, clock } = createFleet(upstream, 1, { callsPerMinute: 100 });
    await containers[0]?.ask();
    clock.advance(31_000);
    table.read = () => Promise.reject(new Error('away'));
    table.replace = () => Promise.reject(new Error('away'));
    const before = calls();

    await expect(containers[0]?.ask()).resolves.toMatchObject({ state: 'stale' });
    expect(calls()).toEqual(before);
    expect(total('SharedTableFailures')).toBeGreaterThan(0);
  });
});

describe('without the table for a while', () => {
  test('each container goes on by itself, and asks again after 10 s', async () => {
    const { containers, table, clock } = createFleet(upstream, 2);
    await warm(containers);
    clock.advance(61_000);
    const well = table.read.bind(table);
    table.read = () => Promise.reject(new Error('away'));
    expect(await states(containers)).toEqual(['miss', 'miss']);
    expect(calls()).toEqual([3, 2]);

    table.read = well;
    clock.advance(31_000);
    await expect(containers[0]?.ask()).resolves.toMatchObject({ state: 'miss' });
    await expect(containers[1]?.ask()).resolves.toMatchObject({ state: 'hit' });
    expect(calls()).toEqual([4, 2]);
  });
});

describe('with a schedule', () => {
  test('requests leave the renewal to it, until it has evidently stopped', async () => {
    const { containers, clock } = createFleet(upstream, 2, { refreshSeconds: 60 });
    const [api, refresh] = containers;
    const deadline = createTestDeadline(900_000, clock, Number.POSITIVE_INFINITY);
    await expect(refresh?.service.renew(deadline)).resolves.toBe('renewed');
    await expect(api?.ask()).resolves.toMatchObject({ state: 'hit' });
    clock.advance(59_000);
    await expect(api?.ask()).resolves.toMatchObject({ state: 'stale', ageSeconds: 59 });
    await expect(refresh?.service.renew(deadline)).resolves.toBe('renewed');
    await expect(refresh?.service.renew(deadline)).resolves.toBe('recent');
    clock.advance(250);
    await expect(api?.ask()).resolves.toMatchObject({ state: 'hit' });
    expect(calls()).toEqual([2, 1]);

    clock.advance(181_000);
    await expect(api?.ask()).resolves.toMatchObject({ state: 'miss' });
    await expect(api?.ask({ stale: false })).resolves.toMatchObject({ state: 'hit' });
  });
});

describe('the token', () => {
  test('is renewed by one container after a 401, and the others take that one', async () => {
    const { containers, clock } = createFleet(upstream, 4);
    const well = upstream.accounts.otherwise;
    await warm(containers);
    let valid = 'granted-2';
    upstream.token.otherwise = () => tokenReply(valid);
    upstream.accounts.otherwise = (request) =>
      request.headers.authorization === `Bearer ${valid}` ? well(request) : { status: 401 };

    for (const { ask } of containers) {
      clock.advance(31_000);
      await expect(ask()).resolves.toMatchObject({ state: 'miss' });
    }
    expect(upstream.token.calls).toHaveLength(2);

    valid = 'granted-3';
    clock.advance(31_000);
    await expect(containers[0]?.ask()).resolves.toMatchObject({ state: 'miss' });
    expect(upstream.token.calls).toHaveLength(3);
  });

  test('of another version of the secret is not taken', async () => {
    const { containers, table, clock } = createFleet(upstream, 2);
    await containers[0]?.ask();
    const key = [...table.items.keys()].find((name) => name.endsWith('#token'));
    const item = table.items.get(key ?? '');
    if (key === undefined || item === undefined) throw new Error('there is no token');
    table.items.set(key, { ...item, body: item.body.replace('version-1', 'version-0') });
    clock.advance(31_000);

    await containers[1]?.ask();

    expect(calls()).toEqual([2, 2]);
  });
});

describe('what is in the table', () => {
  test('is not believed where its parts are broken, and is written anew', async () => {
    const { containers, table } = createFleet(upstream, 3);
    await containers[0]?.ask();
    for (const [key, bytes] of table.bytes)
      table.bytes.set(
        key,
        bytes.map((byte) => byte ^ 1),
      );

    await expect(containers[1]?.ask()).resolves.toMatchObject({ state: 'miss' });
    await expect(containers[2]?.ask()).resolves.toMatchObject({ state: 'hit' });

    expect(calls()).toEqual([2, 1]);
  });

  test('is not read where it says nothing that is known', async () => {
    const { containers, table } = createFleet(upstream, 2);
    await containers[0]?.ask();
    for (const [key, item] of table.items) table.items.set(key, { ...item, body: '{"revision":' });

    await expect(containers[1]?.ask()).resolves.toMatchObject({ state: 'miss' });
  });

  test('moves by one small write when eGain has nothing new', async () => {
    const { containers, table, clock } = createFleet(upstream, 2);
    await containers[0]?.ask();
    const parts = [...table.bytes.values()];
    clock.advance(31_000);

    const renewed = await containers[0]?.ask();
    const read = await containers[1]?.ask();

    expect(renewed?.state).toBe('miss');
    expect(read).toMatchObject({ state: 'hit', ageSeconds: 0 });
    expect([...table.bytes.values()]).toEqual(parts);
  });
});
