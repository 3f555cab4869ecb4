import {
  BatchGetItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { App, Stack } from 'aws-cdk-lib';
import { AttributeType, Table, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LocalTables, startTables } from '../../../sandbox/aws/dynamodb.ts';
import { resolveTemplate } from '../../../sandbox/aws/template.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

let tables: LocalTables;
let client: DynamoDBClient;

beforeAll(async () => {
  const app = new App({ outdir: temporaryFolder() });
  const stack = new Stack(app, 'stack');
  const partitionKey = { name: 'pk', type: AttributeType.STRING };
  new TableV2(stack, 'One', { partitionKey, timeToLiveAttribute: 'expiresAt' });
  const sortKey = { name: 'size', type: AttributeType.NUMBER };
  new Table(stack, 'Two', { partitionKey, sortKey });
  tables = await startTables(resolveTemplate(app.synth()));
  client = new DynamoDBClient({
    endpoint: tables.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    maxAttempts: 1,
  });
});

afterAll(async () => {
  client.destroy();
  await tables.close();
});

const tableOf = (id: string) => tables.names.find((name) => name.startsWith(id)) ?? '';
const put = (table: string, Item: PutItemCommand['input']['Item'], condition?: string) =>
  client.send(
    new PutItemCommand({ TableName: tableOf(table), Item, ConditionExpression: condition }),
  );

it("has the template's tables under the names that functions are told", async () => {
  const { Table: one } = await client.send(new DescribeTableCommand({ TableName: tableOf('One') }));
  const { Table: two } = await client.send(new DescribeTableCommand({ TableName: tableOf('Two') }));

  expect([one?.TableStatus, two?.TableStatus]).toEqual(['ACTIVE', 'ACTIVE']);
  expect(one?.KeySchema).toEqual([{ AttributeName: 'pk', KeyType: 'HASH' }]);
  expect(two?.KeySchema).toHaveLength(2);
  expect(tables.names).toHaveLength(2);
});

it('holds to conditions, so that one of two writers wins', async () => {
  const item = { pk: { S: 'lease' } };
  const free = 'attribute_not_exists(pk)';
  const results = await Promise.allSettled([put('One', item, free), put('One', item, free)]);

  const lost = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  expect(lost).toEqual([expect.objectContaining({ name: 'ConditionalCheckFailedException' })]);
});

it('gives many items in one answer', async () => {
  const Keys = [1, 2, 3].map((number) => ({ pk: { S: `part-${number}` } }));
  const bytes = { B: new Uint8Array(300_000) };
  for (const key of Keys) await put('One', { ...key, bytes });
  const { Responses } = await client.send(
    new BatchGetItemCommand({ RequestItems: { [tableOf('One')]: { Keys } } }),
  );

  expect(Responses?.[tableOf('One')]?.map(({ bytes: { B } = {} }) => B?.length)).toEqual([
    300_000, 300_000, 300_000,
  ]);
});

it('is empty after it was cleared, however much there was, and goes on', async () => {
  const numbers = Array.from({ length: 60 }, (_, number) => number);
  for (const number of numbers) await put('One', { pk: { S: `many-${number}` } });
  for (const number of numbers) {
    await put('Two', { pk: { S: 'same' }, size: { N: String(number) } });
  }
  await tables.clear();
  const left = await Promise.all(
    tables.names.map((TableName) => client.send(new ScanCommand({ TableName }))),
  );
  await put('One', { pk: { S: 'again' } });

  expect(left.map(({ Count }) => Count)).toEqual([0, 0]);
});

it('refuses what a web page of elsewhere sends', async () => {
  const answer = await fetch(tables.url, { method: 'POST', headers: { Origin: 'null' } });

  expect(answer.status).toBe(403);
});
