import { createHash } from 'node:crypto';
import { Fault } from '../faults.ts';

/** Where a walk through the pages of one answer stands. */
export interface Position {
  /** The content hash of the snapshot that the pages are cut from. */
  readonly snapshotHash: string;
  /** How many accounts the pages before held: at least 1. */
  readonly offset: number;
  /** The number of the page to come, from 2. */
  readonly pagenum: number;
}

const VERSION = 1;
/** Longer than any cursor that is given, so that a stranger's is refused before it is decoded. */
export const MAX_CURSOR_LENGTH = 512;

/**
 * Writes a cursor: base64url of a JSON list, the last item of which seals the others together with
 * the question. The seal has no key: whoever may invoke the function may ask for everything anyway,
 * so it guards against mistakes, not against its callers (docs/decisions/0030).
 *
 * @param question which accounts are asked for, in which order (`questionOf`)
 */
export function encodeCursor(
  { snapshotHash, offset, pagenum }: Position,
  question: string,
): string {
  const seal = createHash('sha256')
    .update(JSON.stringify([VERSION, snapshotHash, offset, pagenum, question]))
    .digest('base64url')
    // 132 bits: no two positions share a seal by chance.
    .slice(0, 22);
  const parts = [VERSION, snapshotHash, offset, pagenum, seal];
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/**
 * Reads a cursor and checks that it was given for this question.
 *
 * @throws Fault `400-901` for one that was never given, was changed, or belongs to another question
 */
export function decodeCursor(cursor: string, question: string): Position {
  const position = positionIn(cursor);
  // What would be given for this position is the only text that is taken for it: one comparison
  // covers the seal, the question and every other way to write the same bytes.
  if (position === undefined || encodeCursor(position, question) !== cursor) throw foreignCursor();
  return position;
}

/** The refusal of a cursor that was not given for this question. */
export function foreignCursor(): Fault {
  return new Fault('invalidRequest', {
    developerMessage: 'The cursor was not given for this filter and sort.',
    details: [
      { key: 'cursor', value: 'expected the cursor of the page before, with its filter and sort' },
    ],
  });
}

function positionIn(cursor: string): Position | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts)) return undefined;
  const [, snapshotHash, offset, pagenum] = parts as unknown[];
  if (typeof snapshotHash !== 'string') return undefined;
  if (!isIntegerFrom(1, offset) || !isIntegerFrom(2, pagenum)) return undefined;
  // No page is empty, so each of those before held one account at least.
  if (offset < pagenum - 1) return undefined;
  return { snapshotHash, offset, pagenum };
}

function isIntegerFrom(minimum: number, value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= minimum;
}
