import { describe, expect, test } from 'vitest';
import {
  CANARY,
  createFleet,
  createWorld,
  makeAccounts,
  secretReply,
  servePages,
  startUpstream,
  tokenReply,
} from '../../support/egain-world.ts';
import { switching } from '../../support/fault-row.ts';
import type { Reply } from '../../support/scripted-upstream.ts';

const upstream = await startUpstream();

describe('the token', () => {
  test.each([
    [3600, 3539, 3541],
    ['3600', 3539, 3541],
    ['600.5', 539, 541],
    [120, 59, 61],
    [100, 49, 51],
    [31_536_000, 31_535_939, 31_535_941],
    ...[31_536_001, -5, 0, undefined, null, '', 'soon', '1e3', '6.', '-600', ['3600']].map(
      (life): [unknown, number, number] => [life, 29, 31],
    ),
  ])('that lives %s s serves for %i s and not for %i s', async (life, serves, servesNot) => {
    const { ask, clock } = createWorld(upstream, { freshSeconds: 0 });
    upstream.token.otherwise = () => tokenReply('t', { expires_in: life });
    upstream.secrets.otherwise = () => secretReply();

    await ask();
    clock.advance(serves * 1000);
    await ask();
    expect(upstream.token.calls).toHaveLength(1);
    clock.advance((servesNot - serves) * 1000);
    await ask();

    expect(upstream.token.calls).toHaveLength(2);
  });

  test('is asked for with the client in the body', async () => {
    const { ask } = createWorld(upstream);

    await ask();

    const [call] = upstream.token.calls;
    expect(call?.headers['content-type']).toContain('application/x-www-form-urlencoded');
    expect(call?.headers.authorization).toBeUndefined();
    expect(Object.fromEntries(new URLSearchParams(call?.body))).toEqual({
      grant_type: 'client_credentials',
      scope: 'https://api.egain.cloud/auth/.default',
      client_id: CANARY.clientId,
      client_secret: CANARY.clientSecret,
    });
  });

  test('is asked for with the client by Basic, form-encoded before base64', async () => {
    const { ask } = createWorld(upstream, { clientAuthentication: 'basic' });

    await ask();

    const [call] = upstream.token.calls;
    const [scheme, value = ''] = call?.headers.authorization?.split(' ') ?? [];
    const pair = Buffer.from(value, 'base64').toString().split(':');
    const decoded = pair.map((text) => new URLSearchParams(`x=${text}`).get('x'));
    expect(scheme).toBe('Basic');
    expect(decoded).toEqual([CANARY.clientId, CANARY.clientSecret]);
    expect(call?.body).not.toContain('client_secret');
  });

  test.each<[string, Reply]>([
    ['BearerToken', tokenReply('t', { token_type: 'BearerToken' })],
    ['bearer in capitals', tokenReply('t', { token_type: 'BEARER' })],
    ['no type', tokenReply('t', { token_type: null })],
    ['an empty type', tokenReply('t', { token_type: '' })],
    ['201', { ...tokenReply('t'), status: 201 }],
    ['a byte order mark', { body: '\uFEFF{"access_token":"t"}' }],
    ['an encoding that is none', { ...tokenReply('t'), headers: { 'content-encoding': 'utf-8' } }],
  ])('is taken from an answer with %s', async (_, reply) => {
    const { ask } = createWorld(upstream);
    upstream.token.script = [reply];

    await expect(ask()).resolves.toMatchObject({ state: 'miss' });

    expect(upstream.accounts.calls[0]?.headers.authorization).toBe('Bearer t');
  });

  test.each([60, 150, 300, 1999])(
    'that eGain refuses for %i ms after it was granted is asked again with, by all pages',
    async (ms) => {
      const { ask, clock } = createWorld(upstream);
      const well = servePages({ accounts: makeAccounts(10), pagesize: 2 });
      const knownFrom = clock.now() + ms;
      upstream.accounts.otherwise = (request) =>
        clock.now() < knownFrom ? { status: 401 } : well(request);

      await expect(ask()).resolves.toMatchObject({ state: 'miss' });

      expect(clock.now() - knownFrom + ms).toBeLessThanOrEqual(2000);
      expect(upstream.token.calls).toHaveLength(1);
    },
  );

  test('that another container has just got is as young to this one', async () => {
    const { containers, clock } = createFleet(upstream, 2, { freshSeconds: 0 });
    const [first, second] = containers;
    await first?.ask();
    clock.advance(100);
    upstream.accounts.script = [{ status: 401 }];

    await second?.ask();

    expect([upstream.accounts.calls.length, upstream.token.calls.length]).toEqual([3, 1]);
  });

  test.each<[string, number[], string]>([
    ['serves at once', [200, 200], '1 2 2'],
    ['is refused, and the one before serves', [401, 200, 401, 200], '1 2 1 2 1'],
    ['ends the one before, and is not known at once', [401, 401, 401, 200, 200], '1 2 1 2 2 2'],
  ])('is renewed early: the new one %s', async (_, statuses, used) => {
    const { ask, clock } = createWorld(upstream, { freshSeconds: 0 });
    const all = { paginationInfo: { count: 0 }, account: [] };
    await ask();
    upstream.accounts.script = statuses.map((status) => ({ status, body: all }));

    for (const ms of [3_541_000, 10_000]) {
      clock.advance(ms);
      await ask();
    }

    const tokens = upstream.accounts.calls.map(({ headers }) => headers.authorization?.at(-1));
    expect(tokens.join(' ')).toBe(used);
    expect(upstream.token.calls).toHaveLength(2);
  });

  test.each<[string, (advance: (ms: number) => void) => Reply]>([
    ['does not answer', (advance) => ({ hang: true, before: () => advance(3000) })],
    ['answers 101', () => switching],
    ['answers with 404', () => ({ status: 404 })],
    ['throttles', () => ({ status: 429, headers: { 'retry-after': '40' } })],
  ])(
    'serves to its end where the endpoint %s, which is left alone for a while',
    async (_, reply) => {
      const { ask, clock } = createWorld(upstream, { freshSeconds: 0 });
      await ask({ stale: false });
      upstream.token.script = [reply((ms) => clock.advance(ms))];
      clock.advance(3_541_000);

      for (const ms of [0, 5000, 40_000]) {
        clock.advance(ms);
        await expect(ask({ stale: false })).resolves.toMatchObject({ state: 'miss' });
      }

      const tokens = upstream.accounts.calls.map(({ headers }) => headers.authorization?.at(-1));
      expect(tokens.join(' ')).toBe('1 1 1 3');
    },
  );

  test('that one page finds refused is renewed once for all pages', async () => {
    const { ask } = createWorld(upstream);
    const well = servePages({ accounts: makeAccounts(10), pagesize: 2 });
    upstream.accounts.otherwise = (request) => {
      const old = request.headers.authorization?.endsWith('-1');
      return old === true && request.url.search !== '' ? { status: 401 } : well(request);
    };

    const { snapshot } = await ask();

    expect(snapshot.accounts).toEqual(makeAccounts(10));
    expect(upstream.token.calls).toHaveLength(2);
  });
});
