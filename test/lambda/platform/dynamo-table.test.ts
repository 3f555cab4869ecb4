import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Table } from '../../../lambda/platform/table.ts';
import { createDynamoTable } from '../../../lambda/platform/table.ts';
import { type Reply, startScriptedUpstream } from '../../support/scripted-upstream.ts';

const upstream = await startScriptedUpstream();
afterAll(() => upstream.close());

/** What is posted to `/`, as everything that is asked of DynamoDB is. */
const dynamo = upstream.secrets;
const { signal } = new AbortController();
let table: Table;

beforeEach(() => {
  upstream.reset();
  dynamo.otherwise = () => ({ body: {} });
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', upstream.origin);
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'example');
  table = createDynamoTable('shared');
});

const asked = (): unknown[] => dynamo.calls.map(({ body }) => JSON.parse(body) as unknown);

const keysOf = (...names: string[]) => names.map((name) => ({ pk: { S: name } }));
const base64 = (text: string) => Buffer.from(text).toString('base64');
const found = (...names: string[]) => ({
  Responses: { shared: names.map((name) => ({ pk: { S: name }, bytes: { B: base64(name) } })) },
});
const unread = (...names: string[]) => ({
  UnprocessedKeys: { shared: { Keys: keysOf(...names), ConsistentRead: true } },
});
const failure = (type: string): Reply => ({ status: 400, body: { __type: type, message: 'no' } });

const CALLS: Readonly<Record<string, (under: AbortSignal) => Promise<unknown>>> = {
  read: (under) => table.read('k', under),
  replace: (under) => table.replace('k', { version: 1, body: 'b', expiresAt: 1 }, 0, under),
  readBytes: (under) => table.readBytes(['k'], under),
  writeBytes: (under) => table.writeBytes('k', Buffer.of(1), 1, under),
};

describe.each(Object.entries(CALLS))('the call %s', (_, call) => {
  test('is made once, whatever comes of it', async () => {
    dynamo.otherwise = () => ({ status: 500, body: {} });

    await expect(call(signal)).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } });

    expect(dynamo.calls).toHaveLength(1);
  });

  test('fails where there is no such table', async () => {
    dynamo.otherwise = () => failure('ResourceNotFoundException');

    await expect(call(signal)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  test('is not made for who has given up', async () => {
    await expect(call(AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });

    expect(dynamo.calls).toEqual([]);
  });

  test('is not made without keys', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);

    await expect(call(signal)).rejects.toMatchObject({
      code: '500-902',
      reason: 'the environment holds no AWS keys',
    });
  });
});

describe('an item', () => {
  test('is read as it is now, not as it was a moment ago', async () => {
    await table.read('k', signal);

    expect(asked()).toEqual([
      expect.objectContaining({ Key: { pk: { S: 'k' } }, ConsistentRead: true }),
    ]);
  });

  test.each([
    ['without a version is none', {}, undefined],
    ['without a body is empty', { version: { N: '7' } }, { version: 7, body: '' }],
  ])('%s', async (_, attributes, expected) => {
    dynamo.otherwise = () => ({ body: { Item: { pk: { S: 'k' }, ...attributes } } });

    await expect(table.read('k', signal)).resolves.toEqual(expected);
  });

  test('may be dropped in the second that begins when it ends, or later', async () => {
    await table.replace('k', { version: 1, body: 'b', expiresAt: 1_767_225_600_000 }, 0, signal);
    await table.writeBytes('k', Buffer.of(1), 1_767_225_600_001, signal);

    expect(asked()).toMatchObject([
      { Item: { expiresAt: { N: '1767225600' } } },
      { Item: { expiresAt: { N: '1767225601' } } },
    ]);
  });
});

describe('bytes', () => {
  test('are asked for forty at a time, as they are now', async () => {
    const names = Array.from({ length: 81 }, (_, index) => `k${index}`);

    await table.readBytes(names, signal);

    const keys = keysOf(...names);
    expect(asked()).toMatchObject(
      [keys.slice(0, 40), keys.slice(40, 80), keys.slice(80)].map((Keys) => ({
        RequestItems: { shared: { Keys, ConsistentRead: true } },
      })),
    );
  });

  test('that did not fit into an answer are asked for again', async () => {
    dynamo.script = [
      { body: { ...found('a'), ...unread('b', 'c') } },
      { body: { ...found('b'), ...unread('c') } },
      { body: found('c') },
    ];

    const read = await table.readBytes(['a', 'b', 'c', 'none'], signal);

    expect([...read.keys()]).toEqual(['a', 'b', 'c']);
    expect(asked()).toMatchObject(
      [['a', 'b', 'c', 'none'], ['b', 'c'], ['c']].map((names) => ({
        RequestItems: { shared: { Keys: keysOf(...names) } },
      })),
    );
  });

  test('of which an answer has none are not asked for without end', async () => {
    dynamo.otherwise = () => ({ body: unread('a', 'b') });

    await expect(table.readBytes(['a', 'b'], signal)).rejects.toThrow('gives none of the items');

    expect(dynamo.calls).toHaveLength(1);
  });

  test('are none where an item holds something else', async () => {
    dynamo.otherwise = () => ({
      body: { Responses: { shared: [{ pk: { S: 'a' }, version: { N: '1' } }] } },
    });

    await expect(table.readBytes(['a'], signal)).resolves.toEqual(new Map());
  });
});
