import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { total } from '../../../lambda/platform/metrics.ts';
import {
  createDynamoTable,
  guardTable,
  KEY_PREFIX,
  sharedKeys,
  type Table,
  TableAway,
} from '../../../lambda/platform/table.ts';
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts';
import { createMemoryTable } from '../../support/memory-table.ts';
import { type Reply, startScriptedUpstream } from '../../support/scripted-upstream.ts';
import { captureLog, type LoggedLine } from '../../support/telemetry.ts';

const item = (version: number, expiresAt = 9e12) => ({ version, body: `b${version}`, expiresAt });

/** Each verb, once. */
const CALLS = {
  read: (table: Table) => table.read('k'),
  replace: (table: Table) => table.replace('k', item(1), undefined),
  readBytes: (table: Table) => table.readBytes(['k']),
  writeBytes: (table: Table) => table.writeBytes('k', Buffer.of(1), 7),
};

const keysOf = (...names: string[]) => names.map((name) => ({ pk: { S: name } }));
const batches = (...batchesOfNames: string[][]) =>
  batchesOfNames.map((names) => ({
    RequestItems: { shared: { Keys: keysOf(...names), ConsistentRead: true } },
  }));
const batchAnswer = (found: string[], unread: string[]): Reply => {
  const B = Buffer.from('part').toString('base64');
  const shared = found.map((name) => ({ pk: { S: name }, bytes: { B } }));
  const left = unread.length > 0 && { shared: { Keys: keysOf(...unread) } };
  return { body: { Responses: { shared }, ...(left && { UnprocessedKeys: left }) } };
};

const failWith = (error: unknown) => async () => {
  throw error;
};

function connect(origin: string): void {
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', origin);
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'example');
}

/** What a simulation runs over has to behave as what runs in production. */
describe.each<[string, () => Table]>([
  ['in memory', createMemoryTable],
  ['in DynamoDB', () => createDynamoTable('shared')],
])('a table %s', (name, open) => {
  const server = dynalite({ createTableMs: 0 });
  let table: Table;
  let keys = 0;
  let key: string;

  const start = () => connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    start();
    await new DynamoDBClient().send(
      new CreateTableCommand({
        TableName: 'shared',
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      }),
    );
    table = open();
  });
  afterAll(() => void server.close());
  beforeEach(() => {
    start();
    keys += 1;
    key = `v2#${name}#${keys}`;
  });

  test('writes an item where there is none, and replaces one that is as it was seen', async () => {
    expect(await table.replace(key, item(2), 1)).toBe(false);
    expect(await table.replace(key, item(1), undefined)).toBe(true);
    expect(await table.replace(key, item(2), undefined)).toBe(false);
    expect(await table.replace(key, item(1_767_225_600_123), 1)).toBe(true);
    expect(await table.replace(key, item(3), 1)).toBe(false);
    expect(await table.read(key)).toEqual({ version: 1_767_225_600_123, body: 'b1767225600123' });
  });

  test('gives back bytes as they were written: more than one answer holds, of any size', async () => {
    const sizes = [350 * 1024, ...Array.from({ length: 89 }, () => 300)];
    const names = sizes.map((_, index) => `${key}#${index}`);
    const bytesOf = (index: number) => Buffer.alloc(sizes[index] ?? 0, index + 1);
    await Promise.all(names.map((each, index) => table.writeBytes(each, bytesOf(index), 9e12)));

    const found = await table.readBytes([...names, `${key}#none`]);

    expect(found.size).toBe(90);
    names.forEach((each, index) => {
      expect(bytesOf(index).equals(found.get(each) ?? Buffer.of())).toBe(true);
    });
    await expect(table.writeBytes(key, Buffer.alloc(410 * 1024), 9e12)).rejects.toThrow(/size/);
  });
});

