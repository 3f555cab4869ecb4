import {
  type AttributeValue,
  BatchGetItemCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { readAwsKeys } from '../config.ts';
import type { Item, Table } from './table.ts';

/** One answer of BatchGetItem holds 16 MB, and a part at most 400 KB. */
const BATCH = 40;

/**
 * The table in DynamoDB: partition key `pk`; `version` and `body` of what is replaced, `bytes` of
 * what is only written; TTL by `expiresAt`. One attempt a call: who asks decides what comes next.
 *
 * @param settings in place of the client's own
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations.html
 */
export function createDynamoTable(name: string, settings: DynamoDBClientConfig = {}): Table {
  const client = new DynamoDBClient({
    credentials: async () => readAwsKeys(),
    maxAttempts: 1,
    ...settings,
  });

  return {
    async read(pk, abortSignal) {
      const command = new GetItemCommand({
        TableName: name,
        Key: { pk: { S: pk } },
        ConsistentRead: true,
      });
      const { Item: found } = await client.send(command, { abortSignal });
      return found === undefined ? undefined : itemOf(found);
    },

    async replace(pk, { version, body, expiresAt }, seen, abortSignal) {
      const command = new PutItemCommand({
        TableName: name,
        Item: {
          pk: { S: pk },
          version: { N: String(version) },
          body: { S: body },
          expiresAt: seconds(expiresAt),
        },
        ...(seen === undefined
          ? { ConditionExpression: 'attribute_not_exists(version)' }
          : {
              ConditionExpression: 'version = :seen',
              ExpressionAttributeValues: { ':seen': { N: String(seen) } },
            }),
      });
      try {
        await client.send(command, { abortSignal });
        return true;
      } catch (error) {
        if (error instanceof Error && error.name === 'ConditionalCheckFailedException') {
          return false;
        }
        throw error;
      }
    },

    async readBytes(keys, abortSignal) {
      const found = new Map<string, Uint8Array>();
      let left = [...keys];
      while (left.length > 0) {
        const asked = left.slice(0, BATCH);
        const command = new BatchGetItemCommand({
          RequestItems: {
            [name]: { Keys: asked.map((pk) => ({ pk: { S: pk } })), ConsistentRead: true },
          },
        });
        const answer = await client.send(command, { abortSignal });
        for (const { pk, bytes } of answer.Responses?.[name] ?? []) {
          if (pk?.S !== undefined && bytes?.B !== undefined) found.set(pk.S, bytes.B);
        }
        const again = (answer.UnprocessedKeys?.[name]?.Keys ?? []).flatMap(({ pk }) => pk?.S ?? []);
        if (again.length === asked.length) throw new Error('the table gives none of the items');
        left = [...again, ...left.slice(asked.length)];
      }
      return found;
    },

    async writeBytes(pk, bytes, expiresAt, abortSignal) {
      const command = new PutItemCommand({
        TableName: name,
        Item: { pk: { S: pk }, bytes: { B: bytes }, expiresAt: seconds(expiresAt) },
      });
      await client.send(command, { abortSignal });
    },
  };
}

/** TTL counts in whole seconds. */
function seconds(at: number): AttributeValue {
  return { N: String(Math.ceil(at / 1000)) };
}

/** An item without a version is none, and can be replaced as if there were none. */
function itemOf({ version, body }: Readonly<Record<string, AttributeValue>>): Item | undefined {
  if (version?.N === undefined) return undefined;
  return { version: Number(version.N), body: body?.S ?? '' };
}
