import type { Account } from '../egain/account.ts';
import { readDateTime } from '../platform/date-time.ts';
import { type ReadablePath, reader, type ValueAt } from './fields.ts';
import { foldCase } from './text.ts';

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
