import { sift } from './compare-keys.ts';
import type { FieldPath } from './fields.ts';
import { DEFAULT_SORT } from './order.ts';
import { filterSieves, type Query } from './query.ts';
import type { Snapshot } from './snapshot-store.ts';
import { viewOf } from './view.ts';
import type { Viewer } from './visibility.ts';

/** The accounts that match a query, in its order. */
export interface Selection {
  /** How many accounts match. */
  readonly count: number;
  /**
   * The JSON text of the account at a position, from 0 to `count - 1`.
   *
   * @throws RangeError for any other position.
   */
  readonly fragment: (position: number) => string;
  /** The version of all that the viewer can see, whatever matches (`View.version`). */
  readonly version: () => string;
}

/**
 * Filters, sorts and projects what the viewer can see of a snapshot. Whether the scopes open what
 * the query names is for the caller to have checked (`demandScopes`).
 */
export function select(
  snapshot: Snapshot,
  viewer: Viewer,
  query: Pick<Query, 'filter' | 'sort' | 'fields'>,
): Selection {
  const view = viewOf(snapshot, viewer);
  const sieves = filterSieves(query.filter ?? {}, view.columns);
  const places = sift(sieves, view.ordered(query.sort ?? DEFAULT_SORT));
  const write = view.writer(query.fields);
  return {
    count: places.length,
    version: view.version,
    fragment(position) {
      const place = places[position];
      if (place === undefined) throw new RangeError('no account at this position');
      return write(place);
    },
  };
}

/** The JSON text of one account; undefined where the viewer sees none with this id. */
export function selectOne(
  snapshot: Snapshot,
  viewer: Viewer,
  id: string,
  fields?: readonly FieldPath[],
): string | undefined {
  const view = viewOf(snapshot, viewer);
  const place = view.find(id);
  return place === undefined ? undefined : view.writer(fields)(place);
}
