import type { Account } from '../egain/account.ts';
import { readDateTime } from '../platform/parse.ts';
import { getter, type ReadablePath, type ValueAt } from './fields.ts';

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
export function codePointKey(text: string): string {
  return text.replace(/[\uFFFF\u{10000}-\u{10FFFF}]/gu, (char) =>
    char === '\uFFFF' ? '\uFFFF\0' : `\uFFFF${char}`,
  );
}

/** How to prepare the value at one path for comparison. `of` looks at nothing else of an account. */
interface Comparable<Value> {
  readonly path: ReadablePath;
  readonly of: (account: Account) => Value;
}

function at<Path extends ReadablePath, Value>(
  path: Path,
  prepare: (value: ValueAt<Path>) => Value,
): Comparable<Value> {
  const get = getter(path);
  return { path, of: (account) => prepare(get(account)) };
}

const asItIs = <T>(value: T): T => value;
const folded = (text: string | null | undefined) => foldCase(text ?? '');
/** Milliseconds since the epoch; undefined for an absent or unreadable date. */
const instant = (text: string | null | undefined) => readDateTime(text ?? '');

/** Everything that filters, account rules and orders compare. */
const COMPARABLES = {
  id: at('id', (id) => codePointKey(id ?? '')),
  /** An account without the field is active, which is eGain's default. */
  active: at('active', (active) => active ?? true),
  name: at('name', (name) =>
    typeof name === 'string' ? codePointKey(name.toLowerCase()) : undefined,
  ),
  foldedName: at('name', folded),
  channel: at('channel.id', asItIs),
  orchestration: at('chatConfigurations.orchestration.id', asItIs),
  entryPoint: at('chatConfigurations.entryPoint.id', asItIs),
  foldedLanguage: at('chatConfigurations.defaultLanguage', folded),
  onAgentUnavailability: at('chatConfigurations.onAgentUnavailability', asItIs),
  created: at('created', instant),
  modified: at('modified', instant),
  attributes: at('attributes', (attributes) => attributes ?? []),
} as const satisfies Record<string, Comparable<unknown>>;

export type ComparableName = keyof typeof COMPARABLES;
export type ComparableValue<Name extends ComparableName> = ReturnType<
  (typeof COMPARABLES)[Name]['of']
>;

/**
 * An account in a view, with the comparable values that questions have needed so far: to fold
 * 10,000 names or parse 10,000 dates for each question would take milliseconds.
 */
export type Listed = { readonly account: Account } & {
  [Name in ComparableName]?: ComparableValue<Name> | undefined;
};

/** All keys from the start: objects of one shape are read fastest. */
const NOTHING_COMPARED: Partial<Record<ComparableName, undefined>> = Object.fromEntries(
  Object.keys(COMPARABLES).map((name) => [name, undefined]),
);

/** Lists accounts, in memory too in the order given: a filter then reads one after the other. */
export function listed(accounts: readonly Account[]): readonly Listed[] {
  return accounts.map((account) => ({ account, ...NOTHING_COMPARED }));
}

function valueOf<Name extends ComparableName>(one: Listed, name: Name): ComparableValue<Name> {
  const known = one[name] as ComparableValue<Name> | undefined;
  if (known !== undefined) return known;
  const value = COMPARABLES[name].of(one.account) as ComparableValue<Name>;
  (one as Record<Name, ComparableValue<Name>>)[name] = value;
  return value;
}

/** The path that a comparable value is read from; its scope is needed to ask about the value. */
export function pathOf(name: ComparableName): ReadablePath {
  return COMPARABLES[name].path;
}

/** Whether an account meets a filter or an account rule. */
export type Condition = (one: Listed) => boolean;

/** The condition that one comparable value passes `test`. */
export function condition<Name extends ComparableName>(
  name: Name,
  test: (value: ComparableValue<Name>) => boolean,
): Condition {
  return (one) => test(valueOf(one, name));
}

/** The accounts that meet all conditions, in the order given. */
export function meetingAll(
  conditions: readonly Condition[],
  accounts: readonly Listed[],
): readonly Listed[] {
  return conditions.reduce((kept, holds) => kept.filter(holds), accounts);
}

/** Whether the value is one of these. */
export function oneOf(wanted: readonly string[]): (value: string | null | undefined) => boolean {
  const set: ReadonlySet<string | null | undefined> = new Set(wanted);
  return (value) => set.has(value);
}

type Attributes = readonly { readonly name?: unknown; readonly value?: unknown }[];

/** Whether all of these pairs are among the attributes. */
export function allPairs(pairs: readonly string[]): (attributes: Attributes) => boolean {
  const tests = [...new Set(pairs)].map(hasPair);
  return (attributes) => tests.every((has) => has(attributes));
}

/** Whether one of these pairs is among the attributes. */
export function anyPair(pairs: readonly string[]): (attributes: Attributes) => boolean {
  const tests = pairs.map(hasPair);
  return (attributes) => tests.some((has) => has(attributes));
}

/** Whether an attribute is this `name:value`, split at the first colon. */
function hasPair(pair: string): (attributes: Attributes) => boolean {
  const colon = pair.indexOf(':');
  const [wantedName, wantedValue] = [pair.slice(0, colon), pair.slice(colon + 1)];
  return (attributes) =>
    attributes.some(({ name, value }) => name === wantedName && value === wantedValue);
}

const SORT_NAMES = ['name', 'created', 'modified'] as const satisfies readonly ComparableName[];
type SortName = (typeof SORT_NAMES)[number];

/** A sort key, ascending; with a minus before it, descending. */
export type Sort = SortName | `-${SortName}`;

export const SORTS: readonly Sort[] = SORT_NAMES.flatMap((name): Sort[] => [name, `-${name}`]);
export const DEFAULT_SORT: Sort = 'name';

/** The sort key without its direction. */
export function sortName(sort: Sort): SortName {
  return sort.replace('-', '') as SortName;
}

/**
 * Sorts by the sort key (an account without it comes last either way), then by id, then by what the
 * viewer sees of the accounts: a total order, so that pages and cursors add up in all containers,
 * and nothing hidden from the viewer has a say in it.
 */
export function inOrder(
  accounts: readonly Account[],
  sort: Sort,
  summaryOf: (account: Account) => string,
): readonly Account[] {
  const sign = sort.startsWith('-') ? -1 : 1;
  const key = COMPARABLES[sortName(sort)].of;
  return accounts
    .map((account) => ({ account, key: key(account), id: COMPARABLES.id.of(account) }))
    .toSorted(
      (a, b) =>
        Number(a.key === undefined) - Number(b.key === undefined) ||
        sign * ascending(a.key, b.key) ||
        ascending(a.id, b.id) ||
        ascending(codePointKey(summaryOf(a.account)), codePointKey(summaryOf(b.account))),
    )
    .map(({ account }) => account);
}

/** Negative, 0 or positive, as `sort` takes it; 0 where one is missing. */
function ascending<T extends string | number>(a: T | undefined, b: T | undefined): number {
  if (a === b || a === undefined || b === undefined) return 0;
  return a < b ? -1 : 1;
}
