import {
  DescribeTableCommand,
  DynamoDBClient,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { App, Stack } from 'aws-cdk-lib';
import { AttributeType, Table, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LocalTables, startTables } from '../../sandbox/aws/dynamodb.ts';
import { resolveTemplate } from '../../sandbox/aws/template.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

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

const put = (TableName: string, Item: PutItemCommand['input']['Item']) =>
  client.send(new PutItemCommand({ TableName, Item }));

it("makes the template's tables under the names that functions are given", async () => {
  const made = await Promise.all(
    tables.names.map((TableName) => client.send(new DescribeTableCommand({ TableName }))),
  );

  expect(made.map(({ Table: table }) => [table?.TableStatus, table?.KeySchema])).toEqual([
    ['ACTIVE', [expect.anything(), expect.anything()]],
    ['ACTIVE', [{ AttributeName: 'pk', KeyType: 'HASH' }]],
  ]);
});

it('clears every table, more than one page of it, and goes on', async () => {
  const [two = '', one = ''] = tables.names;
  for (const size of [1, 2, 3, 4, 5]) {
    await put(one, { pk: { S: `many-${size}` }, bytes: { B: new Uint8Array(300_000) } });
    await put(two, { pk: { S: 'same' }, size: { N: String(size) } });
  }
  await tables.clear();
  const left = await Promise.all(
    tables.names.map((TableName) => client.send(new ScanCommand({ TableName }))),
  );
  await put(one, { pk: { S: 'again' } });

  expect(left.map(({ Count }) => Count)).toEqual([0, 0]);
});
