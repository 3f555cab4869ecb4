import { hash } from 'node:crypto';
import {
  BatchGetItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { ServiceConfig } from './config.ts';
import type { Clock } from './deadline.ts';
import { AWS_CLIENT } from './http-client.ts';
import { errorName, log } from './log.ts';
import { count } from './metrics.ts';

/** An item whose version tells whether somebody else has replaced it. */
export interface Item {
  readonly version: number;
  readonly body: string;
}

/** What replaces an item. */
export interface NewItem extends Item {
  /** When the table may drop it; milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface Table {
  /** The item as it is now: a consistent read. */
  read(key: string): Promise<Item | undefined>;
  /**
   * Writes the item if the one there still has that version.
   *
   * @param seen the version that was read; undefined where there was no item
   * @param insist whether to try it even where the table has just failed
   * @returns false when somebody else has written meanwhile
   */
  replace(key: string, item: NewItem, seen: number | undefined, insist?: boolean): Promise<boolean>;
  /** Bytes by their keys. Keys without an item are left out. */
  readBytes(keys: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Writes bytes, whatever is there. */
  writeBytes(key: string, bytes: Uint8Array, expiresAt: number): Promise<void>;
}

/** How long a call of the table may take. In one region it takes some 5 ms. */
const CALL_MS = 250;
/** A container's first call makes the connection, and parts of a content are up to 16 MB. */
const LONGEST_MS = 1000;
/** How long the table is left alone after a failure. */
const AWAY_MS = 10_000;
const atMost = () => ({ abortSignal: AbortSignal.timeout(LONGEST_MS) });

/** One answer of BatchGetItem holds 16 MB, and a part at most 400 KB. */
const BATCH = 40;

/**
 * The table in DynamoDB: partition key `pk`; `version` and `body` of items, or `bytes`; TTL by
 * `expiresAt`, in seconds. Each call is tried once: the guard decides what comes after a failure.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations.html
 */
export function createDynamoTable(TableName: string): Table {
  const client = new DynamoDBClient({ ...AWS_CLIENT, maxAttempts: 1 });

  return {
    async read(pk) {
      const command = new GetItemCommand({
        TableName,
        Key: { pk: { S: pk } },
        ConsistentRead: true,
      });
      const { Item: found } = await client.send(command, atMost());
      // An item without a version is none, and can be replaced as if there were none.
      if (found?.['version']?.N === undefined) return undefined;
      return { version: Number(found['version'].N), body: found['body']?.S ?? '' };
    },

    async replace(pk, { version, body, expiresAt }, seen) {
      const command = new PutItemCommand({
        TableName,
        Item: {
          pk: { S: pk },
          version: { N: String(version) },
          body: { S: body },
          expiresAt: { N: String(Math.ceil(expiresAt / 1000)) },
        },
        ...(seen === undefined
          ? { ConditionExpression: 'attribute_not_exists(version)' }
          : {
              ConditionExpression: 'version = :seen',
              ExpressionAttributeValues: { ':seen': { N: String(seen) } },
            }),
      });
      try {
        await client.send(command, atMost());
        return true;
      } catch (error) {
        if (error instanceof Error && error.name === 'ConditionalCheckFailedException') {
          return false;
        }
        throw error;
      }
    },

    async readBytes(keys) {
      const found = new Map<string, Uint8Array>();
      let left = [...keys];
      while (left.length > 0) {
        const asked = left.slice(0, BATCH);
        const Keys = asked.map((pk) => ({ pk: { S: pk } }));
        const command = new BatchGetItemCommand({
          RequestItems: { [TableName]: { Keys, ConsistentRead: true } },
        });
        const answer = await client.send(command, atMost());
        for (const { pk, bytes } of answer.Responses?.[TableName] ?? []) {
          if (pk?.S !== undefined && bytes?.B !== undefined) found.set(pk.S, bytes.B);
        }
        const unread = answer.UnprocessedKeys?.[TableName]?.Keys ?? [];
        const again = unread.flatMap(({ pk }) => pk?.S ?? []);
        if (again.length === asked.length) throw new Error('the table gives none of the items');
        left = [...again, ...left.slice(asked.length)];
      }
      return found;
    },

    async writeBytes(pk, bytes, expiresAt) {
      const ttl = { N: String(Math.ceil(expiresAt / 1000)) };
      const Item = { pk: { S: pk }, bytes: { B: bytes }, expiresAt: ttl };
      await client.send(new PutItemCommand({ TableName, Item }), atMost());
    },
  };
}

/** The table cannot be used at the moment; never told to a caller. */
export class TableAway extends Error {
  override readonly name = 'TableAway';
}

/**
 * The table as a container uses it: quickly or not at all. Each method throws `TableAway` where the
 * table fails, takes too long, or has failed less than 10 s ago; the container then goes on alone.
 */
export function guardTable(table: Table, clock: Clock): Table {
  let awayUntil = Number.NEGATIVE_INFINITY;
  let called = false;

  const call = async <T>(longestMs: number, work: () => Promise<T>, insist = false): Promise<T> => {
    if (!insist && clock.now() < awayUntil) throw new TableAway('the table has just failed');
    const late = Promise.withResolvers<never>();
    const callOff = clock.after(called ? longestMs : LONGEST_MS, () => {
      late.reject(new TableAway('the table did not answer in time'));
    });
    called = true;
    try {
      return await Promise.race([work(), late.promise]);
    } catch (error) {
      awayUntil = clock.now() + AWAY_MS;
      count('SharedTableFailures');
      // The name alone: a message of the SDK's may quote what it could not read.
      const failure = errorName(error);
      log.warn('The shared table cannot be used', { failure });
      throw new TableAway(failure);
    } finally {
      callOff();
    }
  };

  return {
    read: (key) => call(CALL_MS, () => table.read(key)),
    replace: (key, item, seen, insist) =>
      call(CALL_MS, () => table.replace(key, item, seen), insist),
    readBytes: (keys) => call(LONGEST_MS, () => table.readBytes(keys)),
    writeBytes: (key, bytes, expiresAt) =>
      call(LONGEST_MS, () => table.writeBytes(key, bytes, expiresAt)),
  };
}

/** For `catch`: a table that is away is as good as one without the item. */
export function unlessAway(error: unknown): undefined {
  if (!(error instanceof TableAway)) throw error;
}

/** Raise it with any change of what the items hold: old and new containers run side by side. */
const FORMAT = 'v2';

/** What every item's key begins with; the functions may touch no other item. */
export const KEY_PREFIX = `${FORMAT}#`;

export type SharedKeys = ReturnType<typeof sharedKeys>;

type Origin = Pick<ServiceConfig, 'apiUrl' | 'tokenUrl' | 'scope' | 'secretArn'>;

/** The keys for one origin of accounts: another tenant or another secret never reads these items. */
export function sharedKeys({ apiUrl, tokenUrl, scope, secretArn }: Origin) {
  const origin = hash('sha256', JSON.stringify([apiUrl, tokenUrl, scope, secretArn]), 'base64url');
  const prefix = `${KEY_PREFIX}${origin.slice(0, 22)}#`;
  return {
    /** What the containers share about the snapshot. */
    state: `${prefix}state`,
    token: `${prefix}token`,
    /** The calls to eGain of the last minute. */
    calls: `${prefix}calls`,
    /** One part of a content, from 0. */
    part: (contentHash: string, number: number) => `${prefix}part#${contentHash}#${number}`,
  };
}
