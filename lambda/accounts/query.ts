import * as z from 'zod/mini';
import { DEFAULT_SORT } from './compare.ts';
import { FILTER_NAMES, type FilterName, PARAMETERS } from './parameters.ts';

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
  version: z.optional(PARAMETERS.version.schema),
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
