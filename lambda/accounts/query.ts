import * as z from 'zod/mini';
import { parseDateTime } from '../platform/date-time.ts';
import { FIELD_PATHS, type FieldPath } from './visibility.ts';

// Wider than anything that eGain stores; they only keep the work for one request bounded.
const MAX_TEXT = 256;
const MAX_PAIR = 1024;
const MAX_ITEMS = 100;

export const MAX_PAGENUM = 100_000;
export const MAX_PAGESIZE = 500;
/** The page size of `GET /accounts` where the partner names none. */
export const DEFAULT_PAGESIZE = 100;

const SORTS = ['name', '-name', 'created', '-created', 'modified', '-modified'] as const;
export type Sort = (typeof SORTS)[number];
export const DEFAULT_SORT: Sort = 'name';

const text = () => z.string().check(z.minLength(1), z.maxLength(MAX_TEXT));
const listOf = <T extends z.ZodMiniType>(item: T) =>
  z.array(item).check(z.minLength(1), z.maxLength(MAX_ITEMS));
const integer = (maximum: number) => z.int().check(z.minimum(1), z.maximum(maximum));
const dateTime = () =>
  z.string().check(
    z.refine((value: string) => parseDateTime(value) !== undefined),
    z.meta({ format: 'date-time' }),
  );

const ID = `an id of 1 to ${MAX_TEXT} characters, at most ${MAX_ITEMS} of them`;
const DATE_TIME = 'an RFC 3339 date-time with a zone, such as 2026-01-31T08:00:00Z';

interface ParameterRow {
  /** Of the JSON value: a boolean, an integer, a text or a list of texts. */
  readonly schema: z.ZodMiniType;
  /**
   * How a query string writes the value: `list` repeats the parameter, `commas` is one parameter
   * with commas; the rest may stand once.
   */
  readonly form: 'integer' | 'boolean' | 'text' | 'list' | 'commas';
  /** What a fault says was expected. */
  readonly expected: string;
  /** What the contract says it means. */
  readonly description: string;
  /** The field that a filter looks at, so that the scope of the one is the scope of the other. */
  readonly reads?: FieldPath;
}

/** Every parameter of `GET /accounts`. A filter's row holds for the task's JSON input as well. */
export const PARAMETERS = {
  pagenum: {
    schema: integer(MAX_PAGENUM),
    form: 'integer',
    expected: `an integer from 1 to ${MAX_PAGENUM}`,
    description: 'The page, from 1. Past the end the list is empty and the count still true.',
  },
  pagesize: {
    schema: integer(MAX_PAGESIZE),
    form: 'integer',
    expected: `an integer from 1 to ${MAX_PAGESIZE}`,
    description: 'How many accounts a page holds.',
  },
  active: {
    schema: z.boolean(),
    form: 'boolean',
    expected: 'true or false',
    description: 'Whether the account is active. One that does not say so counts as active.',
    reads: 'active',
  },
  name: {
    schema: text(),
    form: 'text',
    expected: `a part of a name, 1 to ${MAX_TEXT} characters`,
    description: 'A part of the name, in any case.',
    reads: 'name',
  },
  channel: {
    schema: listOf(text()),
    form: 'list',
    expected: ID,
    description: "The channel's id. Repeated: any of them.",
    reads: 'channel.id',
  },
  orchestration: {
    schema: listOf(text()),
    form: 'list',
    expected: ID,
    description: "The orchestration's id. Repeated: any of them.",
    reads: 'chatConfigurations.orchestration.id',
  },
  entryPoint: {
    schema: listOf(text()),
    form: 'list',
    expected: ID,
    description: "The entry point's id. Repeated: any of them.",
    reads: 'chatConfigurations.entryPoint.id',
  },
  language: {
    schema: text(),
    form: 'text',
    expected: `a language such as en-US, 1 to ${MAX_TEXT} characters`,
    description: 'The default language, in any case.',
    reads: 'chatConfigurations.defaultLanguage',
  },
  onAgentUnavailability: {
    schema: z.enum(['off_hours', 'retain_and_retry']),
    form: 'text',
    expected: 'off_hours or retain_and_retry',
    description: 'What happens to a message when no agent is available.',
    reads: 'chatConfigurations.onAgentUnavailability',
  },
  createdAfter: {
    schema: dateTime(),
    form: 'text',
    expected: DATE_TIME,
    description: 'Created at this instant or later.',
    reads: 'created',
  },
  createdBefore: {
    schema: dateTime(),
    form: 'text',
    expected: DATE_TIME,
    description: 'Created before this instant.',
    reads: 'created',
  },
  modifiedAfter: {
    schema: dateTime(),
    form: 'text',
    expected: DATE_TIME,
    description: 'Modified at this instant or later.',
    reads: 'modified',
  },
  modifiedBefore: {
    schema: dateTime(),
    form: 'text',
    expected: DATE_TIME,
    description: 'Modified before this instant.',
    reads: 'modified',
  },
  attribute: {
    schema: listOf(z.string().check(z.maxLength(MAX_PAIR), z.regex(/^[^:]+:/))),
    form: 'list',
    expected: `name:value of at most ${MAX_PAIR} characters, at most ${MAX_ITEMS} of them`,
    description: 'An attribute as name:value, split at the first colon. Repeated: all of them.',
    reads: 'attributes',
  },
  sort: {
    schema: z.enum(SORTS),
    form: 'text',
    expected: SORTS.join(', '),
    description:
      'The order; a minus turns it round. Names are compared in lower case, by code point. ' +
      'Ties are by id, ascending; an account without the date comes last.',
  },
  fields: {
    schema: listOf(z.enum(FIELD_PATHS)),
    form: 'commas',
    expected: 'a comma list of dotted paths of an account, such as id,channel.id',
    description:
      "The fields wanted, as dotted paths. An object's name means all that is open in it.",
  },
} as const satisfies Record<string, ParameterRow>;

export type ParameterName = keyof typeof PARAMETERS;

const optional = <N extends ParameterName>(
  name: N,
): z.ZodMiniOptional<(typeof PARAMETERS)[N]['schema']> => z.optional(PARAMETERS[name].schema);

/** The filters, as JSON values: the query string's once read, and the task's `filter`. */
export const filterSchema = z.strictObject({
  active: optional('active'),
  name: optional('name'),
  channel: optional('channel'),
  orchestration: optional('orchestration'),
  entryPoint: optional('entryPoint'),
  language: optional('language'),
  onAgentUnavailability: optional('onAgentUnavailability'),
  createdAfter: optional('createdAfter'),
  createdBefore: optional('createdBefore'),
  modifiedAfter: optional('modifiedAfter'),
  modifiedBefore: optional('modifiedBefore'),
  attribute: optional('attribute'),
});

export type Filter = Readonly<z.infer<typeof filterSchema>>;

/** What both entries may ask: which accounts, in which order, which of their fields. */
export const querySchema = z.strictObject({
  filter: z.optional(filterSchema),
  sort: optional('sort'),
  fields: optional('fields'),
  pagenum: optional('pagenum'),
  pagesize: optional('pagesize'),
});

export type Query = Readonly<z.infer<typeof querySchema>>;

/** Which accounts are asked for and in which order, as a text that is the same for the same question. */
export function questionOf(query: Query): string {
  const filter = Object.entries(query.filter ?? {})
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, Array.isArray(value) ? [...new Set(value)].toSorted() : value])
    .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  return JSON.stringify([query.sort ?? DEFAULT_SORT, filter]);
}
