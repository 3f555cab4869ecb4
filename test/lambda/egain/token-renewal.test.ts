import { beforeEach, describe, expect, test } from 'vitest';
import type { Credentials } from '../../../lambda/egain/credentials.ts';
import {
  createTokenProvider,
  type Token,
  type TokenProvider,
} from '../../../lambda/egain/token.ts';
import { createDeadline } from '../../../lambda/platform/deadline.ts';
import { TableAway } from '../../../lambda/platform/table.ts';
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts';
import { createMemoryTable, type MemoryTable } from '../../support/memory-table.ts';
import { captureLog, type LoggedLine } from '../../support/telemetry.ts';
import { answerOf } from '../../support/upstream-exchange.ts';

const START = Date.UTC(2026, 0, 1);
const LIFE_MS = 3_600_000;
const EARLY_MS = 60_000;
const KEY = 'token';

let clock: ManualClock;
let lines: LoggedLine[];
let memory: MemoryTable;
let provider: TokenProvider;
/** Whether the table is away. */
let away: boolean;
let tableReads: number;
/** What others do while a token is asked for. */
let meanwhile: () => void;
/** The versions that the secret has from now on, the one of now first. */
let versions: string[];
let rereads: string[];
/** The statuses by which the token endpoint answers; after them, it grants. */
let refusals: number[];
/** For which client each token was asked. */
let asked: string[];

beforeEach(() => {
  clock = createManualClock(START);
  lines = captureLog();
  memory = createMemoryTable();
  away = false;
  tableReads = 0;
  meanwhile = () => {};
  versions = ['v1'];
  rereads = [];
  refusals = [];
  asked = [];
  provider = container();
});

const { signal } = new AbortController();

function unlessAway(): void {
  if (away) throw new TableAway('away');
}

/** The provider of a new container. */
function container(): TokenProvider {
  return createTokenProvider({
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
    async upstream({ body }) {
      const client = new URLSearchParams(body).get('client_id') ?? '';
      asked.push(client);
      clock.advance(10);
      meanwhile();
      const status = refusals.shift() ?? 200;
      const grant = { access_token: `t${asked.length}`, expires_in: LIFE_MS / 1000 };
      const text = status === 200 ? JSON.stringify(grant) : '';
      return { kind: 'response', ...answerOf(status, { text }) };
    },
    table: {
      async read(key) {
        tableReads += 1;
        unlessAway();
        return memory.read(key, signal);
      },
      async replace(key, item, seen) {
        unlessAway();
        return memory.replace(key, item, seen, signal);
      },
    },
    key: KEY,
    clock,
  });
}

function credentialsOf(version = 'none'): Credentials {
  return { clientId: version, clientSecret: 'x', version };
}

const inTime = () => createDeadline(26_000, { clock });
const get = (of = provider) => of.get(inTime());
const replace = (token: Token, replaced = 0) => provider.replace(token, replaced, inTime());
/** The token in place of one, which has to be there. */
async function another(token: Token, replaced = 0): Promise<Token> {
  const next = await replace(token, replaced);
  if (next === undefined) throw new Error('no other token');
  return next;
}
const logged = () => lines.map(({ level, message, fields }) => [level, message, fields]);
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
  test('is written for others with its times, by when it was asked for', async () => {
    await get();

    const token = {
      value: 't1',
      secretVersion: 'v1',
      renewAt: START + LIFE_MS - EARLY_MS,
      endsAt: START + LIFE_MS,
    };
    expect([...memory.items]).toEqual([
      [KEY, { version: START + 10, body: JSON.stringify(token), expiresAt: START + LIFE_MS }],
    ]);
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

    await expect(replace(renewed, 1)).resolves.toBeUndefined();

    expect(rereads).toEqual(['v1']);
    expect(logged()).toEqual([refusedToken(0), refusedToken(1), refusedCredentials('v1')]);
    await expect(get()).rejects.toMatchObject(justRefused);
    await expect(replace(renewed, 1)).resolves.toBeUndefined();
    expect([asked, rereads]).toEqual([['v1', 'v1'], ['v1']]);
  });

  test('is replaced by one of a new version of the secret, and that is the last', async () => {
    versions = ['v1', 'v2'];
    const renewed = await another(await get());

    const last = await another(renewed, 1);
    expect(last).toMatchObject({ value: 't3', credentials: { version: 'v2' } });

    await expect(replace(last, 2)).resolves.toBeUndefined();
    expect(rereads).toEqual(['v1']);
    expect(logged().at(-2)).toEqual(refusedToken(2));
    expect(logged().at(-1)).toEqual(refusedCredentials('v2'));
  });

  test('was refused to all pages at once: the later ones find another there', async () => {
    const first = await get();
    const renewed = await another(first);

    await expect(replace(first)).resolves.toEqual(renewed);

    expect(asked).toEqual(['v1', 'v1']);
  });
});

