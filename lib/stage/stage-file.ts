import { visit } from 'jsonc-parser';
import type { ConfigIssue } from './config-issues.ts';

/** The text of a JSON file as a value; a byte order mark before it does no harm. */
export type StageFile =
  | { readonly value: unknown; readonly repeatedKeys: readonly ConfigIssue[] }
  /** Says what is wrong, and never shows the text around it: it may be a secret. */
  | { readonly problem: string };

/**
 * Reads a stage config's text. A key that stands twice in one object is reported, since
 * `JSON.parse` keeps the last one without a word.
 */
export function readStageFile(text: string): StageFile {
  const json = text.replace(/^\uFEFF/, '');
  if (json.trim() === '') return { problem: 'is empty' };
  try {
    return { value: JSON.parse(json) as unknown, repeatedKeys: repeatedKeysIn(json) };
  } catch (error) {
    const place = /\(line \d+ column \d+\)/.exec(String(error))?.[0] ?? placeOfError(json);
    return { problem: `is not JSON ${place}`.trimEnd() };
  }
}

function repeatedKeysIn(json: string): ConfigIssue[] {
  /** The keys of each object that is open at this place, the innermost last. */
  const open: Set<string>[] = [];
  const issues: ConfigIssue[] = [];
  visit(json, {
    onObjectBegin() {
      open.push(new Set());
    },
    onObjectEnd() {
      open.pop();
    },
    onObjectProperty(name, _offset, _length, line, _column, pathSupplier) {
      const keys = open.at(-1);
      const expected = `the key once; it stands again on line ${line + 1}`;
      if (keys?.has(name) === true) issues.push({ path: [...pathSupplier(), name], expected });
      keys?.add(name);
    },
  });
  return issues;
}

/** Where JSON.parse's message does not say it, as at the end of the text. */
function placeOfError(json: string): string {
  let place = '';
  visit(json, {
    onError(_code, _offset, _length, line, column) {
      if (place === '') place = `(line ${line + 1} column ${column + 1})`;
    },
  });
  return place;
}
