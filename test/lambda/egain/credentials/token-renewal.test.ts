import { beforeEach, describe, expect, test } from 'vitest';
import type { Credentials } from '../../../../lambda/egain/credentials.ts';
import type { SharedToken } from '../../../../lambda/egain/token.ts';
import { createTokenSource, type Token, type TokenSource } from '../../../../lambda/egain/token.ts';
import { createDeadline } from '../../../../lambda/platform/deadline.ts';
import { createManualClock, type ManualClock } from '../../../support/manual-clock.ts';
import { type RecordedTelemetry, recordTelemetry } from '../../../support/recorded-telemetry.ts';

const START = Date.UTC(2026, 0, 1);
const LIFE_MS = 3_600_000;
const EARLY_MS = 60_000;

let clock: ManualClock;
let telemetry: RecordedTelemetry;
let source: TokenSource;
/** The versions that the secret has from now on, the one of now first. */
let versions: string[];
let rereads: string[];
/** The statuses by which the token endpoint answers; after them, it grants. */
let refusals: number[];
/** The header by which it asks to be left alone. */
let retryAfter: string;
/** For which client each token was asked. */
let asked: string[];
let shelf: SharedToken[];

beforeEach(() => {
  clock = createManualClock(START);
  telemetry = recordTelemetry();
  versions = ['v1'];
  rereads = [];
  refusals = [];
  retryAfter = '';
  asked = [];
  shelf = [];
  source = createTokenSource({
    endpoint: {
      tokenUrl: 'https://login.example.com/token',
      scope: 'all',
      clientAuthentication: 'body',
    },
    credentials: {
      get: async () => credentialsOf(versions[0]),
      async reread(refused) {
        rereads.push(refused);
        if (versions.length > 1) versions.shift();
        return credentialsOf(versions[0]);
      },
    },
    upstream: {
      async send({ body }) {
        const client = new URLSearchParams(body).get('client_id') ?? '';
        asked.push(client);
        clock.advance(10);
        const status = refusals.shift() ?? 200;
        const grant = { access_token: `t${asked.length}`, expires_in: LIFE_MS / 1000 };
        const text = status === 200 ? JSON.stringify(grant) : '';
        const headers = new Headers({ 'retry-after': retryAfter });
        return { result: { kind: 'response', status, headers, text }, waitTooLong: false };
      },
    },
    shelf: {
      read: async () => undefined,
      async write(token) {
        shelf.push(token);
      },
    },
    clock,
    telemetry,
  });
});

function credentialsOf(version = 'none'): Credentials {
  return { clientId: version, clientSecret: 'x', version };
}

const inTime = () => createDeadline(26_000, { clock });
const get = () => source.get(inTime());
const replace = (token: Token) => source.replace(token, inTime());
/** The token in place of one, which has to be there. */
async function another(token: Token): Promise<Token> {
  const next = await replace(token);
  if (next === undefined) throw new Error('no other token');
  return next;
}
const logged = () => telemetry.lines.map(({ level, message, fields }) => [level, message, fields]);
const refusedToken = (replaced: number) => ['warn', 'eGain refuses a token', { replaced }];
const refusedCredentials = (secretVersion: string) => [
  'warn',
  'eGain refuses the credentials',
  { secretVersion },
];
const justRefused = {
  code: '502-901',
  reason: 'eGain refused this version of the secret just now',
};

describe('a token', () => {
  test('is left for others with its times, by when it was asked for', async () => {
    await get();

    expect(shelf).toEqual([
      {
        value: 't1',
        secretVersion: 'v1',
        renewAt: START + LIFE_MS - EARLY_MS,
        endsAt: START + LIFE_MS,
      },
    ]);
  });

  test('serves until a minute before its end', async () => {
    await get();
    clock.advance(LIFE_MS - EARLY_MS - 10 - 1);
    await expect(get()).resolves.toMatchObject({ value: 't1', credentials: { version: 'v1' } });
    clock.advance(1);

    await expect(get()).resolves.toMatchObject({ value: 't2' });
  });

  test('goes on serving to its end while the endpoint fails', async () => {
    await get();
    refusals = [503, 503];
    clock.advance(LIFE_MS - EARLY_MS);
    await expect(get()).resolves.toMatchObject({ value: 't1', credentials: { version: 'v1' } });
    expect(logged()).toEqual([
      ['warn', 'A token near its end goes on serving', { code: '502-905' }],
    ]);

    clock.advance(EARLY_MS - 30);
    await expect(get()).rejects.toMatchObject({ code: '502-905' });
  });

  test('does not go on serving once its client is refused', async () => {
    await get();
    refusals = [401];
    clock.advance(LIFE_MS - EARLY_MS);

    await expect(get()).rejects.toMatchObject({ code: '502-901' });
  });

  test('is asked for no more until the endpoint says', async () => {
    refusals = [429];
    retryAfter = new Date(START + 7000).toUTCString();

    await expect(get()).rejects.toMatchObject({ code: '503-901', retryAfterSeconds: 7 });
  });

  test('is asked for once by callers who come together', async () => {
    await expect(Promise.all([get(), get()])).resolves.toMatchObject([
      { value: 't1' },
      { value: 't1' },
    ]);
    expect(asked).toEqual(['v1']);
  });
});

