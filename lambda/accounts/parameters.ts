import * as z from 'zod/mini';
import { parseDateTime } from '../platform/date-time.ts';
import {
  allPairs,
  COMPARE_KEYS,
  type Columns,
  type CompareKey,
  oneOf,
  type Sieve,
  SORTS,
  sieveOf,
} from './compare.ts';
import { FIELD_PATHS, type ReadablePath } from './fields.ts';
import { foldCase } from './text.ts';

// Wider than anything that eGain stores; they only keep the work for one request bounded.
const MAX_TEXT = 256;
const MAX_PAIR = 1024;
const MAX_ITEMS = 100;

export const MAX_PAGENUM = 100_000;
export const MAX_PAGESIZE = 500;
/** The page size of `GET /accounts` where the partner names none. */
export const DEFAULT_PAGESIZE = 100;

const text = () => z.string().check(z.minLength(1), z.maxLength(MAX_TEXT));
const listOf = <T extends z.ZodMiniType>(item: T) =>
  z.array(item).check(z.minLength(1), z.maxLength(MAX_ITEMS));
const integer = (maximum: number) => z.int().check(z.minimum(1), z.maximum(maximum));

const ids = {
  // What joins several by commas, as others' APIs take them, would match nothing.
  schema: listOf(text().check(z.regex(/^[^,]+$/))),
  form: 'list',
  expected: `an id of 1 to ${MAX_TEXT} characters without a comma, at most ${MAX_ITEMS} of them; repeat the parameter for each`,
  matches: oneOf,
} as const;

const dateTime = {
  schema: z.string().check(
    z.refine((value: string) => parseDateTime(value) !== undefined),
    z.meta({ format: 'date-time' }),
  ),
  form: 'text',
  expected: 'an RFC 3339 date-time with a zone, such as 2026-01-31T08:00:00Z',
} as const;

/** An instant that the schema has checked; with any other, nothing is before or after it. */
const instant = (value: string): number => parseDateTime(value) ?? Number.NaN;
const atOrAfter = {
  ...dateTime,
  matches: (wanted: string) => {
    const start = instant(wanted);
    return (value: number) => value >= start;
  },
};
const before = {
  ...dateTime,
  matches: (wanted: string) => {
    const end = instant(wanted);
    return (value: number) => value < end;
  },
};

/**
 * Every parameter of `GET /accounts`. The schemas of the query string and of the task's JSON input,
 * the conditions on accounts and the contract's parameters are all made from these rows.
 */
export const PARAMETERS = {
  pagenum: option({
    schema: integer(MAX_PAGENUM),
    form: 'integer',
    expected: `an integer from 1 to ${MAX_PAGENUM}`,
    description: 'The page, from 1. Past the end the list is empty and the count still true.',
  }),
  pagesize: option({
    schema: integer(MAX_PAGESIZE),
    form: 'integer',
    expected: `an integer from 1 to ${MAX_PAGESIZE}`,
    description: 'How many accounts a page holds.',
  }),
  active: filter({
    schema: z.boolean(),
    form: 'boolean',
    expected: 'true or false',
    description: 'Whether the account is active. One that does not say so counts as active.',
    reads: COMPARE_KEYS.active,
    matches: (wanted) => (active) => active === wanted,
  }),
  name: filter({
    schema: text(),
    form: 'text',
    expected: `a part of a name, 1 to ${MAX_TEXT} characters`,
    description: 'A part of the name, in any case.',
    reads: COMPARE_KEYS.foldedName,
    matches: (wanted) => {
      const part = foldCase(wanted);
      return (name) => name.includes(part);
    },
  }),
  channel: filter({
    ...ids,
    description: "The channel's id. Repeated: any of them.",
    reads: COMPARE_KEYS.channel,
  }),
  orchestration: filter({
    ...ids,
    description: "The orchestration's id. Repeated: any of them.",
    reads: COMPARE_KEYS.orchestration,
  }),
  entryPoint: filter({
    ...ids,
    description: "The entry point's id. Repeated: any of them.",
    reads: COMPARE_KEYS.entryPoint,
  }),
  language: filter({
    schema: text(),
    form: 'text',
    expected: `a language such as en-US, 1 to ${MAX_TEXT} characters`,
    description: 'The default language, in any case.',
    reads: COMPARE_KEYS.foldedLanguage,
    matches: (wanted) => {
      const folded = foldCase(wanted);
      return (language) => language === folded;
    },
  }),
  onAgentUnavailability: filter({
    schema: z.enum(['off_hours', 'retain_and_retry']),
    form: 'text',
    expected: 'off_hours or retain_and_retry',
    description: 'What happens to a message when no agent is available.',
    reads: COMPARE_KEYS.onAgentUnavailability,
    matches: (wanted) => (action) => action === wanted,
  }),
  createdAfter: filter({
    ...atOrAfter,
    description: 'Created at this instant or later.',
    reads: COMPARE_KEYS.created,
  }),
  createdBefore: filter({
    ...before,
    description: 'Created before this instant.',
    reads: COMPARE_KEYS.created,
  }),
  modifiedAfter: filter({
    ...atOrAfter,
    description: 'Modified at this instant or later.',
    reads: COMPARE_KEYS.modified,
  }),
  modifiedBefore: filter({
    ...before,
    description: 'Modified before this instant.',
    reads: COMPARE_KEYS.modified,
  }),
  attribute: filter({
    schema: listOf(z.string().check(z.maxLength(MAX_PAIR), z.regex(/^[^:]+:/))),
    form: 'list',
    expected: `name:value of at most ${MAX_PAIR} characters, at most ${MAX_ITEMS} of them`,
    description: 'An attribute as name:value, split at the first colon. Repeated: all of them.',
    reads: COMPARE_KEYS.attributes,
    matches: allPairs,
  }),
  sort: option({
    schema: z.enum(SORTS),
    form: 'text',
    expected: SORTS.join(', '),
    description:
      'The order; a minus turns it round. Names are compared in lower case, by code point. ' +
      'Ties are by id, ascending; an account without the date comes last.',
  }),
  fields: option({
    schema: listOf(z.enum(FIELD_PATHS)),
    form: 'commas',
    expected: 'a comma list of dotted paths of an account, such as id,channel.id',
    description:
      "The fields wanted, as dotted paths. An object's name means all that is open in it. " +
      'Repeated: all of them together.',
  }),
} as const satisfies Record<string, FilterRow<z.ZodMiniType> | OptionRow<z.ZodMiniType>>;

