import { createHash } from 'node:crypto';
import type { StageConfig } from '../stage/stage-config.ts';

/**
 * The value of the API key that stands for a partner. It is a name, not a credential: the API
 * takes keys from the authorizer alone (`apiKeySource: AUTHORIZER`), so that no caller can show
 * one. API Gateway wants 20 to 128 characters, unique within the account.
 */
export function usageKey(stage: string, partner: string): string {
  return createHash('sha256').update(`${stage}/${partner}`).digest('hex').slice(0, 40);
}

/**
 * What the authorizer knows of the partners, as the JSON of the file `partners.json` beside its
 * bundle: a function's environment would hold 4 KB only.
 */
export function partnersTable(config: StageConfig, stage: string): string {
  const rows = Object.entries(config.partners).map(([name, { clientId, scopes, accounts }]) => [
    name,
    { clientId, scopes, accounts, usageKey: usageKey(stage, name) },
  ]);
  return `${JSON.stringify(Object.fromEntries(rows), null, 2)}\n`;
}
