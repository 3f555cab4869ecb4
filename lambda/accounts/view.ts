import { IndexedAccount } from './indexed-account.ts';
import { inOrder } from './order.ts';
import { createProjection } from './projection.ts';
import { DEFAULT_SORT, type Sort } from './query.ts';
import type { Snapshot } from './snapshot-store.ts';
import { isVisible, openLeaves, SCOPES, type Viewer } from './visibility.ts';

/** More views than a container's partners have in practice; beyond, the least used goes. */
const MAX_VIEWS = 64;

/**
 * What one viewer can see of one snapshot. Everything behind it (filters, order, counts, pages) is
 * made from this alone, so an account or a field that is not in it can have no influence.
 */
export interface View {
  /** The visible accounts, in the order asked for. */
  readonly ordered: (sort: Sort) => readonly IndexedAccount[];
  /** The visible account with this id. */
  readonly find: (id: string) => IndexedAccount | undefined;
  /** The JSON text of all that the viewer's scopes open in an account. */
  readonly summary: (account: IndexedAccount) => string;
}

interface SnapshotIndex {
  readonly accounts: readonly IndexedAccount[];
  /** By scopes. */
  readonly summaries: Map<string, View['summary']>;
  /** By scopes and rule; the one used last comes last. */
  readonly views: Map<string, View>;
}

const indexes = new WeakMap<Snapshot, SnapshotIndex>();

/** The viewer's view of the snapshot: worked out once, and gone with the snapshot. */
export function viewOf(snapshot: Snapshot, viewer: Viewer): View {
  const index = remember(indexes, snapshot, () => ({
    accounts: snapshot.accounts.map((account) => new IndexedAccount(account)),
    summaries: new Map(),
    views: new Map(),
  }));
  const scopes = SCOPES.filter((scope) => viewer.scopes.has(scope)).join(' ');
  const { channel, orchestration, entryPoint, attribute } = viewer.rule ?? {};
  const key = JSON.stringify([scopes, channel, orchestration, entryPoint, attribute]);

  const view = index.views.get(key) ?? createView(index, viewer, scopes);
  index.views.delete(key);
  index.views.set(key, view);
  for (const oldest of index.views.keys()) {
    if (index.views.size <= MAX_VIEWS) break;
    index.views.delete(oldest);
  }
  return view;
}

function createView({ accounts, summaries }: SnapshotIndex, viewer: Viewer, scopes: string): View {
  const visible = accounts.filter(({ account }) => isVisible(account, viewer.rule));
  const summary = remember(summaries, scopes, () => {
    const project = createProjection(openLeaves(viewer.scopes, undefined));
    const texts = new Map<IndexedAccount, string>();
    return (indexed) => remember(texts, indexed, () => project(indexed.account));
  });
  const orders = new Map<Sort, readonly IndexedAccount[]>();
  const ordered: View['ordered'] = (sort) =>
    remember(orders, sort, () => inOrder(visible, sort, summary));

  let byId: Map<string, IndexedAccount> | undefined;
  const find: View['find'] = (id) => {
    if (byId === undefined) {
      const named = ordered(DEFAULT_SORT).filter(({ account }) => typeof account.id === 'string');
      // Should an id stand twice, the first in order has it.
      byId = new Map(named.toReversed().map((indexed) => [indexed.id, indexed]));
    }
    return byId.get(id);
  };
  return { ordered, find, summary };
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
