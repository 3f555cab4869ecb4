import { createHash } from 'node:crypto';
import type { Selection } from '../accounts/query.ts';
import { Fault } from '../faults.ts';

/** What TaskFunction gives back to the state machine. */
export interface TaskOutput {
  readonly paginationInfo: {
    /** How many accounts match, on all pages. */
    readonly count: number;
    /** This page's number in the walk, from 1. */
    readonly pagenum: number;
    /** What was asked for; a page holds fewer where `maxBytes` allows no more. */
    readonly pagesize: number;
  };
  readonly account: readonly unknown[];
  /** For the next page; null on the last. */
  readonly cursor: string | null;
  /** Only where the input asks for it. */
  readonly contentHash?: string;
}

export interface PageOptions {
  /** Which accounts are asked for, in which order (`questionOf`). */
  readonly question: string;
  readonly pagesize: number;
  /** The most that the whole output may take, in UTF-8 bytes of its JSON. */
  readonly maxBytes: number;
  /** Whether the output names the content that it was cut from. */
  readonly contentHash: boolean;
  /** The paths that were asked for; undefined for all. */
  readonly fields?: readonly string[] | undefined;
  /** The id of the account at a place in the selection, whatever the fields. */
  readonly idAt: (place: number) => string;
}

/**
 * Cuts one page out of a selection: as many accounts as `pagesize` and `maxBytes` allow, and a
 * cursor that leads on from there, so that pages neither skip nor repeat.
 *
 * @throws Fault `413-901` when not even one account fits
 * @throws Fault `400-901` for a position that lies past the selection's end
 */
export function cutPage(
  selection: Selection,
  position: Position,
  options: PageOptions,
): TaskOutput {
  const { snapshotHash, offset, pagenum } = position;
  const { question, pagesize, maxBytes, contentHash } = options;
  const { count } = selection;
  if (offset > 0 && offset >= count) throw foreignCursor();

  const output = (end: number, account: readonly unknown[]): TaskOutput => ({
    paginationInfo: { count, pagenum, pagesize },
    account,
    cursor:
      end < count
        ? encodeCursor({ snapshotHash, offset: end, pagenum: pagenum + 1 }, question)
        : null,
    ...(contentHash ? { contentHash: snapshotHash } : {}),
  });
  const roomFor = (end: number) => maxBytes - byteLength(JSON.stringify(output(end, [])));

  const texts: string[] = [];
  /** `sizes[n]`: what the first n texts take, commas included. */
  const sizes = [0];
  const last = Math.min(offset + pagesize, count);
  for (let place = offset, size = 0; place < last && size <= maxBytes; place += 1) {
    const text = selection.fragment(place);
    size += byteLength(text) + (texts.length === 0 ? 0 : 1);
    texts.push(text);
    sizes.push(size);
  }

  // Only the last page has no cursor, so a longer page can be the one that fits: from the top down.
  const length = sizes.findLastIndex((size, n) => n === 0 || size <= roomFor(offset + n));
  const [first] = texts;
  if (length === 0 && first !== undefined) {
    throw tooLarge(options.idAt(offset), fieldsWithin(roomFor(offset + 1), first, options.fields));
  }
  return output(
    offset + length,
    texts.slice(0, length).map((text): unknown => JSON.parse(text)),
  );
}

function tooLarge(id: string, fields: readonly string[]): Fault {
  return new Fault('tooLarge', {
    developerMessage: 'One account alone passes maxBytes. Ask for fewer fields, or raise maxBytes.',
    details: [
      { key: 'id', value: id },
      { key: 'fields', value: fields.join(',') },
    ],
  });
}

/** Those of the fields that fit into the room, without the largest; never none. */
function fieldsWithin(room: number, text: string, asked: readonly string[] | undefined): string[] {
  const account = Object.entries(JSON.parse(text) as Record<string, unknown>);
  const kept = new Map(
    account.map(([key, value]) => [key, byteLength(JSON.stringify([key, value]))]),
  );
  const total = () => [...kept.values()].reduce((sum, size) => sum + size, 0);
  const bySize = [...kept].toSorted(([, a], [, b]) => b - a).map(([key]) => key);
  for (const key of bySize) if (total() > room) kept.delete(key);
  const paths = (asked ?? account.map(([key]) => key)).filter((path) =>
    kept.has(path.replace(/\..*/, '')),
  );
  return paths.length > 0 ? paths : ['id'];
}

const byteLength = (text: string): number => Buffer.byteLength(text);

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
function foreignCursor(): Fault {
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
