import * as z from 'zod/mini';
import {
  COMPARE_KEYS,
  type Columns,
  type CompareKey,
  type Sieve,
  sieveOf,
} from './compare-keys.ts';
import { SCOPES, type Scope } from './fields.ts';
import { anyPair, oneOf } from './matchers.ts';

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
