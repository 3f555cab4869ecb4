import type { Account } from '../egain/account.ts';
import { LEAF_PATHS, type LeafPath } from './fields.ts';

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