/** Puts an item where the token is, whatever it holds. */
const put = (body: string, version = 3) => memory.items.set(KEY, { version, body, expiresAt: 0 });
const stored = (more: object = {}) =>
  JSON.stringify({
    value: 'theirs',
    secretVersion: 'v1',
    renewAt: START + 10_000,
    endsAt: START + 20_000,
    ...more,
  });

describe('the token that containers share', () => {
  test('is asked for once, and read once by each', async () => {
    const other = container();

    await expect(get()).resolves.toMatchObject({ value: 't1' });
    await expect(get(other)).resolves.toMatchObject({ value: 't1' });
    await expect(get(other)).resolves.toMatchObject({ value: 't1' });

    expect([asked, tableReads]).toEqual([['v1'], 2]);
  });

  test('is not taken for another version of the secret', async () => {
    put(stored());
    versions = ['v2'];

    await expect(get()).resolves.toMatchObject({ value: 't1', credentials: { version: 'v2' } });
  });

  test('is not taken once it is to be renewed', async () => {
    put(stored());
    clock.advance(10_000);

    await expect(get()).resolves.toMatchObject({ value: 't1' });
  });

  test('is taken from another container that has renewed it', async () => {
    await get();
    clock.advance(LIFE_MS - EARLY_MS);
    put(stored({ value: 'better', renewAt: START + 2 * LIFE_MS }));

    await expect(get()).resolves.toMatchObject({ value: 'better' });
    expect(asked).toEqual(['v1']);
  });

  test('does not come back once it is refused', async () => {
    const first = await get();
    put(stored({ value: 't1' }));

    await expect(replace(first)).resolves.toMatchObject({ value: 't2' });
  });

  test('replaces a refused one, where another container has renewed it', async () => {
    const first = await get();
    put(stored());

    await expect(replace(first)).resolves.toMatchObject({ value: 'theirs' });
    expect(asked).toEqual(['v1']);
  });

  test('takes the place of the one that was read, also where another clock is ahead', async () => {
    put('{}', START + 7_000_000);

    await get();

    expect(memory.items.get(KEY)).toMatchObject({ version: START + 7_000_001 });
  });

  test('stays when another container has written since, and one’s own serves', async () => {
    meanwhile = () => put(stored());

    await expect(get()).resolves.toMatchObject({ value: 't1' });
    await expect(get()).resolves.toMatchObject({ value: 't1' });
    expect(memory.items.get(KEY)?.body).toBe(stored());
  });

  test.each([
    ['no JSON', 'a'],
    ['no token', '{}'],
    ['a token that cannot stand in a header', stored({ value: 'a b' })],
    ['a token with a line break', stored({ value: 'a\n' })],
    ['no text', stored({ value: 7 })],
    ['no time', stored({ endsAt: 'soon' })],
  ])('is none where the item holds %s, and is written anew', async (_, body) => {
    put(body);

    await expect(get()).resolves.toMatchObject({ value: 't1' });
    await expect(get(container())).resolves.toMatchObject({ value: 't1' });
  });

  test('is one of its own for each container while the table is away', async () => {
    away = true;

    await expect(get()).resolves.toMatchObject({ value: 't1' });
    await expect(get()).resolves.toMatchObject({ value: 't1' });
    await expect(get(container())).resolves.toMatchObject({ value: 't2' });
  });
});
