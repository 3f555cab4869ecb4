import * as z from 'zod/mini';
import type { Account } from '../egain/account.ts';
import { readDateTime } from '../platform/parse.ts';
import type { Only, OpenPath, ReadablePath } from './fields.ts';

/**
 * Folds case by Unicode, the same in every locale: texts that differ only in case become equal,
 * including `ß` and `SS`, or a final sigma.
 */
export function foldCase(text: string): string {
  return text.toLowerCase().toUpperCase();
}

/**
 * Rewrites a text so that JavaScript's `<`, which compares UTF-16 units, gives the order by code
 * point: characters outside the Basic Multilingual Plane get a prefix that puts them last.
 */
function codePointKey(text: string): string {
  return text.replace(/[\uFFFF\u{10000}-\u{10FFFF}]/gu, (char) =>
    char === '\uFFFF' ? '\uFFFF\0' : `\uFFFF${char}`,
  );
}

/** A value that accounts are compared by. `of` looks at nothing else of an account. */
interface Comparable<Value> {
  /** Where it stands; its scope is needed to ask about the value. */
  readonly path: ReadablePath;
  readonly of: (account: Account) => Value;
}

function at<Path extends ReadablePath, Value>(path: Path, of: (account: Only<Path>) => Value) {
  return { path, of: of as (account: Account) => Value };
}

const folded = (text: string | null | undefined) => foldCase(text ?? '');
/** Milliseconds since the epoch; undefined for an absent or unreadable date. */
const instant = (text: string | null | undefined) => readDateTime(text ?? '');

/** Everything that filters, account rules and orders compare. */
export const COMPARABLES = {
  id: at('id', ({ id }) => codePointKey(id ?? '')),
  /** An account without the field is active, which is eGain's default. */
  active: at('active', ({ active }) => active ?? true),
  name: at('name', ({ name }) =>
    typeof name === 'string' ? codePointKey(name.toLowerCase()) : undefined,
  ),
  foldedName: at('name', ({ name }) => folded(name)),
  channel: at('channel.id', ({ channel }) => channel?.id),
  orchestration: at(
    'chatConfigurations.orchestration.id',
    ({ chatConfigurations: chat }) => chat?.orchestration?.id,
  ),
  entryPoint: at(
    'chatConfigurations.entryPoint.id',
    ({ chatConfigurations: chat }) => chat?.entryPoint?.id,
  ),
  foldedLanguage: at('chatConfigurations.defaultLanguage', ({ chatConfigurations: chat }) =>
    folded(chat?.defaultLanguage),
  ),
  onAgentUnavailability: at(
    'chatConfigurations.onAgentUnavailability',
    ({ chatConfigurations: chat }) => chat?.onAgentUnavailability,
  ),
  created: at('created', ({ created }) => instant(created)),
  modified: at('modified', ({ modified }) => instant(modified)),
  attributes: at('attributes', ({ attributes }) => attributes ?? []),
} as const satisfies Record<string, Comparable<unknown>>;

export type ComparableName = keyof typeof COMPARABLES;
export type ComparableValue<Name extends ComparableName> = ReturnType<
  (typeof COMPARABLES)[Name]['of']
>;

/**
 * An account of a snapshot, with the comparable values that questions have needed so far: to fold
 * 10,000 names or parse 10,000 dates for each question would take milliseconds.
 */
export type Listed = { readonly account: Account } & { [Name in ComparableName]?: unknown };

/** All keys from the start: objects of one shape are read fastest. */
const NOTHING_COMPARED = Object.fromEntries(
  Object.keys(COMPARABLES).map((name) => [name, undefined]),
);

export const listed = (account: Account): Listed => ({ account, ...NOTHING_COMPARED });

/** Longer texts are made anew for each question, so that what is remembered stays small. */
const MAX_REMEMBERED_LENGTH = 100;

export type Condition = (one: Listed) => boolean;

/** The condition that one comparable value passes `test`. */
export function condition<Name extends ComparableName>(
  name: Name,
  test: (value: ComparableValue<Name>) => boolean,
): Condition {
  const { of } = COMPARABLES[name];
  return (one) => {
    const known = one[name] as ComparableValue<Name> | undefined;
    if (known !== undefined) return test(known);
    const value = of(one.account) as ComparableValue<Name>;
    const isLong = typeof value === 'string' && value.length > MAX_REMEMBERED_LENGTH;
    if (!isLong) one[name] = value;
    return test(value);
  };
}

