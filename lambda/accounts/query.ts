import * as z from 'zod/mini';
import { type Detail, Fault } from '../faults.ts';
import { DEFAULT_SORT } from './compare.ts';
import { FILTER_NAMES, type FilterName, isParameter, PARAMETERS } from './parameters.ts';

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

/** A caller's text, cut (never within a character), with U+FFFD for everything invisible. */
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

export function unknownRow(name: string): Detail {
  return { key: excerpt(name, UNKNOWN_LENGTH), value: 'no such parameter' };
}

/**
 * One row for each fault that a schema, run with `reportInput`, has found, under the parameter's name.
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
