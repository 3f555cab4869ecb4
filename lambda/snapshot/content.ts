import { createHash, hash } from 'node:crypto';
import type { Account } from '../egain/account.ts';
import type { SharedKeys, Table } from '../platform/table.ts';

/** All accounts at one moment. */
export interface Snapshot {
  readonly accounts: readonly Account[];
  /** The content's name: its SHA-256, base64url, whatever the order in which the accounts came. */
  readonly hash: string;
}

/** An item holds 400 KB, its key and its other attributes included. */
const PART_BYTES = 350 * 1024;
/** How much text one part holds, unless it does not compress: some hundred KB, compressed. */
const PART_LENGTH = 1_000_000;
/** How many parts are written at once. */
const AT_ONCE = 4;
/** A page walk holds 150 MB of text at most; more is no content. */
const MAX_TEXT_BYTES = 300_000_000;

/*
 * Nothing here holds the whole text, which would take as much memory as the accounts: accounts are
 * written one by one for the hash, and in parts, each a text of its own, for the table.
 */

/**
 * A snapshot of these accounts in an order that depends on them alone: by id, else by content. Each
 * account has its keys in the schema's order, so equal accounts have equal texts, and equal contents
 * one hash.
 */
export function writeSnapshot(accounts: readonly Account[]): Snapshot {
  const keyed = accounts.map((account) => ({ account, key: account.id ?? digestOf(account) }));
  keyed.sort((a, b) => ascending(a.key, b.key) || ascending(line(a.account), line(b.account)));
  const content = createHash('sha256');
  for (const { account } of keyed) content.update(line(account));
  return { accounts: keyed.map(({ account }) => account), hash: content.digest('base64url') };
}

const line = (account: Account) => `${JSON.stringify(account)}\n`;
/** Short, where there are many accounts without an id. */
const digestOf = (account: Account) => hash('sha256', line(account), 'base64url');
const ascending = (a: string, b: string) => Number(a > b) - Number(a < b);

/**
 * Writes a content, compressed, into items of the table.
 *
 * @param expiresAt milliseconds since the epoch
 * @returns how many parts there are
 * @throws TableAway
 */
export async function writeParts(
  { accounts, hash: contentHash }: Snapshot,
  expiresAt: number,
  table: Table,
  keys: SharedKeys,
): Promise<number> {
  let count = 0;
  let some: Buffer[] = [];
  const write = async () => {
    const writing = some.map((part, index) =>
      table.writeBytes(keys.part(contentHash, count + index), part, expiresAt),
    );
    await Promise.all(writing);
    count += some.length;
    some = [];
  };
  for (const part of partsOf(accounts)) {
    some.push(part);
    // They are made before the first is sent: meanwhile no answer is read, and no lock extended.
    if (some.length === AT_ONCE) await write();
  }
  await write();
  return count;
}

/** At least one. */
function* partsOf(accounts: readonly Account[]): Generator<Buffer> {
  let lines: string[] = [];
  let length = 0;
  for (const account of accounts) {
    lines.push(line(account));
    length += lines.at(-1)?.length ?? 0;
    if (length < PART_LENGTH) continue;
    yield* compressed(lines);
    lines = [];
    length = 0;
  }
  if (lines.length > 0 || accounts.length === 0) yield* compressed(lines);
}

/** In one part, or in several where it does not compress. */
function* compressed(lines: readonly string[]): Generator<Buffer> {
  // Not in the background: a container answers one request at a time, and this one needs it.
  const bytes = process.getBuiltinModule('node:zlib').deflateRawSync(lines.join(''));
  // An account takes 256 KB at most, which fits as it is.
  if (bytes.length <= PART_BYTES || lines.length === 1) {
    yield bytes;
    return;
  }
  const half = Math.ceil(lines.length / 2);
  yield* compressed(lines.slice(0, half));
  yield* compressed(lines.slice(half));
}

/**
 * Reads a content from its parts.
 *
 * @returns null where a part is missing, broken or another's, as the hash shows
 * @throws TableAway
 */
export async function readParts(
  contentHash: string,
  count: number,
  table: Table,
  keys: SharedKeys,
): Promise<Snapshot | null> {
  const names = Array.from({ length: count }, (_, number) => keys.part(contentHash, number));
  const found = await table.readBytes(names);
  const { inflateRawSync } = process.getBuiltinModule('node:zlib');
  const content = createHash('sha256');
  const accounts: Account[] = [];
  let left = MAX_TEXT_BYTES;
  try {
    for (const name of names) {
      const text = inflateRawSync(found.get(name) ?? Buffer.of(), { maxOutputLength: left });
      left -= text.length;
      content.update(text);
      // The container that made the hash has checked the accounts.
      for (const each of text.toString().split('\n').slice(0, -1)) {
        accounts.push(JSON.parse(each) as Account);
      }
    }
  } catch {
    return null;
  }
  return content.digest('base64url') === contentHash ? { accounts, hash: contentHash } : null;
}
