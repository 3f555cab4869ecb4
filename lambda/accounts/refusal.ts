import type * as z from 'zod/mini';
import { type Detail, Fault } from '../faults.ts';
import { closest } from '../platform/closest.ts';
import { FIELD_PATHS } from './fields.ts';
import { isList, isParameter, PARAMETERS, type ParameterName } from './parameters.ts';

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
export const MAX_ROWS = 30;
/** Longer than any parameter's name. */
const UNKNOWN_LENGTH = 40;

/** A fault with these rows; where there are too many, with the first and the number of the rest. */
export function invalidRequest(rows: readonly Detail[], developerMessage?: string): Fault {
  const words = developerMessage === undefined ? {} : { developerMessage };
  if (rows.length <= MAX_ROWS) return new Fault('invalidRequest', { details: rows, ...words });
  const shownRows = rows.slice(0, MAX_ROWS - 1);
  const more = { key: 'more', value: `${rows.length - shownRows.length} further faults` };
  return new Fault('invalidRequest', { details: [...shownRows, more], ...words });
}

/** What other APIs call a parameter, in lower case. */
const ELSEWHERE: ReadonlyMap<string, ParameterName> = new Map(
  Object.entries({
    page: 'pagenum',
    pageindex: 'pagenum',
    pagenumber: 'pagenum',
    offset: 'pagenum',
    skip: 'pagenum',
    limit: 'pagesize',
    maxresults: 'pagesize',
    perpage: 'pagesize',
    resultsperpage: 'pagesize',
    size: 'pagesize',
    top: 'pagesize',
    count: 'pagesize',
    order: 'sort',
    orderby: 'sort',
    sortby: 'sort',
    select: 'fields',
    q: 'name',
    query: 'name',
    search: 'name',
    lang: 'language',
    locale: 'language',
    enabled: 'active',
    isactive: 'active',
    created: 'createdAfter',
    createdsince: 'createdAfter',
    modified: 'modifiedAfter',
    since: 'modifiedAfter',
    modifiedsince: 'modifiedAfter',
    updatedsince: 'modifiedAfter',
    updatedafter: 'modifiedAfter',
    updatedbefore: 'modifiedBefore',
  } as const),
);

/** Two values, to show how a list is written; `a` and `b` for the others. */
const EXAMPLES: ReadonlyMap<ParameterName, readonly [string, string]> = new Map([
  ['attribute', ['a:b', 'c:d']],
  ['fields', ['id', 'name']],
]);

/** How a caller writes values: in a query string, or as JSON. */
type Notation = 'query' | 'json';

/**
 * The row of a parameter that does not exist. It names the one that is probably meant, and tells those
 * who write a list with brackets (`channel[]`, `channel[0]`) to repeat the parameter.
 *
 * @param known the names that there are
 */
export function unknownRow(name: string, known: readonly string[], notation: Notation): Detail {
  const key = excerpt(name, UNKNOWN_LENGTH);
  const meant = meantBy(key, known);
  const none = `no such ${notation === 'query' ? 'parameter' : 'key'}`;
  if (meant === undefined) return { key, value: none };
  const isIndexed = notation === 'query' && /\[|%5B|\.\d/i.test(key);
  if (!isIndexed || !isParameter(meant) || !isList(meant)) {
    return { key, value: `${none}; did you mean ${meant}?` };
  }
  const [one, other] = EXAMPLES.get(meant) ?? ['a', 'b'];
  const form = `${meant}=${one}&${meant}=${other}`;
  return { key, value: `${none}; repeat ${meant} for each value, without brackets: ${form}` };
}

function meantBy(name: string, known: readonly string[]): string | undefined {
  const words = name.replaceAll(/%[\da-f]{2}/gi, '_').match(/[A-Z]?[a-z]+|[A-Z]+/g) ?? [];
  // `page[size]` is one name; `filter[channel]` and `channelIds` have it among their words.
  for (const word of [words.join(''), ...words.toReversed()]) {
    const meant = closest(ELSEWHERE.get(word.toLowerCase()) ?? word, known);
    if (meant !== undefined) return meant;
  }
  return undefined;
}

/**
 * One row for each wrong value that a schema, run with `reportInput`, has found, under the parameter's
 * name: what was expected, what came, and how to mend it.
 *
 * @param expected what the caller's own parameters expect, beside those of `PARAMETERS`
 */
export function faultRows(
  issues: readonly z.core.$ZodIssue[],
  notation: Notation,
  expected: Readonly<Record<string, string>> = {},
): Detail[] {
  return onePerValue(issues).map(({ path, input }) => {
    const name = path.findLast((part) => typeof part === 'string') ?? 'input';
    const wanted = isParameter(name)
      ? wantedFor(name, input, notation, typeof path.at(-1) === 'number')
      : expected[name];
    const text = typeof input === 'string' ? input : JSON.stringify(input);
    const hint = typeof input === 'string' ? hintFor(name, input, notation) : '';
    return {
      key: excerpt(name),
      value: `expected ${wanted ?? 'something else'}; got "${excerpt(text)}"${hint}`,
    };
  });
}

/** The first issue of each value: one that fails several checks at once is one fault. */
export function onePerValue(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  const seen = new Set<string>();
  return issues.filter(({ path }) => seen.size < seen.add(JSON.stringify(path)).size);
}

function wantedFor(
  name: ParameterName,
  input: unknown,
  notation: Notation,
  isItem: boolean,
): string {
  const { expected, form } = PARAMETERS[name];
  const repeated = form === 'list' ? '; repeat the parameter for each' : '';
  if (notation === 'query') return `${expected}${repeated}`;
  if (isList(name)) return isItem ? expected : `a list of texts, each ${expected}`;
  return form !== 'text' && typeof input === 'string' ? `${expected}, without quotes` : expected;
}

function hintFor(name: string, text: string, notation: Notation): string {
  if (notation === 'query' && /\d \d\d:?\d\d$/.test(text)) return '; in a URL, a + is written %2B';
  if (text === '') return `; to ask without it, leave ${name} out`;
  const meant = name === 'fields' ? closest(text, FIELD_PATHS) : undefined;
  return meant === undefined ? '' : `; did you mean ${meant}?`;
}
