import type { GuardedTable } from '../../platform/table/guarded-table.ts';
import type { SharedKeys } from '../../platform/table/shared-keys.ts';
import { readSnapshot, type Snapshot, type WrittenSnapshot } from '../snapshot.ts';

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
  hash: string,
  count: number,
  table: GuardedTable,
  keys: SharedKeys,
): Promise<Snapshot | undefined> {
  const names = Array.from({ length: count }, (_, number) => keys.part(hash, number));
  const found = await table.readBytes(names);
  const parts = names.flatMap((name) => found.get(name) ?? []);
  const text = decompress(Buffer.concat(parts));
  return text === undefined ? undefined : readSnapshot(text, hash);
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
