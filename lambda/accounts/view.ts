import { createHash } from 'node:crypto';
import type { Account } from '../egain/account.ts';
import type { Snapshot } from '../snapshot/content.ts';
import {
  type AccountRule,
  condition,
  DEFAULT_SORT,
  inOrder,
  type Listed,
  listed,
  meetingAll,
  type Sort,
  visibleAccounts,
} from './compare.ts';
import { createProjection, type FieldPath, SCOPES, type Scope } from './fields.ts';
import { FILTER_NAMES, PARAMETERS } from './parameters.ts';
import type { Query } from './query.ts';

/** Who asks: the scopes that are open to them, and their account rule (without one: all accounts). */
export interface Viewer {
  readonly scopes: ReadonlySet<Scope>;
  readonly rule?: AccountRule | undefined;
}

/** The viewer for workflows, which may see everything: IAM decides who starts them. */
export const FULL_VIEWER: Viewer = { scopes: new Set(SCOPES) };

/** One text for one view: the same for all who see the same accounts and the same fields. */
export function viewKeyOf({ scopes, rule }: Viewer): string {
  const open = SCOPES.filter((scope) => scopes.has(scope));
  return JSON.stringify([open, rule]);
}

type Writer = (account: Account) => string;

/**
 * What one viewer sees of one snapshot. Filters, orders, counts and pages are made from it alone,
 * so hidden accounts and hidden fields cannot influence them.
 */
interface View {
  readonly scopes: ReadonlySet<Scope>;
  /** All that the viewer can see, in this order. */
  readonly inOrder: (sort: Sort) => readonly Listed[];
  /** Writes all that is open of an account as JSON. */
  readonly summaryOf: Writer;
  version?: string;
}

/*
 * What a container keeps beside its snapshot is bounded by bytes, since the snapshot itself and the
 * next page walk need most of its memory (test/long/memory.long.ts).
 */

/** All orders of all viewers: a hundred over 100,000 accounts. The longest unused go first. */
const MAX_ORDER_BYTES = 80_000_000;
const REFERENCE_BYTES = 8;
/** All texts of summaries. What does not fit is written anew each time. */
const MAX_SUMMARY_BYTES = 64_000_000;
/** Of a text's entry in the map; a UTF-16 unit takes two bytes at most. */
const ENTRY_BYTES = 100;

/** What has been worked out of one snapshot. */
function derive({ accounts }: Snapshot) {
  const all = accounts.map(listed);
  /** By viewer. */
  const views = new Map<string, View>();
  /** By scopes: viewers with the same scopes share the texts. */
  const summaries = new Map<string, Writer>();
  /** By viewer and sort, the one used last at the end. */
  const orders = new Map<string, readonly Listed[]>();
  let orderBytes = 0;
  let summaryBytes = 0;

  const keepOrder = (key: string, order: readonly Listed[]) => {
    orders.set(key, order);
    orderBytes += order.length * REFERENCE_BYTES;
    for (const [other, { length }] of orders) {
      if (orderBytes <= MAX_ORDER_BYTES) break;
      orders.delete(other);
      orderBytes -= length * REFERENCE_BYTES;
    }
    return order;
  };

  const createWriter = (scopes: ReadonlySet<Scope>): Writer => {
    const write = createProjection(scopes);
    const texts = new Map<Account, string>();
    return (account) => {
      const known = texts.get(account);
      if (known !== undefined) return known;
      const text = write(account);
      const bytes = 2 * text.length + ENTRY_BYTES;
      if (summaryBytes + bytes <= MAX_SUMMARY_BYTES) {
        summaryBytes += bytes;
        texts.set(account, text);
      }
      return text;
    };
  };

  return (viewer: Viewer): View => {
    const viewKey = viewKeyOf(viewer);
    return remember(views, viewKey, () => {
      const { scopes, rule } = viewer;
      // Each account's summary is written once: a page of them takes longer to write than all else.
      const summaryOf = remember(summaries, viewKeyOf({ scopes }), () => createWriter(scopes));
      return {
        scopes,
        summaryOf,
        inOrder(sort) {
          const key = sort + viewKey;
          const known = orders.get(key);
          if (known === undefined) {
            return keepOrder(key, inOrder(visibleAccounts(all, rule), sort, summaryOf));
          }
          orders.delete(key);
          orders.set(key, known);
          return known;
        },
      };
    });
  };
}

const derived = new WeakMap<Snapshot['accounts'], (viewer: Viewer) => View>();

/** The viewer's view of the snapshot, worked out once. */
function viewOf(snapshot: Snapshot, viewer: Viewer): View {
  return remember(derived, snapshot.accounts, () => derive(snapshot))(viewer);
}

/** The value under a key, made if there is none. */
function remember<Key, Value>(
  known: { get(key: Key): Value | undefined; set(key: Key, value: Value): unknown },
  key: Key,
  make: () => Value,
): Value {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  known.set(key, made);
  return made;
}

/** An answer, before it is cut into pages. */
export interface Selection {
  /** The accounts that match, in the order asked for. */
  readonly accounts: readonly { readonly account: Account }[];
  /** Writes one of them as JSON, with the open fields that the query asks for. */
  readonly write: Writer;
}

/**
 * Filters and sorts what the viewer can see of a snapshot. The caller has checked with
 * `demandScopes` that the scopes open what the query names.
 */
export function select(
  snapshot: Snapshot,
  viewer: Viewer,
  { filter = {}, sort = DEFAULT_SORT, fields }: Pick<Query, 'filter' | 'sort' | 'fields'>,
): Selection {
  const view = viewOf(snapshot, viewer);
  const conditions = FILTER_NAMES.filter((name) => filter[name] !== undefined).map((name) => {
    const { reads, matches } = PARAMETERS[name];
    // The schema has checked that the value is one that this filter takes.
    return condition(reads, matches(filter[name] as never) as (value: unknown) => boolean);
  });
  return {
    accounts: meetingAll(conditions, view.inOrder(sort)),
    write: fields === undefined ? view.summaryOf : createProjection(view.scopes, fields),
  };
}

/** The JSON text of one account; undefined if the viewer sees none with this id. */
export function selectOne(
  snapshot: Snapshot,
  viewer: Viewer,
  id: string,
  fields?: readonly FieldPath[],
): string | undefined {
  const view = viewOf(snapshot, viewer);
  // Should an id stand twice, the first in order has it.
  const found = view.inOrder(DEFAULT_SORT).find(({ account }) => account.id === id);
  if (found === undefined) return undefined;
  const write = fields === undefined ? view.summaryOf : createProjection(view.scopes, fields);
  return write(found.account);
}

/** Base64url characters of the hash: 132 bits. */
const VERSION_LENGTH = 22;

/** A short text that changes exactly when something that the viewer can see changes. */
export function versionOf(snapshot: Snapshot, viewer: Viewer): string {
  const view = viewOf(snapshot, viewer);
  if (view.version !== undefined) return view.version;
  const whole = createHash('sha256');
  // JSON escapes line breaks, so none is inside a summary.
  for (const { account } of view.inOrder(DEFAULT_SORT))
    whole.update(`${view.summaryOf(account)}\n`);
  view.version = whole.digest('base64url').slice(0, VERSION_LENGTH);
  return view.version;
}
