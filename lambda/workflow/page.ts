import { hash } from 'node:crypto';
import * as z from 'zod/mini';
import type { Selection } from '../accounts/view.ts';
import { Fault } from '../faults.ts';
import { parseJson } from '../platform/parse.ts';
import type { TaskInput } from './input.ts';

/** What TaskFunction gives back to the state machine. */
export interface TaskOutput {
  readonly paginationInfo: {
    /** How many accounts match, on all pages. */
    readonly count: number;
    /** The number of this page, from 1. */
    readonly pagenum: number;
    /** What was asked for; a page holds fewer if `maxBytes` allows no more. */
    readonly pagesize: number;
  };
  readonly account: readonly unknown[];
  /** Asks for the next page; null on the last. */
  readonly cursor: string | null;
  /** Only if the input asks for it. */
  readonly contentHash?: string;
}

/**
 * Cuts one page out of a selection: as many accounts as `pagesize` and `maxBytes` allow.
 *
 * @param question what the cursor belongs to (`questionOf`)
 * @throws Fault `413-901` if not even one account fits
 * @throws Fault `400-901` for a position past the end
 */
export function cutPage(
  { accounts, write }: Selection,
  { snapshotHash, offset, pagenum }: Position,
  question: string,
  { pagesize, maxBytes, contentHash, fields }: TaskInput,
): TaskOutput {
  const count = accounts.length;
  if (offset > 0 && offset >= count) throw foreignCursor();

  const pageOf = (texts: readonly string[]): TaskOutput => {
    const next = { snapshotHash, offset: offset + texts.length, pagenum: pagenum + 1 };
    return {
      paginationInfo: { count, pagenum, pagesize },
      account: texts.map((text): unknown => JSON.parse(text)),
      cursor: next.offset < count ? encodeCursor(next, question) : null,
      ...(contentHash ? { contentHash: snapshotHash } : {}),
    };
  };
  const roomFor = (texts: readonly string[]) =>
    maxBytes - byteLength(JSON.stringify({ ...pageOf(texts), account: [] }));

  let texts: string[] = [];
  let size = 0;
  for (const { account } of accounts.slice(offset, offset + pagesize)) {
    if (size > maxBytes) break;
    const text = write(account);
    size += byteLength(text);
    texts.push(text);
  }
  const [first] = texts;
  // From the longest down: the last page has no cursor, so it may fit where a shorter one does not.
  while (byteLength(texts.join()) > roomFor(texts)) texts = texts.slice(0, -1);
  if (texts.length === 0 && first !== undefined) {
    throw tooLarge(
      accounts[offset]?.account.id ?? '',
      fieldsWithin(roomFor([first]), first, fields),
    );
  }
  return pageOf(texts);
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

/** The fields that fit into the room once the largest are left out; at least `id`. */
function fieldsWithin(room: number, text: string, asked: readonly string[] | undefined): string[] {
  const sizes = Object.entries(JSON.parse(text) as Record<string, unknown>).map(
    ([key, value]) => [key, byteLength(JSON.stringify([key, value]))] as const,
  );
  let left = room;
  const kept = new Set<string>();
  for (const [key, size] of sizes.toSorted(([, a], [, b]) => a - b)) {
    left -= size;
    if (left >= 0) kept.add(key);
  }
  const paths = asked ?? sizes.map(([key]) => key);
  const fitting = paths.filter((path) => kept.has(path.replace(/\..*/, '')));
  return fitting.length > 0 ? fitting : ['id'];
}

const byteLength = (text: string): number => Buffer.byteLength(text);

/** How far a workflow has read the pages of one answer. */
export interface Position {
  /** The content hash of the snapshot that the pages are cut from. */
  readonly snapshotHash: string;
  /** How many accounts the earlier pages held: at least 1. */
  readonly offset: number;
  /** The number of the next page, from 2. */
  readonly pagenum: number;
}

const VERSION = 1;
const cursorSchema = z.tuple([
  z.literal(VERSION),
  z.string(),
  z.int().check(z.minimum(1)),
  z.int().check(z.minimum(2)),
  z.string(),
]);

/**
 * Writes a cursor: base64url of a JSON list whose last item seals the others and the question. The
 * seal has no key: it guards against mistakes, not against callers, who may ask for everything
 * anyway (docs/decisions/0017).
 */
export function encodeCursor(
  { snapshotHash, offset, pagenum }: Position,
  question: string,
): string {
  const sealed = JSON.stringify([VERSION, snapshotHash, offset, pagenum, question]);
  // 132 bits: no two positions share a seal by chance.
  const seal = hash('sha256', sealed, 'base64url').slice(0, 22);
  const parts = [VERSION, snapshotHash, offset, pagenum, seal];
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** @throws Fault `400-901` for a cursor that was never given, or was given for another question */
export function decodeCursor(cursor: string, question: string): Position {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  const parts = z.safeParse(cursorSchema, parseJson(text));
  if (!parts.success) throw foreignCursor();
  const [, snapshotHash, offset, pagenum] = parts.data;
  const position = { snapshotHash, offset, pagenum };
  // No page is empty, so each earlier one held at least one account.
  const isPossible = offset >= pagenum - 1;
  // Writing the cursor again checks the seal, the question and every other way to spell its bytes.
  if (!isPossible || encodeCursor(position, question) !== cursor) throw foreignCursor();
  return position;
}

function foreignCursor(): Fault {
  return new Fault('invalidRequest', {
    developerMessage: 'The cursor was not given for this filter and sort.',
    details: [
      { key: 'cursor', value: 'expected the cursor of the page before, with its filter and sort' },
    ],
  });
}
