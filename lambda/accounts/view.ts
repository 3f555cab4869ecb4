import { createHash } from 'node:crypto';
import type { Account } from '../egain/account.ts';
import { type Columns, createColumns, type Place, type Places, sift } from './compare-keys.ts';
import { type FieldPath, openLeaves } from './fields.ts';
import { DEFAULT_SORT, inOrder, type Sort } from './order.ts';
import { createProjection } from './projection.ts';
import type { Snapshot } from './snapshot-store.ts';
import { ruleSieves, type Viewer, viewKeyOf } from './visibility.ts';

/** More views than a container's partners have in practice; beyond, the least used goes. */
const MAX_VIEWS = 64;

/** 132 bits of a hash. */
const VERSION_LENGTH = 22;

/** Writes the JSON text of an account. */
type Writer = (place: Place) => string;

/**
 * What one viewer can see of one snapshot. Everything behind it (filters, order, counts, pages) is
 * made from this alone, so an account or a field that is not in it can have no influence.
 */
export interface View {
  /** The visible accounts, in the order asked for. */
  readonly ordered: (sort: Sort) => Places;
  /** The visible account with this id. */
  readonly find: (id: string) => Place | undefined;
  /** Writes what the viewer's scopes open in an account, of what `fields` asks for. */
  readonly writer: (fields: readonly FieldPath[] | undefined) => Writer;
  /** What filters compare. */
  readonly columns: Columns;
  /**
   * A short text for all that the viewer can see: it changes exactly when something in that does.
   */
  readonly version: () => string;
}

interface SnapshotIndex {
  readonly accounts: readonly Account[];
  readonly columns: Columns;
  /** By scopes. */
  readonly summaries: Map<string, Writer>;
  /** By scopes and rule; the one used last comes last. */
  readonly views: Map<string, View>;
}

const indexes = new WeakMap<Snapshot['accounts'], SnapshotIndex>();

/** The viewer's view of the snapshot: worked out once, and gone with the snapshot's accounts. */
export function viewOf(snapshot: Snapshot, viewer: Viewer): View {
  const { accounts } = snapshot;
  const index = remember(indexes, accounts, () => ({
    accounts,
    columns: createColumns(accounts),
    summaries: new Map(),
    views: new Map(),
  }));
  const key = viewKeyOf(viewer);
  const view = index.views.get(key) ?? createView(index, viewer);
  index.views.delete(key);
  index.views.set(key, view);
  for (const oldest of index.views.keys()) {
    if (index.views.size <= MAX_VIEWS) break;
    index.views.delete(oldest);
  }
  return view;
}

function createView({ accounts, columns, summaries }: SnapshotIndex, viewer: Viewer): View {
  const visible = sift(ruleSieves(viewer.rule, columns), Uint32Array.from(accounts.keys()));
  const writerOf = (fields: readonly FieldPath[] | undefined): Writer => {
    const project = createProjection(openLeaves(viewer.scopes, fields));
    // A place is one of the snapshot's, so there is an account at it.
    return (place) => project(accounts[place] as Account);
  };
  const summary = remember(summaries, viewKeyOf({ scopes: viewer.scopes }), () => {
    const write = writerOf(undefined);
    const texts: string[] = [];
    return (place) => (texts[place] ??= write(place));
  });
  const orders = new Map<Sort, Places>();
  const ordered: View['ordered'] = (sort) =>
    remember(orders, sort, () => inOrder(visible, sort, columns, summary));

  let byId: Map<string, Place> | undefined;
  const find: View['find'] = (id) => {
    if (byId === undefined) {
      // Should an id stand twice, the first in order has it.
      const places = [...ordered(DEFAULT_SORT)].toReversed();
      byId = new Map(
        places.flatMap((place) => {
          const own = accounts[place]?.id;
          return typeof own === 'string' ? [[own, place]] : [];
        }),
      );
    }
    return byId.get(id);
  };
  const writer: View['writer'] = (fields) => (fields === undefined ? summary : writerOf(fields));
  let version: string | undefined;
  return {
    ordered,
    find,
    writer,
    columns,
    version: () => (version ??= versionOf(Array.from(ordered(DEFAULT_SORT), summary))),
  };
}

function versionOf(summaries: readonly string[]): string {
  const whole = createHash('sha256');
  // No summary has a line break in it, since JSON escapes them.
  for (const text of summaries) whole.update(text).update('\n');
  return whole.digest('base64url').slice(0, VERSION_LENGTH);
}

function remember<K, V>(
  memory: { get(key: K): V | undefined; set(key: K, value: V): unknown },
  key: K,
  make: () => V,
): V {
  const known = memory.get(key);
  if (known !== undefined) return known;
  const made = make();
  memory.set(key, made);
  return made;
}
