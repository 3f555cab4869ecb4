import * as z from 'zod/mini';
import type { Account } from '../egain/account.ts';

/** What a partner may be granted. The first opens the routes; the others add fields. */
export const SCOPES = [
  'accounts/read',
  'accounts/read.address',
  'accounts/read.configuration',
] as const;
export type Scope = (typeof SCOPES)[number];

/**
 * Every field of an account that the product can show, by dotted path, and the scope that opens
 * it. A field of eGain's that is not here is never shown. The order is that of the answers.
 */
export const FIELDS = {
  id: 'accounts/read',
  name: 'accounts/read',
  description: 'accounts/read',
  active: 'accounts/read',
  address: 'accounts/read.address',
  'channel.id': 'accounts/read',
  created: 'accounts/read',
  modified: 'accounts/read',
  'caseManagement.sameCaseDuration': 'accounts/read.configuration',
  'caseManagement.copyCustomAttributes': 'accounts/read.configuration',
  'chatConfigurations.timeout': 'accounts/read.configuration',
  'chatConfigurations.defaultLanguage': 'accounts/read',
  'chatConfigurations.onAgentUnavailability': 'accounts/read.configuration',
  'chatConfigurations.allowLogoutWithOpenChats': 'accounts/read.configuration',
  'chatConfigurations.allowQueueTransferOnAgentUnavailability': 'accounts/read.configuration',
  'chatConfigurations.orchestration.id': 'accounts/read.configuration',
  'chatConfigurations.entryPoint.id': 'accounts/read.configuration',
  'attributes.name': 'accounts/read.configuration',
  'attributes.value': 'accounts/read.configuration',
} as const satisfies Record<string, Scope>;

type Parents<Path> = Path extends `${infer Head}.${infer Rest}`
  ? Head | `${Head}.${Parents<Rest>}`
  : never;

/** The path of a single value. */
export type LeafPath = keyof typeof FIELDS;
/** What `fields` takes: the path of a value, or of an object, which means what is open in it. */
export type FieldPath = LeafPath | Parents<LeafPath>;

export const LEAF_PATHS = Object.keys(FIELDS) as readonly LeafPath[];

/** Every path that `fields` takes, objects before what they hold. */
export const FIELD_PATHS: readonly FieldPath[] = [
  ...new Set(
    LEAF_PATHS.flatMap((path) =>
      path.split('.').map((_, depth, parts) => parts.slice(0, depth + 1).join('.')),
    ),
  ),
] as FieldPath[];

/** The values that a path stands for: itself, or all that is in the object. */
export function leavesOf(path: FieldPath): readonly LeafPath[] {
  return LEAF_PATHS.filter((leaf) => leaf === path || leaf.startsWith(`${path}.`));
}

/**
 * The scope that is missing for a path, or undefined when the scopes open at least a part of it.
 */
export function missingScope(path: FieldPath, scopes: ReadonlySet<Scope>): Scope | undefined {
  const needed = leavesOf(path).map((leaf) => FIELDS[leaf]);
  return needed.some((scope) => scopes.has(scope)) ? undefined : needed[0];
}

/** The values that a viewer gets: what the scopes open, of what `fields` asks for. */
export function openLeaves(
  scopes: ReadonlySet<Scope>,
  fields: readonly FieldPath[] | undefined,
): readonly LeafPath[] {
  const open = LEAF_PATHS.filter((leaf) => scopes.has(FIELDS[leaf]));
  if (fields === undefined) return open;
  const asked = new Set<LeafPath>(fields.flatMap(leavesOf));
  return open.filter((leaf) => asked.has(leaf));
}

const list = (item: z.ZodMiniType<string, string>) =>
  z.optional(z.array(item).check(z.minLength(1)));
const id = z.string().check(z.minLength(1));

/**
 * A partner's account rule, as a stage config and the authorizer's context hold it: which accounts
 * exist for the partner. Every list that is given must have a match; `attribute` holds
 * `name:value`, split at the first colon. An empty list would hide everything and is refused.
 */
export const accountRuleSchema = z.strictObject({
  channel: list(id),
  orchestration: list(id),
  entryPoint: list(id),
  attribute: list(z.string().check(z.regex(/^[^:]+:/))),
});

export type AccountRule = {
  readonly [List in keyof z.infer<typeof accountRuleSchema>]?: readonly string[] | undefined;
};

/** Who looks: what is open to them, and which accounts exist for them (no rule: all). */
export interface Viewer {
  readonly scopes: ReadonlySet<Scope>;
  readonly rule?: AccountRule | undefined;
}

/** A workflow, which may see everything: IAM decides who starts it. */
export const FULL_VIEWER: Viewer = { scopes: new Set(SCOPES) };

/** Whether an account exists for those to whom the rule applies. */
export function isVisible(account: Account, rule: AccountRule | undefined): boolean {
  if (rule === undefined) return true;
  const { channel, orchestration, entryPoint, attribute } = rule;
  const { chatConfigurations } = account;
  return (
    includes(channel, account.channel.id) &&
    includes(orchestration, chatConfigurations.orchestration.id) &&
    includes(entryPoint, chatConfigurations.entryPoint.id) &&
    (attribute === undefined || attribute.some((pair) => hasAttribute(account, splitPair(pair))))
  );
}

/** An attribute as the filter and the rule write it: `name:value`, split at the first colon. */
export function splitPair(pair: string): { name: string; value: string } {
  const colon = pair.indexOf(':');
  return { name: pair.slice(0, colon), value: pair.slice(colon + 1) };
}

/** Whether an account has an attribute of this name with this value. */
export function hasAttribute(account: Account, pair: { name: string; value: string }): boolean {
  const attributes = account.attributes ?? [];
  return attributes.some(({ name, value }) => name === pair.name && value === pair.value);
}

function includes(ids: readonly string[] | undefined, value: string | null | undefined): boolean {
  return ids === undefined || (typeof value === 'string' && ids.includes(value));
}
