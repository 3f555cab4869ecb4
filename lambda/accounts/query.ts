import * as z from 'zod/mini';
import { type Detail, Fault } from '../faults.ts';
import type { Snapshot } from '../snapshot/content.ts';
import { type Columns, DEFAULT_SORT, readBySort, type Sieve, sift } from './compare.ts';
import { type FieldPath, missingScope, type Scope } from './fields.ts';
import {
  FILTER_NAMES,
  type FilterName,
  isParameter,
  OPTION_NAMES,
  type OptionName,
  PARAMETERS,
  type ParameterName,
} from './parameters.ts';
import { excerpt } from './text.ts';
import { type Viewer, viewOf } from './view.ts';

type SchemaOf<Name extends ParameterName> = (typeof PARAMETERS)[Name]['schema'];

/** The schemas of some parameters, each of which may be left out. */
function optionalSchemas<Name extends ParameterName>(names: readonly Name[]) {
  const rows = names.map((name) => [name, z.optional<z.ZodMiniType>(PARAMETERS[name].schema)]);
  // An object made of entries has lost which name goes with which schema.
  return Object.fromEntries(rows) as { [N in Name]: z.ZodMiniOptional<SchemaOf<N>> };
}

/** The filters, as JSON values: the query string's once read, and the task's `filter`. */
export const filterSchema = z.strictObject(optionalSchemas(FILTER_NAMES));

/** What is wanted of each filter. */
type Wanted = { readonly [Name in FilterName]: z.output<SchemaOf<Name>> };

export type Filter = { readonly [Name in FilterName]?: Wanted[Name] | undefined };

/** What both entries may ask: which accounts, in which order, which of their fields. */
export const querySchema = z.strictObject({
  filter: z.optional(filterSchema),
  ...optionalSchemas<OptionName>(OPTION_NAMES),
});

export type Query = Readonly<z.infer<typeof querySchema>>;

const FILTERS: {
  readonly [Name in FilterName]: { sieve(wanted: Wanted[Name], columns: Columns): Sieve };
} = PARAMETERS;

/** The conditions that an account meets which matches the filter. */
export function filterSieves(filter: Filter, columns: Columns): readonly Sieve[] {
  return FILTER_NAMES.flatMap((name) => {
    const wanted = filter[name];
    return wanted === undefined ? [] : [sieveOf(name, wanted, columns)];
  });
}

function sieveOf<Name extends FilterName>(
  name: Name,
  wanted: Wanted[Name],
  columns: Columns,
): Sieve {
  return FILTERS[name].sieve(wanted, columns);
}

/** Which accounts are asked for and in which order, as a text that is the same for the same question. */
export function questionOf(query: Query): string {
  const filter = Object.entries(query.filter ?? {})
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, Array.isArray(value) ? [...new Set(value)].toSorted() : value])
    .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  return JSON.stringify([query.sort ?? DEFAULT_SORT, filter]);
}

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

/** The accounts that match a query, in its order. */
export interface Selection {
  /** How many accounts match. */
  readonly count: number;
  /**
   * The JSON text of the account at a position, from 0 to `count - 1`.
   *
   * @throws RangeError for any other position.
   */
  readonly fragment: (position: number) => string;
  /** The version of all that the viewer can see, whatever matches (`View.version`). */
  readonly version: () => string;
}

/**
 * Filters, sorts and projects what the viewer can see of a snapshot. Whether the scopes open what
 * the query names is for the caller to have checked (`demandScopes`).
 */
export function select(
  snapshot: Snapshot,
  viewer: Viewer,
  query: Pick<Query, 'filter' | 'sort' | 'fields'>,
): Selection {
  const view = viewOf(snapshot, viewer);
  const sieves = filterSieves(query.filter ?? {}, view.columns);
  const places = sift(sieves, view.ordered(query.sort ?? DEFAULT_SORT));
  const write = view.writer(query.fields);
  return {
    count: places.length,
    version: view.version,
    fragment(position) {
      const place = places[position];
      if (place === undefined) throw new RangeError('no account at this position');
      return write(place);
    },
  };
}

/** The JSON text of one account; undefined where the viewer sees none with this id. */
export function selectOne(
  snapshot: Snapshot,
  viewer: Viewer,
  id: string,
  fields?: readonly FieldPath[],
): string | undefined {
  const view = viewOf(snapshot, viewer);
  const place = view.find(id);
  return place === undefined ? undefined : view.writer(fields)(place);
}
