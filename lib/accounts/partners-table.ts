import { createHash } from 'node:crypto';
import type { StageConfig } from '../stage/stage-config.ts';

/** Three resources a partner, beside what else the accounts stack holds, of the 500 of a stack. */
const PARTNERS_PER_STACK = 100;

/** Partners whose usage plans are in one stack. */
export interface PartnerGroup {
  /** 1 is the accounts stack's; the others have a stack of their own. */
  readonly number: number;
  readonly names: readonly string[];
}

/** The partners by the stack that has room for their usage plans, in the order of the stage config. */
export function partnerGroups({ partners }: Pick<StageConfig, 'partners'>): PartnerGroup[] {
  const names = Object.keys(partners);
  const count = Math.max(1, Math.ceil(names.length / PARTNERS_PER_STACK));
  return Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    names: names.slice(index * PARTNERS_PER_STACK, (index + 1) * PARTNERS_PER_STACK),
  }));
}

/**
 * The value of the API key that stands for a partner; its account follows where it is deployed. It
 * is a name, not a credential: the API takes keys from the authorizer alone (`apiKeySource:
 * AUTHORIZER`), so that no caller can show one. API Gateway wants 20 to 128 characters, unique
 * within the account.
 *
 * @param group with the group in it, a plan that moves to another stack can be made there before it
 *   is deleted here
 */
export function usageKey(stage: string, partner: string, group: number): string {
  return createHash('sha256').update(`${stage}/${partner}/${group}`).digest('hex').slice(0, 40);
}

/**
 * What the authorizer knows of the partners, as the JSON of the file `partners.json` beside its
 * bundle: a function's environment would hold 4 KB only.
 */
export function partnersTable(config: Pick<StageConfig, 'partners'>, stage: string): string {
  const rows = partnerGroups(config).flatMap(({ number, names }) =>
    names.map((name) => {
      const { clientId, scopes, accounts } = config.partners[name] ?? {};
      return [
        name,
        { clientId, scopes, accounts, usageKey: usageKey(stage, name, number) },
      ] as const;
    }),
  );
  return `${JSON.stringify(Object.fromEntries(rows), null, 2)}\n`;
}