describe('DynamoDB', async () => {
  const upstream = await startScriptedUpstream();
  /** What is posted to `/`, as everything that is asked of DynamoDB is. */
  const dynamo = upstream.secrets;
  let table: Table;
  afterAll(() => upstream.close());
  beforeEach(() => {
    upstream.reset();
    dynamo.otherwise = () => ({ body: {} });
    connect(upstream.origin);
    table = createDynamoTable('shared');
  });

  const asked = (): unknown[] => dynamo.calls.map(({ body }) => JSON.parse(body) as unknown);
  test('is asked once, and waited for no longer than a second, whatever is asked', async () => {
    const calls = Object.values(CALLS);
    dynamo.script = calls.map(() => ({ status: 500, body: {} }));
    dynamo.otherwise = () => ({ hang: true });

    const failed = await Promise.allSettled(calls.map((call) => call(table)));
    const late = await Promise.allSettled(calls.map((call) => call(table)));

    const reasons = (reason: object) => calls.map(() => ({ reason }));
    expect(failed).toMatchObject(reasons({ $metadata: { httpStatusCode: 500 } }));
    expect(late).toMatchObject(reasons({ name: 'AbortError' }));
    expect(dynamo.calls).toHaveLength(8);
  });

  test.each([
    ['without a version is none', {}, undefined],
    ['without a body is empty', { version: { N: '7' } }, { version: 7, body: '' }],
  ])('reads an item as it is now; one %s', async (_, attributes, expected) => {
    dynamo.otherwise = () => ({ body: { Item: { pk: { S: 'k' }, ...attributes } } });

    await expect(table.read('k')).resolves.toEqual(expected);

    expect(asked()).toMatchObject([{ Key: { pk: { S: 'k' } }, ConsistentRead: true }]);
  });

  test('may drop an item in the second that begins when it ends, or later', async () => {
    await table.replace('k', item(1, 1_767_225_600_000), 0);
    await table.writeBytes('k', Buffer.of(1), 1_767_225_600_001);

    const seconds = ['1767225600', '1767225601'];
    expect(asked()).toMatchObject(seconds.map((N) => ({ Item: { expiresAt: { N } } })));
  });

  test('is asked for the bytes of forty items at a time, as they are now', async () => {
    const names = Array.from({ length: 81 }, (_, index) => `k${index}`);

    await table.readBytes(names);

    expect(asked()).toMatchObject(
      batches(names.slice(0, 40), names.slice(40, 80), names.slice(80)),
    );
  });

  test('is asked again for bytes that did not fit into an answer', async () => {
    dynamo.script = [
      batchAnswer(['a'], ['b', 'c']),
      batchAnswer(['b'], ['c']),
      batchAnswer(['c'], []),
    ];

    const read = await table.readBytes(['a', 'b', 'c', 'none']);

    expect([...read.keys()]).toEqual(['a', 'b', 'c']);
    expect(asked()).toMatchObject(batches(['a', 'b', 'c', 'none'], ['b', 'c'], ['c']));
  });

  test('is not asked without end for bytes of which it gives none', async () => {
    dynamo.otherwise = () => batchAnswer([], ['a', 'b']);

    await expect(table.readBytes(['a', 'b'])).rejects.toThrow('gives none of the items');

    expect(dynamo.calls).toHaveLength(1);
  });
});

describe('the guard before a table', () => {
  let clock: ManualClock;
  let lines: readonly LoggedLine[];
  /** What comes before each call of the table under the guard. */
  let before: () => Promise<void>;
  let table: Table;

  beforeEach(() => {
    clock = createManualClock();
    lines = captureLog();
    before = async () => undefined;
    const memory = createMemoryTable();
    table = guardTable(
      {
        read: (...call) => before().then(() => memory.read(...call)),
        replace: (...call) => before().then(() => memory.replace(...call)),
        readBytes: (...call) => before().then(() => memory.readBytes(...call)),
        writeBytes: (...call) => before().then(() => memory.writeBytes(...call)),
      },
      clock,
    );
  });

  /** How long a call is waited for. */
  async function waitOf(call: (guarded: Table) => Promise<unknown>): Promise<number> {
    const work = call(table).catch((error: unknown) => error);
    let waited = 0;
    for (; clock.waiting > 0; waited += 1) clock.advance(1);
    expect(await work).toBeInstanceOf(TableAway);
    return waited;
  }

  test.each([
    ['read', 250],
    ['replace', 250],
    ['readBytes', 1000],
    ['writeBytes', 1000],
  ] as const)('gives it a second for the first call, and then, for %s, %i ms', async (verb, ms) => {
    const call = CALLS[verb];
    before = () => new Promise(() => undefined);

    expect(await waitOf(call)).toBe(1000);
    clock.advance(10_000);
    expect(await waitOf(call)).toBe(ms);
  });

  test.each([
    [new TypeError('quotes a secret'), 'TypeError'],
    ['quotes a secret', 'unknown'],
  ])(
    'leaves one that fails alone for ten seconds, and tells by name alone',
    async (error, name) => {
      before = failWith(error);
      await expect(table.read('k')).rejects.toMatchObject({ name: 'TableAway', message: name });
      before = async () => undefined;

      clock.advance(9999);
      for (const call of Object.values(CALLS)) {
        await expect(call(table)).rejects.toBeInstanceOf(TableAway);
      }
      clock.advance(1);

      for (const call of Object.values(CALLS)) await call(table);
      expect(total('SharedTableFailures')).toBe(1);
      const message = 'The shared table cannot be used';
      expect(lines).toEqual([{ level: 'warn', message, fields: { failure: name } }]);
      expect(clock.waiting).toBe(0);
    },
  );
});

describe('the keys of shared items', () => {
  const ORIGIN = {
    apiUrl: 'https://api.example.com/v3',
    tokenUrl: 'https://login.example.com/token',
    scope: 'all',
    secretArn: 'arn:aws:secretsmanager:eu-west-1:1:secret:a',
  };
  const everyKey = (origin: typeof ORIGIN) => {
    const { state, token, calls, part } = sharedKeys(origin);
    return [state, token, calls, part('hash', 0), part('hash', 1), part('other', 0)];
  };
  const names = ['apiUrl', 'tokenUrl', 'scope', 'secretArn'] as const;

  test('are others for each purpose and each origin, say nothing of it, and begin alike', () => {
    const others = names.flatMap((name) => everyKey({ ...ORIGIN, [name]: 'another' }));
    const all = [...everyKey(ORIGIN), ...others];

    expect(everyKey({ ...ORIGIN })).toEqual(everyKey(ORIGIN));
    expect(new Set(all).size).toBe(30);
    expect(KEY_PREFIX).toBe('v2#');
    for (const key of all) expect(key).toMatch(/^v2#[\w-]{22}#(?:state|token|calls|part#\w+#\d)$/);
  });
});
