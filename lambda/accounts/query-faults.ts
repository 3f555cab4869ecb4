import type * as z from 'zod/mini';
import { type Detail, Fault } from '../faults.ts';
import { type FieldPath, missingScope, type Scope } from './fields.ts';
import { readBySort } from './order.ts';
import { FILTER_NAMES, isParameter, PARAMETERS } from './parameters.ts';
import type { Query } from './query.ts';
import { excerpt } from './text.ts';

/** As many rows as eGain gives, so that a small request can't make a large answer. */
const MAX_ROWS = 30;
/** Longer than any name that there is; what is cut off helps nobody. */
const UNKNOWN_LENGTH = 40;

/** A fault with these rows, or the first of them and how many more there are. */
export function invalidRequest(rows: readonly Detail[]): Fault {
  if (rows.length <= MAX_ROWS) return new Fault('invalidRequest', { details: rows });
  const shownRows = rows.slice(0, MAX_ROWS - 1);
  const more = { key: 'more', value: `${rows.length - shownRows.length} further faults` };
  return new Fault('invalidRequest', { details: [...shownRows, more] });
}

/** A row for something that nothing of this name can be asked for. */
export function unknownRow(name: string): Detail {
  return { key: excerpt(name, UNKNOWN_LENGTH), value: 'no such parameter' };
}

/** A row for a parameter that may stand once. */
export function repeatedRow(name: string, times: number): Detail {
  return { key: name, value: `may be given once; it was given ${times} times` };
}

/** A row that says what was expected, and what came instead. */
function unexpectedRow(name: string, expected: string, value: unknown): Detail {
  return { key: excerpt(name), value: `expected ${expected}; got ${shown(value)}${hint(value)}` };
}

function shown(value: unknown): string {
  return `"${excerpt(typeof value === 'string' ? value : JSON.stringify(value))}"`;
}

const hint = (value: unknown): string =>
  typeof value === 'string' && /\d \d\d:?\d\d$/.test(value) ? '; in a URL, a + is written %2B' : '';

/**
 * One row for each fault that a schema found, by the parameter's name (the last name of its path,
 * whatever list or object it stands in). The schema must have been told to `reportInput`.
 *
 * @param expected what a parameter of the caller's own expects; those of `PARAMETERS` are known.
 */
export function faultRows(
  issues: readonly z.core.$ZodIssue[],
  expected: Readonly<Record<string, string>> = {},
): Detail[] {
  // A value can fail several checks at once, and is still one fault.
  const paths = issues.map(({ path }) => JSON.stringify(path));
  const first = issues.filter(({ path }, index) => paths.indexOf(JSON.stringify(path)) === index);
  return first.flatMap((issue): Detail[] => {
    if (issue.code === 'unrecognized_keys') return issue.keys.map(unknownRow);
    const names = issue.path.filter((part) => typeof part === 'string');
    const name = names.at(-1) ?? 'input';
    const row = isParameter(name) ? PARAMETERS[name].expected : expected[name];
    return [unexpectedRow(name, row ?? 'something else', issue.input)];
  });
}

/**
 * Refuses a query that names what the scopes do not open: a filter on a hidden field would tell
 * what it holds.
 *
 * @throws Fault `403-902` with a row for each filter, order and path, naming the scope.
 */
export function demandScopes(
  query: Pick<Query, 'filter' | 'sort' | 'fields'>,
  scopes: ReadonlySet<Scope>,
): void {
  const details: Detail[] = [];
  const demand = (key: string, path: FieldPath) => {
    const scope = missingScope(path, scopes);
    if (scope !== undefined) details.push({ key, value: `${path} needs the scope ${scope}` });
  };
  for (const name of FILTER_NAMES) {
    if (query.filter?.[name] !== undefined) demand(name, PARAMETERS[name].reads);
  }
  if (query.sort !== undefined) demand('sort', readBySort(query.sort));
  for (const path of new Set(query.fields)) demand('fields', path);
  if (details.length > 0) throw new Fault('scopeMissing', { details });
}