/** The accounts that meet all conditions, in the order given. */
export function meetingAll(
  conditions: readonly Condition[],
  accounts: readonly Listed[],
): readonly Listed[] {
  return conditions.reduce((kept, holds) => kept.filter(holds), accounts);
}

export function oneOf(wanted: readonly string[]): (value: string | null | undefined) => boolean {
  const set: ReadonlySet<string | null | undefined> = new Set(wanted);
  return (value) => set.has(value);
}

type Attributes = readonly { readonly name?: unknown; readonly value?: unknown }[];

/**
 * Whether one or all of these `name:value`, split at the first colon, are among the attributes. One
 * pass over them, however many are wanted.
 */
export function hasPairs(
  pairs: readonly string[],
  needed: 'one' | 'all',
): (attributes: Attributes) => boolean {
  const wanted = new Map<unknown, Map<unknown, string>>();
  for (const pair of pairs) {
    const colon = pair.indexOf(':');
    const name = pair.slice(0, colon);
    const values = wanted.get(name) ?? new Map<unknown, string>();
    wanted.set(name, values.set(pair.slice(colon + 1), pair));
  }
  const enough = needed === 'one' ? 1 : new Set(pairs).size;
  return (attributes) => {
    const found = new Set<string>();
    return attributes.some(({ name, value }) => {
      const pair = wanted.get(name)?.get(value);
      return pair !== undefined && found.add(pair).size === enough;
    });
  };
}

const list = (item: z.ZodMiniType<string, string>) =>
  z.optional(z.array(item).check(z.minLength(1)));
const id = z.string().check(z.minLength(1));

/**
 * A partner's account rule, as the stage config and the authorizer's context hold it: every list
 * given must have a match. An empty list would hide everything and is refused.
 */
export const accountRuleSchema = z.strictObject({
  channel: list(id),
  orchestration: list(id),
  entryPoint: list(id),
  attribute: list(z.string().check(z.regex(/^[^:]+:/))),
});

export type AccountRule = Readonly<z.infer<typeof accountRuleSchema>>;

/** The accounts that exist for those to whom the rule applies. */
export function visibleAccounts(
  accounts: readonly Listed[],
  { channel, orchestration, entryPoint, attribute }: AccountRule = {},
): readonly Listed[] {
  const conditions = [
    channel && condition('channel', oneOf(channel)),
    orchestration && condition('orchestration', oneOf(orchestration)),
    entryPoint && condition('entryPoint', oneOf(entryPoint)),
    attribute && condition('attributes', hasPairs(attribute, 'one')),
  ].filter((one) => one !== undefined);
  return meetingAll(conditions, accounts);
}

type OpenName = Extract<ComparableName, OpenPath>;
/** What accounts are sorted by. Every partner sees it, so no order needs a scope. */
const SORT_NAMES = ['name', 'created', 'modified'] as const satisfies readonly OpenName[];
type SortName = (typeof SORT_NAMES)[number];

/** A sort key, ascending; with a minus before it, descending. */
export type Sort = SortName | `-${SortName}`;

export const SORTS: readonly Sort[] = SORT_NAMES.flatMap((name): Sort[] => [name, `-${name}`]);
export const DEFAULT_SORT: Sort = 'name';

/**
 * Sorts by key (an account without it comes last either way), then by id, then by what the viewer
 * sees: a total order, so that pages and cursors add up in all containers, and nothing hidden counts.
 */
export function inOrder(
  accounts: readonly Listed[],
  sort: Sort,
  summaryOf: (account: Account) => string,
): readonly Listed[] {
  const sign = sort.startsWith('-') ? -1 : 1;
  const key = COMPARABLES[sort.replace('-', '') as SortName].of;
  return accounts
    .map((one) => ({ one, key: key(one.account), id: COMPARABLES.id.of(one.account) }))
    .toSorted(
      (a, b) =>
        Number(a.key === undefined) - Number(b.key === undefined) ||
        sign * ascending(a.key, b.key) ||
        ascending(a.id, b.id) ||
        ascending(codePointKey(summaryOf(a.one.account)), codePointKey(summaryOf(b.one.account))),
    )
    .map(({ one }) => one);
}

/** As `sort` takes it; 0 where one is missing. */
function ascending<T extends string | number>(a: T | undefined, b: T | undefined): number {
  if (a === b || a === undefined || b === undefined) return 0;
  return a < b ? -1 : 1;
}
