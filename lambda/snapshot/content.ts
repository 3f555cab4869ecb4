import { hash } from 'node:crypto';
import type { Account } from '../egain/account.ts';
import type { SharedKeys, Table } from '../platform/table.ts';

/** All accounts at one moment. */
export interface Snapshot {
  readonly accounts: readonly Account[];
  /** The content's name: its SHA-256, base64url, whatever the order in which the accounts came. */
  readonly hash: string;
}

export interface WrittenSnapshot {
  readonly snapshot: Snapshot;
  /** The accounts as a JSON array, the same text for the same content. */
  readonly text: string;
}

/** An item holds 400 KB, its key and its other attributes included. */
const PART_BYTES = 350 * 1024;
/** How many parts are written at once. */
const AT_ONCE = 4;
/** A page walk holds 150 MB of text at most; more is no content. */
const MAX_TEXT_BYTES = 300_000_000;

/**
 * A snapshot of these accounts, ordered by their own texts. Each account has its keys in the
 * schema's order, so equal accounts have equal texts, and equal contents one text and one hash.
 */
export function writeSnapshot(accounts: readonly Account[]): WrittenSnapshot {
  const written = accounts.map((account) => ({ account, text: JSON.stringify(account) }));
  written.sort((a, b) => Number(a.text > b.text) - Number(a.text < b.text));
  const text = `[${written.map((each) => each.text).join(',')}]`;
  return {
    snapshot: { accounts: written.map(({ account }) => account), hash: hashOf(text) },
    text,
  };
}

/**
 * Writes a content, compressed and cut into items of the table.
 *
 * @param expiresAt milliseconds since the epoch
 * @returns how many parts there are
 * @throws TableAway
 */
export async function writeParts(
  { snapshot, text }: WrittenSnapshot,
  expiresAt: number,
  table: Table,
  keys: SharedKeys,
): Promise<number> {
  // Not in the background: a container answers one request at a time, and this one needs it.
  const bytes = process.getBuiltinModule('node:zlib').deflateRawSync(text);
  const count = Math.max(1, Math.ceil(bytes.length / PART_BYTES));
  const numbers = Array.from({ length: count }, (_, number) => number);
  for (let begin = 0; begin < count; begin += AT_ONCE) {
    await Promise.all(
      numbers.slice(begin, begin + AT_ONCE).map((number) => {
        const part = bytes.subarray(number * PART_BYTES, (number + 1) * PART_BYTES);
        return table.writeBytes(keys.part(snapshot.hash, number), part, expiresAt);
      }),
    );
  }
  return count;
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
  const text = inflate(Buffer.concat(names.flatMap((name) => found.get(name) ?? [])));
  if (text === undefined || hashOf(text) !== contentHash) return null;
  // The container that made the hash has checked the accounts.
  return { accounts: JSON.parse(text) as Account[], hash: contentHash };
}

function inflate(bytes: Buffer): string | undefined {
  const { inflateRawSync } = process.getBuiltinModule('node:zlib');
  try {
    return inflateRawSync(bytes, { maxOutputLength: MAX_TEXT_BYTES }).toString();
  } catch {
    return undefined;
  }
}

function hashOf(text: string): string {
  return hash('sha256', text, 'base64url');
}
