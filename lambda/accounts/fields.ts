import type { Account } from '../egain/account.ts';

/** The scopes that a partner can have. The first opens the routes; the others add fields. */
export const SCOPES = [
  'accounts/read',
  'accounts/read.address',
  'accounts/read.configuration',
] as const;
export type Scope = (typeof SCOPES)[number];

/**
 * Every field of an account that the product can show, by dotted path, with the scope that opens
 * it. Fields of eGain's that are not listed here are never shown. Answers keep this order.
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
/** The path of a value that every partner sees. */
export type OpenPath = {
  [Path in LeafPath]: (typeof FIELDS)[Path] extends 'accounts/read' ? Path : never;
}[LeafPath];
/** What `fields` takes: the path of a value, or of an object for everything open in it. */
export type FieldPath = LeafPath | Parents<LeafPath>;

export const LEAF_PATHS = Object.keys(FIELDS) as readonly LeafPath[];

/** Every path that `fields` takes, each object before its own fields. */
export const FIELD_PATHS: readonly FieldPath[] = [
  ...new Set(
    LEAF_PATHS.flatMap((path) =>
      path.split('.').map((_, depth, parts) => parts.slice(0, depth + 1).join('.')),
    ),
  ),
] as FieldPath[];

/** The values that a path stands for: itself, or everything in the object. */
export function leavesOf(path: FieldPath): readonly LeafPath[] {
  return LEAF_PATHS.filter((leaf) => leaf === path || leaf.startsWith(`${path}.`));
}

/** The scope that a path still needs; undefined if the scopes open at least a part of it. */
export function missingScope(path: FieldPath, scopes: ReadonlySet<Scope>): Scope | undefined {
  const needed = leavesOf(path).map((leaf) => FIELDS[leaf]);
  return needed.some((scope) => scopes.has(scope)) ? undefined : needed[0];
}

type LeavesUnder<Path extends string> = Extract<LeafPath, Path | `${Path}.${string}`>;
type IsUnion<T, Whole = T> = T extends unknown ? ([Whole] extends [T] ? false : true) : never;

/**
 * A path that one scope opens as a whole. Filters, orders and account rules look only at such
 * paths, so whoever may ask about a value may also see all of it.
 */
export type ReadablePath = {
  [Path in FieldPath]: IsUnion<(typeof FIELDS)[LeavesUnder<Path>]> extends false ? Path : never;
}[FieldPath];

/** An account of which nothing can be read but what stands at the path. */
export type Only<Path extends string, In = Account> = Path extends `${infer Head}.${infer Rest}`
  ? { readonly [Key in Head & keyof In]?: Only<Rest, NonNullable<In[Key]>> | null | undefined }
  : Pick<In, Path & keyof In>;

/** Which keys of an object to keep, in order, and whether these are all its keys. */
interface Plan {
  readonly whole: boolean;
  readonly keys: readonly (readonly [key: string, inside: Plan | undefined])[];
}

/**
 * Makes the function that writes an account's summary as JSON: the fields that the scopes open and
 * `fields`, if given, asks for, in the catalogue's order. Nulls stay. An object that is wanted only
 * in part is left out if it has nothing of that part; an empty one that is wanted as a whole stays.
 */
export function createProjection(
  scopes: ReadonlySet<Scope>,
  fields?: readonly FieldPath[],
): (account: Account) => string {
  const open = LEAF_PATHS.filter((leaf) => scopes.has(FIELDS[leaf]));
  const asked = new Set<string>(fields?.flatMap(leavesOf) ?? open);
  const plan = planOf('', new Set(open.filter((leaf) => asked.has(leaf))));
  return (account) => JSON.stringify(project(account, plan) ?? {});
}

function planOf(prefix: string, wanted: ReadonlySet<string>): Plan {
  const inside = LEAF_PATHS.filter((path) => path.startsWith(prefix));
  const names = new Set(inside.map((path) => path.slice(prefix.length).replace(/\..*/, '')));
  const keys = [...names].flatMap((name): Plan['keys'] => {
    if (wanted.has(prefix + name)) return [[name, undefined]];
    const plan = planOf(`${prefix}${name}.`, wanted);
    return plan.keys.length === 0 ? [] : [[name, plan]];
  });
  return { whole: inside.every((path) => wanted.has(path)), keys };
}

function project(value: unknown, plan: Plan | undefined): unknown {
  if (plan === undefined || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => project(item, plan) ?? {});
  const source = value as Record<string, unknown>;
  const summary: Record<string, unknown> = {};
  let empty = !plan.whole;
  for (const [key, inside] of plan.keys) {
    const part = project(source[key], inside);
    if (part === undefined) continue;
    summary[key] = part;
    empty = false;
  }
  return empty ? undefined : summary;
}
