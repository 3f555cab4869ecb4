import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import {
  type AttributeValue,
  CreateTableCommand,
  DynamoDBClient,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
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
import { createMemoryTable, type MemoryTable } from '../../support/memory-table.ts';
import { type Reply, startScriptedUpstream } from '../../support/scripted-upstream.ts';
import { captureLog, type LoggedLine } from '../../support/telemetry.ts';

const item = (version: number, expiresAt = 9e12) => ({
  version,
  body: `b${version}`,
  writer: 'w',
  writtenAt: 5,
  expiresAt,
});

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
    const { expiresAt: _, ...written } = item(1_767_225_600_123);
    expect(await table.read(key)).toEqual(written);
  });

  test('gives back bytes as they were written: more than one answer holds, of any size', async () => {
    const sizes = [350 * 1024, ...Array.from({ length: 89 }, () => 300)];
    const names = sizes.map((_, index) => `${key}#${index}`);
    const bytesOf = (index: number) => Buffer.alloc(sizes[index] ?? 0, index + 1);
    for (const [index, each] of names.entries()) {
      await table.writeBytes(each, bytesOf(index), 9e12);
    }

    const found = await table.readBytes([...names, `${key}#none`]);

    expect(found.size).toBe(90);
    names.forEach((each, index) => {
      expect(bytesOf(index).equals(found.get(each) ?? Buffer.of())).toBe(true);
    });
    await expect(table.writeBytes(key, Buffer.alloc(410 * 1024), 9e12)).rejects.toThrow(/size/);
  });

  test.runIf(name === 'in DynamoDB').each<[string, Record<string, AttributeValue>]>([
    ['no version', { body: { S: 'b' } }],
    ['a version that is text', { version: { S: '1' } }],
    ['a version that is too large to count on from', { version: { N: '1e100' } }],
    ['a negative version', { version: { N: '-1' } }],
  ])('replaces an item with %s as if there were none', async (_, attributes) => {
    const Item = { pk: { S: key }, ...attributes };
    await new DynamoDBClient().send(new PutItemCommand({ TableName: 'shared', Item }));

    expect(await table.read(key)).toMatchObject({ version: undefined });
    expect(await table.replace(key, item(1), undefined)).toBe(true);
    expect(await table.replace(key, item(2), undefined)).toBe(false);
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
    ['without a version has none', { body: { S: 'b' } }, { version: undefined, body: 'b' }],
    ['without a body is empty', { version: { N: '7' } }, { version: 7, body: '' }],
    [
      'with attributes of other types lacks them',
      { version: { N: '7' }, body: { N: '1' }, writer: { N: '1' }, writtenAt: { S: '1' } },
      { version: 7, body: '' },
    ],
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

type Trouble = <T>(work: () => Promise<T>) => Promise<T>;
const well: Trouble = (work) => work();
const never = () => new Promise<never>(() => undefined);
const REFUSED: Trouble = failWith(new Error('ProvisionedThroughputExceededException'));
const ANSWER_LOST: Trouble = async (work) => {
  await work();
  throw new Error('ECONNRESET');
};
const NO_ANSWER: Trouble = async (work) => {
  await work();
  return never();
};

describe('the guard before a table', () => {
  let clock: ManualClock;
  let lines: readonly LoggedLine[];
  /** What comes of each call of the table under the guard: first, and then always. */
  let troubles: Trouble[];
  let always: Trouble;
  let calls: number;
  let memory: MemoryTable;
  let table: Table;

  beforeEach(() => {
    clock = createManualClock();
    lines = captureLog();
    troubles = [];
    always = well;
    calls = 0;
    memory = createMemoryTable();
    const call: Trouble = (work) => {
      calls += 1;
      return (troubles.shift() ?? always)(work);
    };
    table = guardTable(
      {
        read: (...given) => call(() => memory.read(...given)),
        replace: (...given) => call(() => memory.replace(...given)),
        readBytes: (...given) => call(() => memory.readBytes(...given)),
        writeBytes: (...given) => call(() => memory.writeBytes(...given)),
      },
      clock,
    );
  });

  /** Lets time pass until the work is done, and tells how long that takes. */
  async function waitOf(work: Promise<unknown>, stepMs = 1): Promise<number> {
    const done = work.then(
      () => 'done',
      () => 'done',
    );
    for (let waited = 0; ; ) {
      if ((await Promise.race([done, new Promise(setImmediate)])) === 'done') return waited;
      if (clock.waiting === 0) continue;
      clock.advance(stepMs);
      waited += stepMs;
    }
  }

  test.each([
    ['read', 250],
    ['replace', 250],
    ['readBytes', 1000],
    ['writeBytes', 1000],
  ] as const)(
    'asks twice, with a second for the first call, and then, for %s, %i ms',
    async (verb, ms) => {
      const call = () => CALLS[verb](table);
      always = never;

      const first = call();
      expect(await waitOf(first)).toBe(2000);
      await expect(first).rejects.toBeInstanceOf(TableAway);
      clock.advance(10_000);
      const second = call();
      expect(await waitOf(second)).toBe(2 * ms);
      await expect(second).rejects.toBeInstanceOf(TableAway);
      expect(calls).toBe(4);
    },
  );

  test.each([
    [new TypeError('quotes a secret'), 'TypeError'],
    ['quotes a secret', 'unknown'],
  ])(
    'leaves one that fails alone for ten seconds, and tells by name alone',
    async (error, name) => {
      always = failWith(error);
      await expect(table.read('k')).rejects.toMatchObject({ name: 'TableAway', message: name });
      always = well;

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

  const hiccups: [string, Trouble, number][] = [
    ['is refused', REFUSED, 1],
    ['is done, and its answer is lost', ANSWER_LOST, 1],
    ['is done, and never answered', NO_ANSWER, 1],
    ['is never answered while the container is frozen', never, 60_000],
  ];
  describe.each(hiccups)('where a call %s', (_, trouble, stepMs) => {
    test.each(Object.entries(CALLS))(
      '%s is tried once more, without another effect',
      async (_verb, call) => {
        await table.read('k');
        troubles = [trouble];

        const asked = call(table);
        const waited = await waitOf(asked, stepMs);

        expect(stepMs === 1 ? waited : 0).toBeLessThan(1001);
        await asked;
        expect([total('SharedTableFailures'), lines.length]).toEqual([0, 0]);
      },
    );

    test('a write knows its own again, and what another has written', async () => {
      await table.read('k');
      troubles = [trouble];
      const own = table.replace('k', item(1), undefined);
      await waitOf(own, stepMs);
      expect(await own).toBe(true);

      troubles = [trouble];
      const late = table.replace('k', item(2), undefined);
      await waitOf(late, stepMs);
      expect(await late).toBe(false);
      expect(memory.items.get('k')?.version).toBe(1);
    });
  });

  test('takes a call that two freezes cut short for no sign of the table', async () => {
    troubles = [never, never];
    const asked = table.read('k');
    await waitOf(asked, 60_000);

    await expect(asked).rejects.toBeInstanceOf(TableAway);
    await expect(table.read('k')).resolves.toBeUndefined();
    expect(total('SharedTableFailures')).toBe(0);
  });

  test('gives up a table that refuses what it should take', async () => {
    await table.replace('k', item(1), undefined);
    memory.replace = async () => false;

    await expect(table.replace('k', item(2), 1)).rejects.toBeInstanceOf(TableAway);
    await expect(table.replace('new', item(2), undefined)).rejects.toBeInstanceOf(TableAway);
    expect(calls).toBeLessThan(10);
  });

  describe('tells how far the clock of who wrote an item is ahead', () => {
    test.each([
      [600_000, 600_000],
      [5001, 5001],
      [5000, 0],
      [-600_000, 0],
    ])('of one seen for the first time: %i ms', async (differsBy, expected) => {
      memory.items.set('k', { ...item(1), writtenAt: clock.now() + differsBy });

      await expect(table.read('k')).resolves.toMatchObject({ aheadMs: expected });
      clock.advance(100_000);
      await expect(table.read('k')).resolves.toMatchObject({ aheadMs: expected });
    });

    test.each([
      [600_000, 599_000],
      [1000, 0],
      [-1, 0],
      [-5000, 0],
      [-5001, -5001],
      [undefined, 0],
    ])('of one that was not there a second ago: %s ms', async (sinceThen, expected) => {
      await table.read('k');
      memory.items.set('k', { ...item(1), writtenAt: sinceThen && clock.now() + sinceThen });
      clock.advance(1000);

      await expect(table.read('k')).resolves.toMatchObject({ aheadMs: expected });
    });
  });
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
