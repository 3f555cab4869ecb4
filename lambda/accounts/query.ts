import * as z from 'zod/mini';
import { type Detail, Fault } from '../faults.ts';
import type { Snapshot } from '../snapshot/content.ts';
import { type Condition, DEFAULT_SORT, meetingAll } from './compare.ts';
import type { FieldPath } from './fields.ts';
import { FILTER_NAMES, type FilterName, isParameter, PARAMETERS } from './parameters.ts';
import { type Viewer, viewOf } from './view.ts';

/** The schemas of all filters, each optional. */
type FilterSchemas = {
  [Name in FilterName]: z.ZodMiniOptional<(typeof PARAMETERS)[Name]['schema']>;
};

/** The filters as JSON values: the task's `filter`, and what a query string is read into. */
export const filterSchema = z.strictObject(
  Object.fromEntries(
    FILTER_NAMES.map((name) => [name, z.optional<z.ZodMiniType>(PARAMETERS[name].schema)]),
    // `fromEntries` loses which name goes with which schema.
  ) as FilterSchemas,
);

export type Filter = Readonly<z.infer<typeof filterSchema>>;

/** What partners and workflows may ask: which accounts, in which order, with which fields. */
export const querySchema = z.strictObject({
  filter: z.optional(filterSchema),
  pagenum: z.optional(PARAMETERS.pagenum.schema),
  pagesize: z.optional(PARAMETERS.pagesize.schema),
  sort: z.optional(PARAMETERS.sort.schema),
  fields: z.optional(PARAMETERS.fields.schema),
});

export type Query = Readonly<z.infer<typeof querySchema>>;

/** The conditions that an account meets if it matches the filter. */
export function filterConditions(filter: Filter): readonly Condition[] {
  return FILTER_NAMES.filter((name) => filter[name] !== undefined).map((name) => {
    // The schema has checked that the value is the one that this filter takes.
    const conditionOf = PARAMETERS[name].condition as (wanted: unknown) => Condition;
    return conditionOf(filter[name]);
  });
}

/** A question (filter and sort) as a text: the same text for the same question. */
export function questionOf(query: Query): string {
  const filter = Object.entries(query.filter ?? {})
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, Array.isArray(value) ? [...new Set(value)].toSorted() : value])
    .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  return JSON.stringify([query.sort ?? DEFAULT_SORT, filter]);
}

// Control and format characters, which can hide text or reverse it, and unusual line ends.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const EXCERPT_LENGTH = 100;

/**
 * A caller's text, made fit for an error message: cut to a length in UTF-16 units (never within a
 * character), with a replacement character for everything invisible.
 */
function excerpt(text: string, length = EXCERPT_LENGTH): string {
  const splits = text.length > length && /[\uD800-\uDBFF]/.test(text.charAt(length - 1));
  return text
    .slice(0, splits ? length - 1 : length)
    .toWellFormed()
    .replace(UNPRINTABLE, '\uFFFD');
}

/** eGain's own limit; it keeps a small request from making a large answer. */
const MAX_ROWS = 30;
/** Longer than any parameter's name. */
const UNKNOWN_LENGTH = 40;

/** A fault with these rows; where there are too many, with the first and the number of the rest. */
export function invalidRequest(rows: readonly Detail[]): Fault {
  if (rows.length <= MAX_ROWS) return new Fault('invalidRequest', { details: rows });
  const shownRows = rows.slice(0, MAX_ROWS - 1);
  const more = { key: 'more', value: `${rows.length - shownRows.length} further faults` };
  return new Fault('invalidRequest', { details: [...shownRows, more] });
}

/** A row for an unknown parameter. */
export function unknownRow(name: string): Detail {
  return { key: excerpt(name, UNKNOWN_LENGTH), value: 'no such parameter' };
}

/** A row for a repeated parameter that may stand only once. */
export function repeatedRow(name: string, times: number): Detail {
  return { key: name, value: `may be given once; it was given ${times} times` };
}

/**
 * One row for each fault that a schema found, under the parameter's name (the last name of the
 * issue's path). The schema must have been run with `reportInput`.
 *
 * @param expected what the caller's own parameters expect, beside those of `PARAMETERS`
 */
export function faultRows(
  issues: readonly z.core.$ZodIssue[],
  expected: Readonly<Record<string, string>> = {},
): Detail[] {
  // A value that fails several checks at once is one fault.
  const paths = issues.map(({ path }) => JSON.stringify(path));
  const first = issues.filter(({ path }, index) => paths.indexOf(JSON.stringify(path)) === index);
  return first.flatMap((issue): Detail[] => {
    if (issue.code === 'unrecognized_keys') return issue.keys.map(unknownRow);
    const names = issue.path.filter((part) => typeof part === 'string');
    const name = names.at(-1) ?? 'input';
    const wanted = isParameter(name) ? PARAMETERS[name].expected : expected[name];
    const text = typeof issue.input === 'string' ? issue.input : JSON.stringify(issue.input);
    const hint = /\d \d\d:?\d\d$/.test(text) ? '; in a URL, a + is written %2B' : '';
    const value = `expected ${wanted ?? 'something else'}; got "${excerpt(text)}"${hint}`;
    return [{ key: excerpt(name), value }];
  });
}

/** The answer to a question, before it is cut into pages. */
export type Selection = ReturnType<typeof select>;

/**
 * Filters and sorts what the viewer can see of a snapshot. The caller has checked with
 * `demandScopes` that the scopes open what the query names.
 *
 * @returns the accounts that match, in the order asked for; what writes one of them as JSON, with
 *   the open fields that the query asks for; and the version of everything that the viewer can see
 */
export function select(
  snapshot: Snapshot,
  viewer: Viewer,
  { filter = {}, sort = DEFAULT_SORT, fields }: Pick<Query, 'filter' | 'sort' | 'fields'>,
) {
  const { ordered, writer, version } = viewOf(snapshot, viewer);
  const accounts = meetingAll(filterConditions(filter), ordered(sort));
  return { accounts, write: writer(fields), version };
}

/** The JSON text of one account; undefined if the viewer sees none with this id. */
export function selectOne(
  snapshot: Snapshot,
  viewer: Viewer,
  id: string,
  fields?: readonly FieldPath[],
): string | undefined {
  const view = viewOf(snapshot, viewer);
  // Should an id stand twice, the first in order has it.
  const found = view.ordered(DEFAULT_SORT).find(({ account }) => account.id === id);
  return found && view.writer(fields)(found.account);
}
