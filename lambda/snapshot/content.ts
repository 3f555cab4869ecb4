import { hash } from 'node:crypto';
import type { Account } from '../egain/account.ts';
import type { GuardedTable, SharedKeys } from '../platform/table.ts';

/** All accounts at one moment. */
export interface Snapshot {
  readonly accounts: readonly Account[];
  /** SHA-256 of the content, base64url; the order in which eGain sent the accounts is no part. */
  readonly hash: string;
}

/** A snapshot, and the text that it is shared by. */
export interface WrittenSnapshot {
  readonly snapshot: Snapshot;
  /** Its accounts as a JSON array, the same text for the same content. */
  readonly text: string;
}

/**
 * A snapshot of these accounts, ordered by their own texts. Each account has its keys in the
 * schema's order, so equal ones have equal texts, and equal contents one text and one hash.
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

/** The snapshot of this text, if it is the one that the hash was made of. */
export function readSnapshot(text: string, expectedHash: string): Snapshot | undefined {
  if (hashOf(text) !== expectedHash) return undefined;
  // Whoever made the hash had checked the accounts.
  return { accounts: JSON.parse(text) as Account[], hash: expectedHash };
}

function hashOf(text: string): string {
  return hash('sha256', text, 'base64url');
}

/** An item holds 400 KB, its key and its other attributes included. */
const PART_BYTES = 350 * 1024;
const AT_ONCE = 4;
/** A walk holds 150 MB of text at most; more would not be a snapshot's. */
const MAX_TEXT_BYTES = 300_000_000;

/**
 * Writes a snapshot's content, compressed, as items that one can hold.
 *
 * @param expiresAt milliseconds since the epoch
 * @returns how many parts there are
 * @throws TableAway
 */
export async function writeParts(
  { snapshot, text }: WrittenSnapshot,
  expiresAt: number,
  table: GuardedTable,
  keys: SharedKeys,
): Promise<number> {
  const parts = cut(compress(text));
  for (let begin = 0; begin < parts.length; begin += AT_ONCE) {
    await Promise.all(
      parts
        .slice(begin, begin + AT_ONCE)
        .map((part, index) =>
          table.writeBytes(keys.part(snapshot.hash, begin + index), part, expiresAt),
        ),
    );
  }
  return parts.length;
}

/**
 * Reads a snapshot's content. Nothing read is believed: a part that is missing, broken or another's
 * makes a text that the hash was not made of.
 *
 * @returns undefined where the content is not there, or not what the hash names
 * @throws TableAway
 */
export async function readParts(
  contentHash: string,
  count: number,
  table: GuardedTable,
  keys: SharedKeys,
): Promise<Snapshot | undefined> {
  const names = Array.from({ length: count }, (_, number) => keys.part(contentHash, number));
  const found = await table.readBytes(names);
  const parts = names.flatMap((name) => found.get(name) ?? []);
  const text = decompress(Buffer.concat(parts));
  return text === undefined ? undefined : readSnapshot(text, contentHash);
}

function cut(bytes: Buffer): Buffer[] {
  const count = Math.max(1, Math.ceil(bytes.length / PART_BYTES));
  return Array.from({ length: count }, (_, number) =>
    bytes.subarray(number * PART_BYTES, (number + 1) * PART_BYTES),
  );
}

/** Not in the background: a container answers one request at a time, and this one needs it. */
function compress(text: string): Buffer {
  return zlib().deflateRawSync(text);
}

function decompress(bytes: Buffer): string | undefined {
  try {
    return zlib().inflateRawSync(bytes, { maxOutputLength: MAX_TEXT_BYTES }).toString();
  } catch {
    return undefined;
  }
}

/** Loaded when it is needed: most requests neither read nor write a content. */
const zlib = () => process.getBuiltinModule('node:zlib');
