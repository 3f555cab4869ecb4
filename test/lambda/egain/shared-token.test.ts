import { beforeEach, describe, expect, test } from 'vitest';
import {
  createTokenProvider,
  type Token,
  type TokenProvider,
} from '../../../lambda/egain/token.ts';
import { createDeadline } from '../../../lambda/platform/deadline.ts';
import { guardTable } from '../../../lambda/platform/table.ts';
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
let table: MemoryTable;
let provider: TokenProvider;
/** What others do while a token is asked for. */
let meanwhile: () => void;
/** The statuses by which the token endpoint answers; after them, it grants. */
let refusals: number[];
/** How many tokens were asked for. */
let asked: number;

beforeEach(() => {
  clock = createManualClock(START);
  lines = captureLog();
  table = createMemoryTable();
  meanwhile = () => {};
  refusals = [];
  asked = 0;
  provider = container();
});

const secret = async () => ({ clientId: 'the client', clientSecret: 'x', version: 'v1' });

/** The provider of a new container. */
function container(): TokenProvider {
  return createTokenProvider({
    endpoint: {
      tokenUrl: 'https://login.example.com/token',
      scope: 'all',
      clientAuthentication: 'body',
    },
    credentials: { get: secret, reread: secret },
    async upstream() {
      asked += 1;
      clock.advance(10);
      meanwhile();
      const status = refusals.shift() ?? 200;
      const grant = { access_token: `t${asked}`, expires_in: LIFE_MS / 1000 };
      const text = status === 200 ? JSON.stringify(grant) : '';
      return { kind: 'response', ...answerOf(status, { text }) };
    },
    table: guardTable(table, clock),
    key: KEY,
    clock,
  });
}

const inTime = () => createDeadline(26_000, { clock });
const get = (of = provider) => of.get(inTime());
const replace = (token: Token) => provider.replace(token, clock.now() + 2000, inTime());

describe('a token', () => {
  test('is written for other containers, with times that count from the request', async () => {
    await get();

    const token = {
      value: 't1',
      secretVersion: 'v1',
      renewAt: START + LIFE_MS - EARLY_MS,
      endsAt: START + LIFE_MS,
    };
    expect([...table.items]).toMatchObject([
      [KEY, { version: START + 10, body: JSON.stringify(token), expiresAt: START + LIFE_MS }],
    ]);
  });
});

test('a token near its end goes on serving while the endpoint fails, but not once it refuses', async () => {
  await get();
  refusals = [503, 503, 401];
  clock.advance(LIFE_MS - EARLY_MS);
  await expect(get()).resolves.toMatchObject({ value: 't1', secretVersion: 'v1' });
  expect(lines).toMatchObject([
    { message: 'A token near its end goes on serving', fields: { code: '502-905' } },
  ]);
  clock.advance(EARLY_MS - 30);

  await expect(get()).rejects.toMatchObject({ code: '502-905' });
  await expect(get()).rejects.toMatchObject({ code: '502-901' });
});

/** Puts an item where the token is, whatever it holds. */
const put = (body: string, itemVersion = 3) =>
  table.items.set(KEY, { version: itemVersion, body, expiresAt: 0 });
const stored = (more: object = {}) =>
  JSON.stringify({
    value: 'theirs',
    secretVersion: 'v1',
    renewAt: START + 10_000,
    endsAt: START + 20_000,
    ...more,
  });

describe('the token that containers share', () => {
  test('serves where another container has renewed it', async () => {
    await get();
    clock.advance(LIFE_MS - EARLY_MS);
    put(stored({ value: 'better', renewAt: START + 2 * LIFE_MS }));

    await expect(get()).resolves.toMatchObject({ value: 'better' });
    expect(asked).toBe(1);
  });

  test('does not come back once it is refused', async () => {
    const first = await get();
    put(stored({ value: 't1' }));

    await expect(replace(first)).resolves.toMatchObject({ value: 't2' });
  });

  test('takes the place of the one that was read, also where another clock is ahead', async () => {
    put('{}', START + 7_000_000);

    await get();

    expect(table.items.get(KEY)).toMatchObject({ version: START + 7_000_001 });
  });

  test('stays when another container has written meanwhile, and this one’s own serves', async () => {
    meanwhile = () => put(stored());

    await expect(get()).resolves.toMatchObject({ value: 't1' });
    await expect(get()).resolves.toMatchObject({ value: 't1' });
    expect(table.items.get(KEY)?.body).toBe(stored());
  });

  test.each([
    ['no JSON', 'a'],
    ['no token', '{}'],
    ['a token that cannot stand in a header', stored({ value: 'a b' })],
    ['no time', stored({ endsAt: 'soon' })],
    ['a token that is to be renewed', stored({ renewAt: START })],
  ])('is asked for and written anew where the item holds %s', async (_, body) => {
    put(body);

    await expect(get()).resolves.toMatchObject({ value: 't1' });
    await expect(get(container())).resolves.toMatchObject({ value: 't1' });
  });

  test('is asked for by each container while the table is away', async () => {
    table.read = () => Promise.reject(new Error('away'));

    await expect(get()).resolves.toMatchObject({ value: 't1' });
    await expect(get()).resolves.toMatchObject({ value: 't1' });
    await expect(get(container())).resolves.toMatchObject({ value: 't2' });
  });
});
