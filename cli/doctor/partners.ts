import { FIELDS, LEAF_PATHS, SCOPES } from '../../lambda/accounts/fields.ts';
import { type AccountRule, visibleAccounts } from '../../lambda/accounts/view.ts';
import type { Account } from '../../lambda/egain/account.ts';
import type { StageConfig } from '../../lib/stage/stage-config.ts';
import { type Finding, ok } from '../findings.ts';

/** What each partner of the stage would see of these accounts, and what its scopes open in them. */
export function checkPartners(
  { partners }: Pick<StageConfig, 'partners'>,
  accounts: readonly Account[],
): Finding<true> {
  const notes: string[] = [];
  const measured: Record<string, number> = {};
  const lines = Object.entries(partners).map(([name, { scopes, accounts: rule }]) => {
    const visible = visibleAccounts(accounts, rule).length;
    measured[name] = visible;
    if (visible === 0 && accounts.length > 0) {
      notes.push(`${name} sees nothing: ${reasonOf(rule, accounts)}`);
    }
    return `${name}: ${visible} of ${accounts.length}, by ${scopes.join(' ')}`;
  });
  const granted = new Set(Object.values(partners).flatMap(({ scopes }) => scopes));
  for (const scope of SCOPES.filter((one) => granted.has(one))) {
    const opened = LEAF_PATHS.filter((path) => FIELDS[path] === scope);
    notes.push(`${scope} opens ${opened.join(', ')}`);
  }
  return ok(lines.join('\n') || 'there are none yet', { value: true, notes, measured });
}

/** The lists of a rule that no account matches, or that no account matches all of them. */
function reasonOf(rule: AccountRule = {}, accounts: readonly Account[]): string {
  const unmatched = Object.entries(rule)
    .filter(([list, values]) => visibleAccounts(accounts, { [list]: values }).length === 0)
    .map(([list]) => `accounts.${list}`);
  return unmatched.length === 0
    ? 'no account matches all lists of its rule at once'
    : `no account matches ${unmatched.join(' and ')}; compare the ids with eGain's`;
}