export type ParameterName = keyof typeof PARAMETERS;

type NamesOf<Kind> = {
  [Name in ParameterName]: (typeof PARAMETERS)[Name]['kind'] extends Kind ? Name : never;
}[ParameterName];
export type FilterName = NamesOf<'filter'>;
export type OptionName = NamesOf<'option'>;

export const PARAMETER_NAMES = Object.keys(PARAMETERS) as readonly ParameterName[];
export const FILTER_NAMES = PARAMETER_NAMES.filter(isFilter);
export const OPTION_NAMES = PARAMETER_NAMES.filter((name) => !isFilter(name)) as OptionName[];

/** Whether `GET /accounts` has a parameter of this name; no name inherited by objects is one. */
export function isParameter(name: string): name is ParameterName {
  return Object.hasOwn(PARAMETERS, name);
}

/** Whether a parameter says which accounts match. */
export function isFilter(name: ParameterName): name is FilterName {
  return PARAMETERS[name].kind === 'filter';
}

interface ParameterText {
  /**
   * How a query string writes the value: `list` repeats the parameter; `commas` is a list with
   * commas, and may be repeated as well; the rest may stand once.
   */
  readonly form: 'integer' | 'boolean' | 'text' | 'list' | 'commas';
  /** What a fault says was expected. */
  readonly expected: string;
  /** What the contract says it means. */
  readonly description: string;
}

/** A parameter that says how the answer is cut, and not which accounts it holds. */
export interface OptionRow<Schema extends z.ZodMiniType> extends ParameterText {
  readonly kind: 'option';
  /** Of the JSON value: an integer, a text or a list of texts. */
  readonly schema: Schema;
}

/** A parameter that says which accounts match. */
export interface FilterRow<Schema extends z.ZodMiniType> extends ParameterText {
  readonly kind: 'filter';
  /** Of the JSON value: a boolean, a text or a list of texts. */
  readonly schema: Schema;
  /** The field that the filter looks at, so that the scope of the one is the scope of the other. */
  readonly reads: ReadablePath;
  /** The condition on accounts that a wanted value makes. */
  readonly sieve: (wanted: z.output<Schema>, columns: Columns) => Sieve;
}

interface FilterOptions<Schema extends z.ZodMiniType, Value> extends ParameterText {
  readonly schema: Schema;
  readonly reads: CompareKey<Value>;
  /** Makes the condition of the wanted value. It is handed what the key reads, and nothing else. */
  readonly matches: (wanted: z.output<Schema>) => (value: Value) => boolean;
}

function option<Schema extends z.ZodMiniType>(
  row: Omit<OptionRow<Schema>, 'kind'>,
): OptionRow<Schema> {
  return { kind: 'option', ...row };
}

function filter<Schema extends z.ZodMiniType, Value>({
  reads,
  matches,
  ...words
}: FilterOptions<Schema, Value>): FilterRow<Schema> {
  return {
    kind: 'filter',
    ...words,
    reads: reads.path,
    sieve: (wanted, columns) => sieveOf(reads, columns, matches(wanted)),
  };
}
