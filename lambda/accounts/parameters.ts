import * as z from 'zod/mini';
import { parseDateTime } from '../platform/parse.ts';
import {
  type ComparableName,
  type ComparableValue,
  foldCase,
  hasPairs,
  oneOf,
  SORTS,
} from './compare.ts';
import { FIELD_PATHS } from './fields.ts';

// Wider than anything that eGain stores; the limits only bound the work for one request.
const MAX_TEXT = 256;
const MAX_PAIR = 1024;
const MAX_ITEMS = 100;

export const MAX_PAGENUM = 100_000;
export const MAX_PAGESIZE = 500;
/** The default page size of `GET /accounts`. */
export const DEFAULT_PAGESIZE = 100;

/** Half a surrogate pair is no character, and no URL can hold it. */
const wellFormed = z.refine<string>((value) => value.isWellFormed());
const text = () => z.string().check(z.minLength(1), z.maxLength(MAX_TEXT), wellFormed);
const listOf = <T extends z.ZodMiniType>(item: T) =>
  z.array(item).check(z.minLength(1), z.maxLength(MAX_ITEMS));
const integer = (maximum: number) => z.int().check(z.minimum(1), z.maximum(maximum));

const ids = {
  // Several ids joined by commas, as other APIs take them, would match nothing.
  schema: listOf(text().check(z.regex(/^[^,]+$/))),
  form: 'list',
  expected: `an id of 1 to ${MAX_TEXT} characters without a comma, at most ${MAX_ITEMS} of them`,
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

const atOrAfter = (wanted: string) => {
  const start = parseDateTime(wanted) ?? Number.NaN;
  return (value: number | undefined) => value !== undefined && value >= start;
};
const before = (wanted: string) => {
  const end = parseDateTime(wanted) ?? Number.NaN;
  return (value: number | undefined) => value !== undefined && value < end;
};

/**
 * Every parameter of `GET /accounts`. These rows make the schemas of the query string and the task's
 * input, the conditions on accounts and the parameters in the OpenAPI document.
 */
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
  active: filter({
    schema: z.boolean(),
    form: 'boolean',
    expected: 'true or false',
    description: 'Whether the account is active. One that does not say so counts as active.',
    reads: 'active',
    matches: (wanted) => (active) => active === wanted,
  }),
  name: filter({
    schema: text(),
    form: 'text',
    expected: `a part of a name, 1 to ${MAX_TEXT} characters`,
    description: 'A part of the name, in any case.',
    reads: 'foldedName',
    matches: (wanted) => {
      const part = foldCase(wanted);
      return (name) => name.includes(part);
    },
  }),
  channel: filter({
    ...ids,
    description: "The channel's id. Repeated: any of them.",
    reads: 'channel',
  }),
  orchestration: filter({
    ...ids,
    description: "The orchestration's id. Repeated: any of them.",
    reads: 'orchestration',
  }),
  entryPoint: filter({
    ...ids,
    description: "The entry point's id. Repeated: any of them.",
    reads: 'entryPoint',
  }),
  language: filter({
    schema: text(),
    form: 'text',
    expected: `a language such as en-US, 1 to ${MAX_TEXT} characters`,
    description: 'The default language, in any case.',
    reads: 'foldedLanguage',
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
    reads: 'onAgentUnavailability',
    matches: (wanted) => (action) => action === wanted,
  }),
  createdAfter: filter({
    ...dateTime,
    description: 'Created at this instant or later.',
    reads: 'created',
    matches: atOrAfter,
  }),
  createdBefore: filter({
    ...dateTime,
    description: 'Created before this instant.',
    reads: 'created',
    matches: before,
  }),
  modifiedAfter: filter({
    ...dateTime,
    description: 'Modified at this instant or later.',
    reads: 'modified',
    matches: atOrAfter,
  }),
  modifiedBefore: filter({
    ...dateTime,
    description: 'Modified before this instant.',
    reads: 'modified',
    matches: before,
  }),
  attribute: filter({
    schema: listOf(z.string().check(z.maxLength(MAX_PAIR), z.regex(/^[^:]+:/), wellFormed)),
    form: 'list',
    expected: `name:value of at most ${MAX_PAIR} characters, at most ${MAX_ITEMS} of them`,
    description: 'An attribute as name:value, split at the first colon. Repeated: all of them.',
    reads: 'attributes',
    matches: (wanted) => hasPairs(wanted, 'all'),
  }),
  sort: {
    schema: z.enum(SORTS),
    form: 'text',
    expected: `${SORTS.join(', ')} (a minus turns the order round)`,
    description:
      'The order; a minus turns it round. Names are compared in lower case, by code point. ' +
      'Ties are by id, ascending; an account without the date comes last.',
  },
  fields: {
    schema: listOf(z.enum(FIELD_PATHS)),
    form: 'commas',
    expected: `the dotted path of a field, such as channel.id, at most ${MAX_ITEMS} of them`,
    description:
      "The fields wanted, as dotted paths. An object's name means all that is open in it. " +
      'Repeated: all of them together.',
  },
  version: {
    schema: z.string().check(z.regex(/^[\w-]{1,64}$/)),
    form: 'text',
    expected: 'an Accounts-Version, as a list has it in its headers',
    description:
      'An `Accounts-Version`: the page as it stood then. If anything that you can see has changed ' +
      'since, the answer is `409-901`: start over. The links to other pages have it.',
  },
} as const satisfies Record<string, ParameterRow>;

export type ParameterName = keyof typeof PARAMETERS;

/** A parameter that chooses which accounts match. */
export type FilterName = {
  [Name in ParameterName]: (typeof PARAMETERS)[Name] extends { matches: unknown } ? Name : never;
}[ParameterName];

export const PARAMETER_NAMES = Object.keys(PARAMETERS) as readonly ParameterName[];
export const FILTER_NAMES = PARAMETER_NAMES.filter(isFilter);

/** Whether `GET /accounts` has a parameter of this name; names such as `constructor` are none. */
export function isParameter(name: string): name is ParameterName {
  return Object.hasOwn(PARAMETERS, name);
}

export function isFilter(name: ParameterName): name is FilterName {
  return 'matches' in PARAMETERS[name];
}

/** Whether the parameter's value is a list. */
export function isList(name: ParameterName): boolean {
  const { form } = PARAMETERS[name];
  return form === 'list' || form === 'commas';
}

interface ParameterRow {
  /** The schema of the JSON value: an integer, a boolean, a text or a list of texts. */
  readonly schema: z.ZodMiniType;
  /**
   * How a query string writes the value: `list` repeats the parameter; `commas` is a list with
   * commas that may be repeated too; the others may stand once.
   */
  readonly form: 'integer' | 'boolean' | 'text' | 'list' | 'commas';
  /** What an error message says was expected; of a list, of each of its values. */
  readonly expected: string;
  /** What the OpenAPI document says about it. */
  readonly description: string;
}

/** A row that is a filter: it names the one value that it reads, whose scope is the filter's. */
function filter<Schema extends z.ZodMiniType, Name extends ComparableName>(
  row: ParameterRow & {
    readonly schema: Schema;
    readonly reads: Name;
    /** Makes the test of that value; the test sees nothing else of an account. */
    readonly matches: (wanted: z.output<Schema>) => (value: ComparableValue<Name>) => boolean;
  },
) {
  return row;
}
