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

type LeavesUnder<Path extends string> = Extract<LeafPath, Path | `${Path}.${string}`>;
type IsUnion<T, Whole = T> = T extends unknown ? ([Whole] extends [T] ? false : true) : never;

/**
 * A path that one scope opens as a whole. What filters, orders and account rules look at is one of
 * these, so that whoever may ask for it may see all of it.
 */
export type ReadablePath = {
  [Path in FieldPath]: IsUnion<(typeof FIELDS)[LeavesUnder<Path>]> extends false ? Path : never;
}[FieldPath];

/** What stands at a path; never, where the path leads into a list. */
export type ValueAt<Path extends string, In = Account> = Path extends `${infer Head}.${infer Rest}`
  ? Head extends keyof In
    ? ValueAt<Rest, NonNullable<In[Head]>> | (null extends In[Head] ? undefined : never)
    : never
  : Path extends keyof In
    ? In[Path]
    : never;

/** Makes the function that gives what stands at one path of an account, and nothing else of it. */
export function reader<Path extends ReadablePath>(path: Path): (account: Account) => ValueAt<Path> {
  const steps = path.split('.');
  return (account) => {
    let value: unknown = account;
    for (const step of steps) value = (value as Readonly<Record<string, unknown>> | null)?.[step];
    // The schema has checked the account, so at the path stands what its type says.
    return value as ValueAt<Path>;
  };
}

/** What is wanted of an object: its keys in order, and whether that is all of it. */
interface Plan {
  readonly whole: boolean;
  readonly keys: readonly (readonly [key: string, inside: Plan | undefined])[];
}

/**
 * Makes the function that writes an account's summary as JSON: eGain's account without the fields
 * that are not in `leaves`, in the order of the field catalogue. Nulls are eGain's and stay. An
 * object that is wanted in part and has nothing of that part goes; one that eGain sent empty and
 * that is wanted as a whole stays.
 */
export function createProjection(leaves: readonly LeafPath[]): (account: Account) => string {
  const plan = planOf('', new Set(leaves));
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
