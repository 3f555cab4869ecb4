import type { APIGatewayAuthorizerResult } from 'aws-lambda';
import { SCOPES, type Scope } from '../accounts/fields.ts';
import { Fault } from '../faults.ts';
import type { Clock } from '../platform/clock.ts';
import type { AuthorizerConfig } from '../platform/config.ts';
import type { Deadline } from '../platform/deadline.ts';
import type { Telemetry } from '../platform/telemetry.ts';
import { createIssuerKeys } from './issuer-keys.ts';
import { createPartnerTable } from './partners.ts';
import { allow, deny } from './policy.ts';
import { type TokenRules, verifyToken } from './verify-token.ts';

const COGNITO_ISSUER = /^https:\/\/cognito-idp\.[a-z0-9-]+\.amazonaws\.com(\.cn)?\//;

/** What API Gateway asks of a TOKEN authorizer. */
export interface AuthorizerRequest {
  /** The value of the `Authorization` header. An event made by hand may have none. */
  readonly authorizationToken?: string | undefined;
  readonly methodArn: string;
}

/** Decides on one request: a policy, or an error of `verifyToken`'s. */
export type Authorize = (
  request: AuthorizerRequest,
  deadline: Deadline,
) => Promise<APIGatewayAuthorizerResult>;

/**
 * Puts the authorizer together.
 *
 * @param partnersFile the content of `partners.json`
 * @throws Fault `500-902` when the partners' table is malformed, or nothing says which of the
 *   issuer's tokens are meant for this API
 */
export function createAuthorize(
  config: AuthorizerConfig,
  partnersFile: unknown,
  telemetry: Telemetry,
  clock: Clock,
): Authorize {
  if (config.audience === undefined && config.cognitoClients === undefined) {
    throw new Fault('misconfigured', { reason: 'AUTH_AUDIENCE is missing' });
  }
  const partners = createPartnerTable(partnersFile, config.cognitoClients);
  const rules: TokenRules = {
    issuer: config.issuer,
    audience: config.audience,
    clientClaim: config.clientClaim,
    cognito: config.cognitoClients !== undefined || COGNITO_ISSUER.test(config.issuer),
  };
  const keys = createIssuerKeys({
    issuer: config.issuer,
    jwksUri: config.jwksUri,
    clock,
    onStale: (reason) => telemetry.warn("the issuer's known keys go on", { reason }),
  });

  return async ({ authorizationToken = '', methodArn }, deadline) => {
    const lookUp = keys.lookUp(deadline);
    const bearer = await verifyToken(authorizationToken, rules, lookUp, clock.now());
    const partner = bearer.clientId === undefined ? undefined : partners.get(bearer.clientId);
    if (partner === undefined) {
      telemetry.count('TokensRefused');
      telemetry.warn('client denied', { reason: 'no partner' });
      return deny(methodArn, 'unknown');
    }
    const granted = SCOPES.filter((scope) => bearer.scopes.has(scope) && partner.scopes.has(scope));
    if (!granted.includes('accounts/read' satisfies Scope)) {
      telemetry.count('TokensRefused');
      telemetry.warn('client denied', { reason: 'scope', partner: partner.name });
      return deny(methodArn, partner.name);
    }
    return allow(methodArn, partner, granted);
  };
}
