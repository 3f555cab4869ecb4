import {
  type AttributeDefinition,
  CreateTableCommand,
  DeleteItemCommand,
  DynamoDBClient,
  type KeySchemaElement,
  paginateScan,
} from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { listen } from '../local-server.ts';
import { LOCAL_REGION, type ResolvedTemplate } from './template.ts';

/** The tables of the template, at an endpoint that speaks DynamoDB's protocol. */
export interface LocalTables {
  readonly url: string;
  /** Deletes every item. */
  readonly clear: () => Promise<void>;
  readonly close: () => Promise<void>;
}

interface TableProperties {
  readonly AttributeDefinitions: AttributeDefinition[];
  readonly KeySchema: KeySchemaElement[];
}

/**
 * Starts an empty DynamoDB in memory and makes the template's tables. It takes any signature, and
 * deletes nothing when its time to live is over: DynamoDB may take days for that too.
 */
export async function startTables(template: ResolvedTemplate): Promise<LocalTables> {
  const server = dynalite({ createTableMs: 0 });
  // Its own `listen` would not check who calls.
  const local = await listen((request, response) => void server.emit('request', request, response));
  const client = new DynamoDBClient({
    endpoint: local.url,
    region: LOCAL_REGION,
    credentials: { accessKeyId: 'sandbox', secretAccessKey: 'sandbox' },
  });
  const tables = ['AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable'].flatMap((type) =>
    template.ofType(type).map(({ ref, properties }) => {
      const { AttributeDefinitions, KeySchema } = properties as unknown as TableProperties;
      const BillingMode = 'PAY_PER_REQUEST' as const;
      return { TableName: ref, AttributeDefinitions, KeySchema, BillingMode };
    }),
  );
  for (const table of tables) await client.send(new CreateTableCommand(table));

  async function clearTable({ TableName, KeySchema }: (typeof tables)[number]): Promise<void> {
    const isKey = (name: string) => KeySchema.some(({ AttributeName }) => AttributeName === name);
    for await (const { Items = [] } of paginateScan({ client }, { TableName })) {
      for (const item of Items) {
        const Key = Object.fromEntries(Object.entries(item).filter(([name]) => isKey(name)));
        await client.send(new DeleteItemCommand({ TableName, Key }));
      }
    }
  }

  return {
    url: local.url,
    async clear() {
      for (const table of tables) await clearTable(table);
    },
    async close() {
      client.destroy();
      await local.close();
    },
  };
}
