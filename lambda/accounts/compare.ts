import type { Account } from '../egain/account.ts';
import { readDateTime } from '../platform/date-time.ts';
import { type ReadablePath, reader, type ValueAt } from './fields.ts';
import { codePointOrder, compareCodePoints, foldCase } from './text.ts';

/**
 * What filters, orders and account rules compare: the value at one path of an account, in the form
 * in which it is compared. It is all of an account that they are given. A class, so that nothing
 * but `at` makes one, and what it reads is what its path says.
 */
export class CompareKey<Value> {
  readonly path: ReadablePath;
  readonly #valueOf: (account: Account) => Value;

  private constructor(path: ReadablePath, valueOf: (account: Account) => Value) {
    this.path = path;
    this.#valueOf = valueOf;
  }

  /** The key of what stands at a path. */
  static at<Path extends ReadablePath, Value>(
    path: Path,
    prepare: (value: ValueAt<Path>) => Value,
  ): CompareKey<Value> {
    const read = reader(path);
    return new CompareKey(path, (account) => prepare(read(account)));
  }

  /** The values of these accounts, in their order. */
  valuesOf(accounts: readonly Account[]): readonly Value[] {
    return accounts.map(this.#valueOf);
  }
}

const asItIs = <T>(value: T): T => value;
/** Milliseconds since the epoch; NaN where there is no date, or none that can be read. */
const instant = (text: string | null | undefined) => readDateTime(text ?? '') ?? Number.NaN;

export const COMPARE_KEYS = {
  /** eGain may send none, which orders as an empty one. */
  id: CompareKey.at('id', (id) => id ?? ''),
  /** Without the field an account is active, which is eGain's default. */
  active: CompareKey.at('active', (active) => active ?? true),
  lowerName: CompareKey.at('name', (name) => name.toLowerCase()),
  foldedName: CompareKey.at('name', foldCase),
  channel: CompareKey.at('channel.id', asItIs),
  orchestration: CompareKey.at('chatConfigurations.orchestration.id', asItIs),
  entryPoint: CompareKey.at('chatConfigurations.entryPoint.id', asItIs),
  /** Empty where there is none. */
  foldedLanguage: CompareKey.at('chatConfigurations.defaultLanguage', (language) =>
    foldCase(language ?? ''),
  ),
  onAgentUnavailability: CompareKey.at('chatConfigurations.onAgentUnavailability', asItIs),
  created: CompareKey.at('created', instant),
  modified: CompareKey.at('modified', instant),
  attributes: CompareKey.at('attributes', (attributes) => attributes ?? []),
} as const;

/** An account of a snapshot, by its place in it. */
export type Place = number;
/** Accounts of a snapshot, in some order. */
export type Places = Readonly<Uint32Array>;

/** A key's values for all accounts of a snapshot, by their places. */
export type Columns = <Value>(key: CompareKey<Value>) => readonly Value[];

/** Works out each key's values when they are first needed, and keeps them. */
export function createColumns(accounts: readonly Account[]): Columns {
  const columns = new Map<CompareKey<unknown>, readonly unknown[]>();
  return <Value>(key: CompareKey<Value>) => {
    const known = columns.get(key);
    // Only this key's values are ever kept under it.
    if (known !== undefined) return known as readonly Value[];
    const made = key.valuesOf(accounts);
    columns.set(key, made);
    return made;
  };
}

/** Keeps, of the accounts at some places, those that meet a condition, in the order given. */
export type Sieve = (places: Places) => Places;

/** The condition on a key's value as one on accounts. */
export function sieveOf<Value>(
  key: CompareKey<Value>,
  columns: Columns,
  holds: (value: Value) => boolean,
): Sieve {
  const values = columns(key);
  return (places) => {
    const kept = new Uint32Array(places.length);
    let count = 0;
    // Written always and counted where it holds: over thousands of accounts in an order that has
    // nothing to do with the value, a branch would be guessed wrongly half of the time.
    for (let at = 0; at < places.length; at += 1) {
      // A place is one of the snapshot's, so there is a value at it.
      const place = places[at] as Place;
      kept[count] = place;
      count += holds(values[place] as Value) ? 1 : 0;
    }
    return kept.subarray(0, count);
  };
}

/** The places of the accounts that pass every sieve. */
export function sift(sieves: readonly Sieve[], places: Places): Places {
  return sieves.reduce((kept, sieve) => sieve(kept), places);
}

/** An attribute as filters and account rules write it: `name:value`, split at the first colon. */
export interface Attribute {
  readonly name: string;
  readonly value: string;
}

/** Whether the value is one of these. */
export function oneOf(wanted: readonly string[]): (value: string | null | undefined) => boolean {
  const set: ReadonlySet<string | null | undefined> = new Set(wanted);
  return (value) => set.has(value);
}

/** Whether all of these pairs are among the attributes. */
export function allPairs(pairs: readonly string[]): (attributes: readonly Attribute[]) => boolean {
  const wanted = [...new Set(pairs)].map(splitPair);
  return (attributes) => wanted.every((pair) => has(attributes, pair));
}

/** Whether one of these pairs is among the attributes. */
export function anyPair(pairs: readonly string[]): (attributes: readonly Attribute[]) => boolean {
  const wanted = pairs.map(splitPair);
  return (attributes) => wanted.some((pair) => has(attributes, pair));
}

function splitPair(pair: string): Attribute {
  const colon = pair.indexOf(':');
  return { name: pair.slice(0, colon), value: pair.slice(colon + 1) };
}

function has(attributes: readonly Attribute[], pair: Attribute): boolean {
  return attributes.some(({ name, value }) => name === pair.name && value === pair.value);
}

/** Negative, 0 or positive, as `sort` takes it. */
type Order<T> = (a: T, b: T) => number;

interface SortKey {
  /** The field that the order looks at; its scope is needed to ask for the order. */
  readonly reads: ReadablePath;
  readonly order: (columns: Columns, descending: boolean) => Order<Place>;
}

/** An order by one key's values. It is handed nothing else of an account. */
function sortKey<Value>(
  reads: CompareKey<Value>,
  orderOf: (values: readonly Value[], sign: 1 | -1) => Order<Value>,
): SortKey {
  return {
    reads: reads.path,
    order(columns, descending) {
      const values = columns(reads);
      const compare = orderOf(values, descending ? -1 : 1);
      // A place is one of the snapshot's, so there is a value at it.
      return (a, b) => compare(values[a] as Value, values[b] as Value);
    },
  };
}

function byText(texts: readonly string[], sign: 1 | -1): Order<string> {
  const compare = codePointOrder(texts);
  return (a, b) => sign * compare(a, b);
}

/** Without the date: last, whichever way the rest goes. */
function byDate(_: readonly number[], sign: 1 | -1): Order<number> {
  return (a, b) => Number(Number.isNaN(a)) - Number(Number.isNaN(b)) || sign * (a - b) || 0;
}

const SORT_KEYS = {
  name: sortKey(COMPARE_KEYS.lowerName, byText),
  created: sortKey(COMPARE_KEYS.created, byDate),
  modified: sortKey(COMPARE_KEYS.modified, byDate),
};
type SortName = keyof typeof SORT_KEYS;

/** A key, ascending, or with a minus before it, descending. */
export type Sort = SortName | `-${SortName}`;

const SORT_NAMES = Object.keys(SORT_KEYS) as readonly SortName[];
export const SORTS: readonly Sort[] = SORT_NAMES.flatMap((name): Sort[] => [name, `-${name}`]);
export const DEFAULT_SORT: Sort = 'name';

/** The field that an order looks at. */
export function readBySort(sort: Sort): ReadablePath {
  return SORT_KEYS[nameOf(sort)].reads;
}

/**
 * Sorts by the key, then by id, and where even that ties (ids may be missing), by what the viewer
 * sees of the accounts: a total order, so that pages and cursors add up in every container. What
 * the viewer does not see must not decide.
 */
export function inOrder(
  places: Places,
  sort: Sort,
  columns: Columns,
  summary: (place: Place) => string,
): Places {
  const byKey = SORT_KEYS[nameOf(sort)].order(columns, sort.startsWith('-'));
  const byId = sortKey(COMPARE_KEYS.id, byText).order(columns, false);
  return places.toSorted(
    (a, b) => byKey(a, b) || byId(a, b) || compareCodePoints(summary(a), summary(b)),
  );
}

const nameOf = (sort: Sort) => sort.replace('-', '') as SortName;
