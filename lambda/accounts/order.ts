import {
  COMPARE_KEYS,
  type Columns,
  type CompareKey,
  type Place,
  type Places,
} from './compare-keys.ts';
import type { ReadablePath } from './fields.ts';
import { codePointOrder, compareCodePoints } from './text.ts';

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
