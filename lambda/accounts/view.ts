import { createHash } from 'node:crypto';
import type { Account } from '../egain/account.ts';
import type { Snapshot } from '../snapshot/content.ts';
import {
  type AccountRule,
  condition,
  DEFAULT_SORT,
  inOrder,
  type Listed,
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
  readonly visible: readonly Account[];
  readonly orders: Map<Sort, readonly Listed[]>;
  /** Writes all that is open of an account as JSON. */
  readonly summaryOf: Writer;
  version?: string;
}

/** More viewers than a container has in practice. */
const MAX_VIEWS = 64;

/** By snapshot: views by viewer, and writers of summaries by scopes, whose texts the views share. */
const workedOut = new WeakMap<
  Snapshot['accounts'],
  { readonly views: Map<string, View>; readonly summaries: Map<string, Writer> }
>();

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

/** The viewer's view of the snapshot, worked out once. */
function viewOf({ accounts }: Snapshot, viewer: Viewer): View {
  const { views, summaries } = remember(workedOut, accounts, () => ({
    views: new Map<string, View>(),
    summaries: new Map<string, Writer>(),
  }));
  return remember(views, viewKeyOf(viewer), () => {
    if (views.size >= MAX_VIEWS) views.clear();
    const { scopes, rule } = viewer;
    return {
      scopes,
      visible: visibleAccounts(accounts, rule),
      orders: new Map(),
      // Each account's summary is written once: a page of them takes longer to write than all else.
      summaryOf: remember(summaries, viewKeyOf({ scopes }), () => {
        const write = createProjection(scopes);
        const texts = new Map<Account, string>();
        return (account) => remember(texts, account, () => write(account));
      }),
    };
  });
}

function ordered({ orders, visible, summaryOf }: View, sort: Sort): readonly Listed[] {
  return remember(orders, sort, () => inOrder(visible, sort, summaryOf));
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
    accounts: meetingAll(conditions, ordered(view, sort)),
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
  const found = ordered(view, DEFAULT_SORT).find(({ account }) => account.id === id);
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
  for (const { account } of ordered(view, DEFAULT_SORT))
    whole.update(`${view.summaryOf(account)}\n`);
  view.version = whole.digest('base64url').slice(0, VERSION_LENGTH);
  return view.version;
}
