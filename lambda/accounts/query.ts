import * as z from 'zod/mini';
import type { Columns, Sieve } from './compare-keys.ts';
import { DEFAULT_SORT } from './order.ts';
import {
  FILTER_NAMES,
  type FilterName,
  OPTION_NAMES,
  type OptionName,
  PARAMETERS,
  type ParameterName,
} from './parameters.ts';

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
