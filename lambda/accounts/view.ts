import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { Account } from '../egain/account.ts';
import type { Snapshot } from '../snapshot/content.ts';
import {
  anyPair,
  COMPARE_KEYS,
  type Columns,
  type CompareKey,
  createColumns,
  DEFAULT_SORT,
  inOrder,
  oneOf,
  type Place,
  type Places,
  type Sieve,
  type Sort,
  sieveOf,
  sift,
} from './compare.ts';
import { createProjection, type FieldPath, openLeaves, SCOPES, type Scope } from './fields.ts';

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

interface RuleRow {
  readonly schema: z.ZodMiniType<string, string>;
  /** Keeps accounts that have one of the wanted values. It is handed the one value that it reads. */
  readonly sieve: (wanted: readonly string[], columns: Columns) => Sieve;
}

function ruleRow<Value>(
  reads: CompareKey<Value>,
  schema: RuleRow['schema'],
  matches: (wanted: readonly string[]) => (value: Value) => boolean,
): RuleRow {
  return { schema, sieve: (wanted, columns) => sieveOf(reads, columns, matches(wanted)) };
}

const id = z.string().check(z.minLength(1));
const pair = z.string().check(z.regex(/^[^:]+:/));

const RULES = {
  channel: ruleRow(COMPARE_KEYS.channel, id, oneOf),
  orchestration: ruleRow(COMPARE_KEYS.orchestration, id, oneOf),
  entryPoint: ruleRow(COMPARE_KEYS.entryPoint, id, oneOf),
  attribute: ruleRow(COMPARE_KEYS.attributes, pair, anyPair),
};
type RuleName = keyof typeof RULES;
const RULE_NAMES = Object.keys(RULES) as readonly RuleName[];

const list = (name: RuleName) => z.optional(z.array(RULES[name].schema).check(z.minLength(1)));

/**
 * A partner's account rule, as a stage config and the authorizer's context hold it: which accounts
 * exist for the partner. Every list that is given must have a match; `attribute` holds
 * `name:value`, split at the first colon. An empty list would hide everything and is refused.
 */
export const accountRuleSchema = z.strictObject({
  channel: list('channel'),
  orchestration: list('orchestration'),
  entryPoint: list('entryPoint'),
  attribute: list('attribute'),
} satisfies Record<RuleName, unknown>);

export type AccountRule = {
  readonly [Name in RuleName]?: readonly string[] | undefined;
};

/** Who looks: what is open to them, and which accounts exist for them (no rule: all). */
export interface Viewer {
  readonly scopes: ReadonlySet<Scope>;
  readonly rule?: AccountRule | undefined;
}

/** A workflow, which may see everything: IAM decides who starts it. */
export const FULL_VIEWER: Viewer = { scopes: new Set(SCOPES) };

/** The conditions that an account meets which exists for those to whom the rule applies. */
export function ruleSieves(rule: AccountRule | undefined, columns: Columns): readonly Sieve[] {
  return RULE_NAMES.flatMap((name) => {
    const wanted = rule?.[name];
    return wanted === undefined ? [] : [RULES[name].sieve(wanted, columns)];
  });
}

const viewKeys = new WeakMap<Viewer, string>();

/** One text for one view: the same for all who see the same accounts and the same of them. */
export function viewKeyOf(viewer: Viewer): string {
  const known = viewKeys.get(viewer);
  if (known !== undefined) return known;
  const open = SCOPES.filter((scope) => viewer.scopes.has(scope));
  const key = JSON.stringify([open, RULE_NAMES.map((name) => viewer.rule?.[name])]);
  viewKeys.set(viewer, key);
  return key;
}
