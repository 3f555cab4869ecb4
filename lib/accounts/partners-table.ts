import { createHash } from 'node:crypto';
import type { StageConfig } from '../stage/stage-config.ts';

/** A stack holds 500 resources; a partner takes three of them, and the accounts stack has others. */
const PARTNERS_PER_STACK = 100;

type Partners = StageConfig['partners'];

/** Partners whose usage plans are in one stack. */
export interface PartnerGroup {
  /** Group 1 is in the accounts stack; each further group has its own stack. */
  readonly number: number;
  readonly partners: readonly (readonly [name: string, partner: Partners[string]])[];
}

/** The partners in the order of the stage config, grouped by the stack of their usage plans. */
export function partnerGroups({ partners }: { readonly partners: Partners }): PartnerGroup[] {
  const all = Object.entries(partners);
  const count = Math.max(1, Math.ceil(all.length / PARTNERS_PER_STACK));
  return Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    partners: all.slice(index * PARTNERS_PER_STACK, (index + 1) * PARTNERS_PER_STACK),
  }));
}

/**
 * The value of the API key that counts a partner's requests; the account's id is appended in the
 * template. It is a name and not a credential: the API takes keys only from the authorizer
 * (`apiKeySource: AUTHORIZER`), never from a caller. API Gateway wants 20 to 128 characters, unique
 * within the account.
 *
 * @param group part of the value, so that a plan that moves to another stack can be made there
 *   before it is deleted here
 */
export function usageKey(stage: string, partner: string, group: number): string {
  return createHash('sha256').update(`${stage}/${partner}/${group}`).digest('hex').slice(0, 40);
}

/**
 * What the authorizer knows about the partners: the JSON of the file `partners.json` beside its
 * bundle, since a function's environment holds only 4 KB.
 */
export function partnersTable(config: { readonly partners: Partners }, stage: string): string {
  const rows = partnerGroups(config).flatMap(({ number, partners }) =>
    partners.map(([name, { clientId, scopes, accounts }]) => {
      return [
        name,
        { clientId, scopes, accounts, usageKey: usageKey(stage, name, number) },
      ] as const;
    }),
  );
  return `${JSON.stringify(Object.fromEntries(rows), null, 2)}\n`;
}
