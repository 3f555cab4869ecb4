import { hash, randomUUID } from 'node:crypto';
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

export interface Item {
  /** Tells whether somebody else has replaced it; undefined where it is none. */
  readonly version: number | undefined;
  readonly body: string;
  /** Names the write, unlike any other, so that its author knows it again. The guard sets it. */
  readonly writer?: string | undefined;
  /** When it was written, in milliseconds since the epoch by its author's clock. The guard sets it. */
  readonly writtenAt?: number | undefined;
}

/** What replaces an item. */
export interface NewItem extends Item {
  readonly version: number;
  /** When the table may drop it; milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** An item as the guard gives it. */
interface SeenItem extends Item {
  /**
   * By how many milliseconds its author's clock is evidently ahead of this container's, or behind it
   * where negative; 0 up to what clocks may differ. All moments in the body are by that clock.
   */
  readonly aheadMs?: number;
}

export interface Table {
  /** The item as it is now: a consistent read. */
  read(key: string): Promise<SeenItem | undefined>;
  /**
   * Writes the item if the one there still has that version.
   *
   * @param seen the version that was read; undefined where there was no item, or none with a version
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
/** By how much the clocks of two containers may differ. */
export const SKEW_MS = 5000;
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
      if (found === undefined) return undefined;
      const version = Number(found['version']?.N);
      return {
        // An item without such a version can be replaced as if there were none.
        version: version >= 0 && version < Number.MAX_SAFE_INTEGER ? version : undefined,
        body: found['body']?.S ?? '',
        writer: found['writer']?.S,
        writtenAt: found['writtenAt']?.N === undefined ? undefined : Number(found['writtenAt'].N),
      };
    },

    async replace(pk, { version, body, writer = '', writtenAt = 0, expiresAt }, seen) {
      const command = new PutItemCommand({
        TableName,
        Item: {
          pk: { S: pk },
          version: { N: String(version) },
          body: { S: body },
          writer: { S: writer },
          writtenAt: { N: String(writtenAt) },
          expiresAt: { N: String(Math.ceil(expiresAt / 1000)) },
        },
        ...(seen === undefined
          ? {
              ConditionExpression:
                'attribute_not_exists(version) OR NOT version BETWEEN :least AND :most',
              ExpressionAttributeValues: {
                ':least': { N: '0' },
                ':most': { N: String(Number.MAX_SAFE_INTEGER - 1) },
              },
            }
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

interface SeenLast {
  readonly version: number | undefined;
  readonly aheadMs: number;
  readonly askedAt: number;
}

/** The table cannot be used at the moment; never told to a caller. */
export class TableAway extends Error {
  override readonly name = 'TableAway';
}

/**
 * The table as a container uses it: quickly or not at all. A call that fails, or takes too long, is
 * tried once more at once: it may have been a hiccup, or the container was frozen meanwhile. Each
 * method throws `TableAway` where that fails too, or has failed less than 10 s ago; the container
 * then goes on alone.
 */
export function guardTable(table: Table, clock: Clock): Table {
  let awayUntil = Number.NEGATIVE_INFINITY;
  let called = false;
  /** What was read of each item last, and when. */
  const seenLast = new Map<string, SeenLast>();

  const attempt = async <T>(longestMs: number, work: () => Promise<T>): Promise<T> => {
    const late = Promise.withResolvers<never>();
    const callOff = clock.after(longestMs, () => {
      late.reject(new TableAway('the table did not answer in time'));
    });
    try {
      return await Promise.race([work(), late.promise]);
    } finally {
      callOff();
    }
  };

  const call = async <T>(usualMs: number, work: () => Promise<T>, insist = false): Promise<T> => {
    if (!insist && clock.now() < awayUntil) throw new TableAway('the table has just failed');
    const longestMs = called ? usualMs : LONGEST_MS;
    called = true;
    let again = clock.now();
    try {
      return await attempt(longestMs, work).catch(() => {
        again = clock.now();
        return attempt(longestMs, work);
      });
    } catch (error) {
      // The name alone: a message of the SDK's may quote what it could not read.
      const failure = errorName(error);
      // Where its timer came far too late, the container was frozen. That says nothing of the table.
      if (clock.now() - again <= 2 * longestMs) {
        awayUntil = clock.now() + AWAY_MS;
        count('SharedTableFailures');
        log.warn('The shared table cannot be used', { failure });
      }
      throw new TableAway(failure);
    }
  };

  /** Decided when this version of the item is seen first: later, time has passed as well. */
  const aheadOf = (key: string, item: Item | undefined, askedAt: number): number => {
    const { version, writtenAt } = item ?? {};
    const last = seenLast.get(key);
    let aheadMs = 0;
    if (last !== undefined && last.version === version) aheadMs = last.aheadMs;
    else if (writtenAt !== undefined) {
      // It was written before now, and after the last time when another version was there.
      const earliest = Math.min(writtenAt, clock.now());
      const nearest = Math.max(earliest, last?.askedAt ?? earliest);
      if (Math.abs(writtenAt - nearest) > SKEW_MS) aheadMs = writtenAt - nearest;
    }
    seenLast.set(key, { version, aheadMs, askedAt });
    return aheadMs;
  };

  return {
    read: (key) =>
      call(CALL_MS, async () => {
        const askedAt = clock.now();
        const item = await table.read(key);
        const aheadMs = aheadOf(key, item, askedAt);
        return item && { ...item, aheadMs };
      }),
    replace(key, item, seen, insist) {
      const writer = randomUUID();
      const write = async () => {
        const own = { ...item, writer, writtenAt: clock.now() };
        if (await table.replace(key, own, seen)) return true;
        const found = await table.read(key);
        // It was written when it was tried before, and the answer got lost.
        if (found?.writer === writer) return true;
        if (found?.version !== seen) return false;
        throw new Error('the table refuses what it should take');
      };
      return call(CALL_MS, write, insist);
    },
    readBytes: (keys) => call(LONGEST_MS, () => table.readBytes(keys)),
    writeBytes: (key, bytes, expiresAt) =>
      call(LONGEST_MS, () => table.writeBytes(key, bytes, expiresAt)),
  };
}

/**
 * The version of what replaces an item. None comes twice, not even where the table was emptied in
 * between.
 *
 * @param seen the version that was read; undefined where there was no item
 * @param now milliseconds since the epoch
 */
export function nextVersion(seen: number | undefined, now: number): number {
  return Math.max((seen ?? 0) + 1, now);
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
    /** The content that was announced last. */
    announced: `${prefix}announced`,
    /** The calls to eGain of the last minute. */
    calls: `${prefix}calls`,
    /** One part of a content, from 0. */
    part: (contentHash: string, number: number) => `${prefix}part#${contentHash}#${number}`,
  };
}
