import {
  type AttributeDefinition,
  type AttributeValue,
  BatchWriteItemCommand,
  CreateTableCommand,
  DynamoDBClient,
  type KeySchemaElement,
  paginateScan,
} from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { type Handler, listen } from '../local-server.ts';
import { LOCAL_REGION } from './local-names.ts';
import type { ResolvedTemplate, Resource } from './template.ts';

/** The tables of the template, at an endpoint that speaks DynamoDB's protocol. */
export interface LocalTables {
  readonly url: string;
  readonly names: readonly string[];
  /** Deletes every item. */
  readonly clear: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** As many as one BatchWriteItem takes. */
const BATCH = 25;

/**
 * Starts an empty DynamoDB in memory and makes the template's tables. It takes any signature, and
 * drops nothing when its time to live is over: DynamoDB may take days for it too.
 */
export async function startTables(template: ResolvedTemplate): Promise<LocalTables> {
  const local = await listen(dynaliteHandler());
  const client = new DynamoDBClient({
    endpoint: local.url,
    region: LOCAL_REGION,
    credentials: { accessKeyId: 'sandbox', secretAccessKey: 'sandbox' },
  });
  const tables = ['AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable'].flatMap((type) =>
    template.ofType(type),
  );
  for (const table of tables) await client.send(new CreateTableCommand(inputOf(table)));

  async function clearTable({ ref: name, properties }: Resource): Promise<void> {
    const keys = (properties as unknown as TableProperties).KeySchema.map(
      ({ AttributeName = '' }) => AttributeName,
    );
    const scan = {
      TableName: name,
      ProjectionExpression: keys.map((_, index) => `#${index}`).join(),
      ExpressionAttributeNames: Object.fromEntries(keys.map((key, index) => [`#${index}`, key])),
    };
    const found: Record<string, AttributeValue>[] = [];
    for await (const { Items = [] } of paginateScan({ client }, scan)) found.push(...Items);
    while (found.length > 0) {
      const requests = found.splice(0, BATCH).map((Key) => ({ DeleteRequest: { Key } }));
      await client.send(new BatchWriteItemCommand({ RequestItems: { [name]: requests } }));
    }
  }

  return {
    url: local.url,
    names: tables.map(({ ref }) => ref),
    clear: async () => {
      for (const table of tables) await clearTable(table);
    },
    async close() {
      client.destroy();
      await local.close();
    },
  };
}

/** What answers in a server of dynalite's, whose own listening knows no callers to refuse. */
function dynaliteHandler(): Handler {
  const server = dynalite({ createTableMs: 0 });
  return (request, response) => {
    server.emit('request', request, response);
  };
}

interface TableProperties {
  readonly AttributeDefinitions: AttributeDefinition[];
  readonly KeySchema: KeySchemaElement[];
}

function inputOf({ ref, properties }: Resource) {
  const { AttributeDefinitions, KeySchema } = properties as unknown as TableProperties;
  return {
    TableName: ref,
    AttributeDefinitions,
    KeySchema,
    BillingMode: 'PAY_PER_REQUEST' as const,
  };
}
