import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Table } from '../../../lambda/platform/table.ts';
import { createDynamoTable } from '../../../lambda/platform/table.ts';
import { createMemoryTable } from '../../support/memory-table.ts';

const { signal } = new AbortController();
const server = dynalite({ createTableMs: 0 });

/** What a simulation runs over has to behave as what runs in production. */
const tables: [string, () => Table][] = [
  ['in memory', createMemoryTable],
  ['in DynamoDB', () => createDynamoTable('shared')],
];

const bytesOf = (index: number) => Uint8Array.from({ length: 300 }, (_, at) => at * index);

const item = (version: number) => ({ version, body: `body ${version}`, expiresAt: 9e12 });

const address = () => {
  const { port } = server.address() as AddressInfo;
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', `http://127.0.0.1:${port}`);
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'example');
};

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  address();
  const client = new DynamoDBClient();
  await client.send(
    new CreateTableCommand({
      TableName: 'shared',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    }),
  );
  client.destroy();
});

afterAll(() => {
  server.close();
});

describe.each(tables)('a table %s', (name, open) => {
  let table: Table;
  let keys = 0;
  let key: string;

  beforeAll(() => {
    table = open();
  });
  beforeEach(() => {
    address();
    keys += 1;
    key = `v2#${name}#${keys}`;
  });

  test('has nothing under a new key', async () => {
    expect(await table.read(key, signal)).toBeUndefined();
    expect(await table.readBytes([key], signal)).toEqual(new Map());
  });

  test('writes an item where there is none, once', async () => {
    expect(await table.replace(key, item(1), undefined, signal)).toBe(true);
    expect(await table.replace(key, item(2), undefined, signal)).toBe(false);
    expect(await table.read(key, signal)).toEqual({ version: 1, body: 'body 1' });
  });

  test('replaces an item that is as it was seen, and no other', async () => {
    expect(await table.replace(key, item(2), 1, signal)).toBe(false);
    await table.replace(key, item(1), undefined, signal);
    expect(await table.replace(key, item(1_767_225_600_123), 1, signal)).toBe(true);
    expect(await table.replace(key, item(3), 1, signal)).toBe(false);
    expect(await table.read(key, signal)).toEqual({
      version: 1_767_225_600_123,
      body: 'body 1767225600123',
    });
  });

  test('lets one of many win', async () => {
    await table.replace(key, item(1), undefined, signal);
    const outcomes = await Promise.all(
      [2, 3, 4, 5].map((version) => table.replace(key, item(version), 1, signal)),
    );
    expect(outcomes.filter(Boolean)).toHaveLength(1);
  });

  test('gives back bytes as they were written, also more than one answer holds', async () => {
    const names = Array.from({ length: 90 }, (_, index) => `${key}#${index}`);
    await Promise.all(
      names.map((each, index) => table.writeBytes(each, bytesOf(index), 9e12, signal)),
    );
    const found = await table.readBytes([...names, `${key}#none`], signal);
    expect(found.size).toBe(90);
    names.forEach((each, index) => {
      expect(Buffer.from(found.get(each) ?? [])).toEqual(Buffer.from(bytesOf(index)));
    });
  });

  test('holds a part of the largest size', async () => {
    const part = Buffer.alloc(350 * 1024, 7);
    await table.writeBytes(key, part, 9e12, signal);
    const found = await table.readBytes([key], signal);
    expect(Buffer.from(found.get(key) ?? []).equals(part)).toBe(true);
  });

  test('refuses what an item does not hold', async () => {
    await expect(table.writeBytes(key, Buffer.alloc(410 * 1024), 9e12, signal)).rejects.toThrow(
      /size/,
    );
  });
});
