import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { Account } from '../egain/account.ts';
import type { Snapshot } from '../snapshot/content.ts';
import {
  anyPair,
  condition,
  DEFAULT_SORT,
  inOrder,
  type Listed,
  listed,
  meetingAll,
  oneOf,
  type Sort,
} from './compare.ts';
import { createProjection, type FieldPath, openLeaves, SCOPES, type Scope } from './fields.ts';

/** Who asks: the scopes that are open to them, and their account rule (without one: all accounts). */
export interface Viewer {
  readonly scopes: ReadonlySet<Scope>;
  readonly rule?: AccountRule | undefined;
}

/** The viewer for workflows, which may see everything: IAM decides who starts them. */
export const FULL_VIEWER: Viewer = { scopes: new Set(SCOPES) };

type Writer = (account: Account) => string;

/** More viewers than a container has in practice. */
const MAX_VIEWS = 64;
/** Base64url characters of the hash: 132 bits. */
const VERSION_LENGTH = 22;

/** By snapshot: views by scopes and rule; writers of whole summaries by scopes, which share texts. */
const workedOut = new WeakMap<
  Snapshot['accounts'],
  { readonly views: Map<string, View>; readonly summaries: Map<string, Writer> }
>();

/** The viewer's view of the snapshot, worked out once. */
export function viewOf({ accounts }: Snapshot, viewer: Viewer): View {
  const { views, summaries } = remember(workedOut, accounts, () => ({
    views: new Map<string, View>(),
    summaries: new Map<string, Writer>(),
  }));
  return remember(views, viewKeyOf(viewer), () => {
    if (views.size >= MAX_VIEWS) views.clear();
    const { scopes } = viewer;
    const summaryOf = remember(summaries, viewKeyOf({ scopes }), () => summaryWriter(scopes));
    return createView(accounts, viewer, summaryOf);
  });
}

/** Writes each account's summary once: a page of them takes longer to write than all else. */
function summaryWriter(scopes: Viewer['scopes']): Writer {
  const write = createProjection(openLeaves(scopes, undefined));
  const texts = new Map<Account, string>();
  return (account) => remember(texts, account, () => write(account));
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

/** One text for one view: the same for all who see the same accounts and the same fields. */
export function viewKeyOf({ scopes, rule }: Viewer): string {
  const open = SCOPES.filter((scope) => scopes.has(scope));
  return JSON.stringify([open, rule]);
}

/**
 * What one viewer sees of one snapshot. Filters, orders, counts and pages are made from it alone,
 * so hidden accounts and hidden fields cannot influence them.
 */
type View = ReturnType<typeof createView>;

function createView(accounts: readonly Account[], { scopes, rule }: Viewer, summaryOf: Writer) {
  const visible = visibleAccounts(accounts, rule);
  const orders = new Map<Sort, readonly Listed[]>();
  let version: string | undefined;

  /** The visible accounts in this order. */
  const ordered = (sort: Sort) =>
    remember(orders, sort, () => listed(inOrder(visible, sort, summaryOf)));
  const computeVersion = (): string => {
    const whole = createHash('sha256');
    // JSON escapes line breaks, so none is inside a summary.
    for (const { account } of ordered(DEFAULT_SORT)) whole.update(`${summaryOf(account)}\n`);
    return whole.digest('base64url').slice(0, VERSION_LENGTH);
  };
  return {
    ordered,
    /** Makes a writer of JSON with the fields that are open and, if `fields` is given, asked for. */
    writer: (fields?: readonly FieldPath[]): Writer =>
      fields === undefined ? summaryOf : createProjection(openLeaves(scopes, fields)),
    /** A short text that changes exactly when something that the viewer can see changes. */
    version: () => (version ??= computeVersion()),
  };
}

const list = (item: z.ZodMiniType<string, string>) =>
  z.optional(z.array(item).check(z.minLength(1)));
const id = z.string().check(z.minLength(1));

/**
 * A partner's account rule, as the stage config and the authorizer's context hold it: which accounts
 * exist for the partner. Every list given must have a match; `attribute` holds `name:value`, split
 * at the first colon. An empty list would hide everything and is refused.
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
  accounts: readonly Account[],
  { channel, orchestration, entryPoint, attribute }: AccountRule = {},
): readonly Account[] {
  const conditions = [
    channel && condition('channel', oneOf(channel)),
    orchestration && condition('orchestration', oneOf(orchestration)),
    entryPoint && condition('entryPoint', oneOf(entryPoint)),
    attribute && condition('attributes', anyPair(attribute)),
  ].filter((one) => one !== undefined);
  return meetingAll(conditions, listed(accounts)).map(({ account }) => account);
}
