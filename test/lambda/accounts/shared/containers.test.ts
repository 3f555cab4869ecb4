import { describe, expect, test } from 'vitest';
import type { World } from '../../../support/egain-world.ts';
import {
  createFleet,
  makeAccounts,
  servePages,
  startUpstream,
  tokenReply,
} from '../../../support/egain-world.ts';

const upstream = await startUpstream();

const calls = () => [upstream.accounts.calls.length, upstream.token.calls.length];
const states = (containers: readonly World[]) =>
  Promise.all(containers.map(async ({ ask }) => (await ask()).state));
/** One after the other, so that nobody waits and no time passes. */
const warm = async (containers: readonly World[]) => {
  for (const { ask } of containers) await ask();
};
const total = (containers: readonly World[], name: string) =>
  containers.reduce((sum, { telemetry }) => sum + (telemetry.counted.get(name) ?? 0), 0);

describe('eight containers', () => {
  test('that start together make one walk and one token, and all have the whole list', async () => {
    const { containers } = createFleet(upstream, 8);
    upstream.accounts.otherwise = servePages({ accounts: makeAccounts(60), pagesize: 25 });

    const answers = await Promise.all(containers.map(({ ask }) => ask()));

    expect(calls()).toEqual([3, 1]);
    for (const { snapshot } of answers) expect(snapshot).toEqual(answers[0]?.snapshot);
    expect(answers[0]?.snapshot.accounts).toHaveLength(60);
    expect(total(containers, 'Renewals')).toBe(1);
    expect(total(containers, 'RenewalWaits')).toBe(7);
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
    const arrived = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const well = upstream.accounts.otherwise;
    upstream.accounts.otherwise = (request) => ({
      ...well(request),
      before: () => arrived.resolve(),
      after: release.promise,
    });
    const [first, ...others] = containers;

    const renewing = first?.ask();
    await arrived.promise;
    const meanwhile = await Promise.all(others.map(({ ask }) => ask()));
    release.resolve();

    for (const answer of meanwhile)
      expect(answer).toMatchObject({ state: 'stale', ageSeconds: 31 });
    await expect(renewing).resolves.toMatchObject({ state: 'miss', ageSeconds: 0 });
    expect(await states(others)).toEqual(others.map(() => 'hit'));
    expect(calls()).toEqual([2, 1]);
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
    expect(total(others, 'RememberedFailures')).toBe(8);
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

  test('outlives the parts: they are written again before the table drops them', async () => {
    const { containers, table, clock } = createFleet(upstream, 1);
    await containers[0]?.ask();
    const [before] = table.bytes.values();
    clock.advance(86_400_000);

    await containers[0]?.ask();

    const [after] = table.bytes.values();
    expect(after).toEqual(before);
    expect(after).not.toBe(before);
  });
});

test('an unchanged content is the same object, so that what was made of it goes on serving', async () => {
  const { containers, clock } = createFleet(upstream, 2);
  const before = await Promise.all(containers.map(({ ask }) => ask()));
  clock.advance(31_000);

  const after = [await containers[0]?.ask(), await containers[1]?.ask()];

  after.forEach((answer, index) => {
    expect(answer?.snapshot).toBe(before[index]?.snapshot);
  });
});