describe('a client that the token endpoint refuses', () => {
  test('is left alone for half a minute, if its secret is the same', async () => {
    refusals = [401, 401];

    await expect(get()).rejects.toMatchObject({ code: '502-901' });
    expect(logged()).toEqual([refusedCredentials('v1')]);
    clock.advance(29_999);
    await expect(get()).rejects.toMatchObject(justRefused);
    expect([asked, rereads]).toEqual([['v1'], ['v1']]);
    clock.advance(1);
    await expect(get()).rejects.toMatchObject({ code: '502-901' });

    expect([asked, rereads]).toEqual([
      ['v1', 'v1'],
      ['v1', 'v1'],
    ]);
  });

  test('gives way to a new version of the secret', async () => {
    versions = ['v1', 'v2'];
    refusals = [401];

    await expect(get()).resolves.toMatchObject({ value: 't2', credentials: { version: 'v2' } });

    expect(logged()).toEqual([['info', 'The secret has a new version', { secretVersion: 'v2' }]]);
  });

  test('is left alone, too, when it is of the new version', async () => {
    versions = ['v1', 'v2'];
    refusals = [401, 401];

    await expect(get()).rejects.toMatchObject({ code: '502-901' });
    await expect(get()).rejects.toMatchObject(justRefused);

    expect(asked).toEqual(['v1', 'v2']);
    expect(logged().at(-1)).toEqual(refusedCredentials('v2'));
  });

  test('is not held against a new version that fails otherwise', async () => {
    versions = ['v1', 'v2'];
    refusals = [401, 503];

    await expect(get()).rejects.toMatchObject({ code: '502-905' });

    await expect(get()).resolves.toMatchObject({ value: 't3', credentials: { version: 'v2' } });
  });

  test('is no longer left alone for what was refused before', async () => {
    refusals = [401];
    await expect(get()).rejects.toMatchObject({ code: '502-901' });
    versions = ['v0', 'v1'];
    refusals = [401];
    clock.advance(20_000);

    await expect(get()).rejects.toMatchObject(justRefused);
    clock.advance(9990);

    await expect(get()).resolves.toMatchObject({ credentials: { version: 'v1' } });
    expect(logged().filter(([level]) => level === 'warn')).toEqual([refusedCredentials('v1')]);
  });
});

describe('a token that eGain refuses', () => {
  test('is renewed first, without a look at the secret', async () => {
    const first = await get();

    await expect(replace(first)).resolves.toMatchObject({ value: 't2' });

    expect([asked, rereads]).toEqual([['v1', 'v1'], []]);
    expect(logged()).toEqual([refusedToken(0)]);
    await expect(get()).resolves.toMatchObject({ value: 't2' });
  });

  test('is the end when it was renewed just now, and the secret is the same', async () => {
    const renewed = await another(await get());

    await expect(replace(renewed)).resolves.toBeUndefined();

    expect(rereads).toEqual(['v1']);
    expect(logged()).toEqual([refusedToken(0), refusedToken(1), refusedCredentials('v1')]);
    await expect(get()).rejects.toMatchObject(justRefused);
    await expect(replace(renewed)).resolves.toBeUndefined();
    expect([asked, rereads]).toEqual([['v1', 'v1'], ['v1']]);
  });

  test('is replaced by one of a new version of the secret, and that is the last', async () => {
    versions = ['v1', 'v2'];
    const renewed = await another(await get());

    const last = await another(renewed);
    expect(last).toMatchObject({ value: 't3', credentials: { version: 'v2' } });

    await expect(replace(last)).resolves.toBeUndefined();
    expect(rereads).toEqual(['v1']);
    expect(logged().at(-2)).toEqual(refusedToken(2));
    expect(logged().at(-1)).toEqual(refusedCredentials('v2'));
  });

  test.each([
    [29_999, undefined, ['v1']],
    [30_000, 't3', []],
  ])('after it has served for %i ms is %s', async (ms, value, read) => {
    const renewed = await another(await get());
    clock.advance(ms);

    expect((await replace(renewed))?.value).toBe(value);

    expect(rereads).toEqual(read);
  });

  test('was refused to all pages at once: the later ones find another there', async () => {
    const first = await get();
    const renewed = await another(first);

    await expect(replace(first)).resolves.toEqual(renewed);

    expect(asked).toEqual(['v1', 'v1']);
  });

  test('counts for the tries of all pages, whichever page was late', async () => {
    versions = ['v1', 'v2', 'v3'];
    const first = await get();
    const last = await another(await another(first));

    await expect(replace(first)).resolves.toEqual(last);

    await expect(replace(last)).resolves.toBeUndefined();
    expect(rereads).toEqual(['v1']);
  });
});
