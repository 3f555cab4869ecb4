import type { APIGatewayAuthorizerResult } from 'aws-lambda';
import { SCOPES } from '../accounts/fields.ts';
import { Fault } from '../faults.ts';
import type { AuthorizerConfig } from '../platform/config.ts';
import type { Deadline } from '../platform/deadline.ts';
import { log } from '../platform/log.ts';
import { count } from '../platform/metrics.ts';
import { createKeyLookUp } from './issuer-keys.ts';
import { createPartnerLookUp } from './partners.ts';
import { verifyToken } from './verify-token.ts';

/** Both forms of a user pool's host, with the domains of all partitions. */
const COGNITO_ISSUER =
  /^https:\/\/(issuer-)?cognito-idp\.[a-z0-9-]+\.(amazonaws\.(com|com\.cn|eu)|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)\//;

/** What API Gateway sends to a TOKEN authorizer. */
export interface AuthorizerRequest {
  /** The value of the `Authorization` header. An event made by hand may have none. */
  readonly authorizationToken?: string | undefined;
  readonly methodArn: string;
}

export type Authorize = (
  request: AuthorizerRequest,
  deadline: Deadline,
) => Promise<APIGatewayAuthorizerResult>;

/**
 * @returns throws TokenRefused, KeysUnavailable as `verifyToken`
 * @throws Fault `500-902` if the partners' table is malformed, or nothing says which of the issuer's
 *   tokens are meant for this API
 */
export function createAuthorize(config: AuthorizerConfig, partnersFile: unknown): Authorize {
  const ownPool =
    config.cognitoClients !== undefined || config.cognitoClientsSecretArn !== undefined;
  if (config.audience === undefined && !ownPool) {
    throw new Fault('misconfigured', { reason: 'AUTH_AUDIENCE is missing' });
  }
  const partnersOf = createPartnerLookUp(partnersFile, config);
  const rules = { ...config, cognito: ownPool || COGNITO_ISSUER.test(config.issuer) };
  const lookUpKeys = createKeyLookUp(config);

  return async ({ authorizationToken = '', methodArn }, deadline) => {
    const bearer = await verifyToken(authorizationToken, rules, (header) =>
      lookUpKeys(header, deadline),
    );
    const partners = await partnersOf(deadline);
    const partner = bearer.clientId === undefined ? undefined : partners.get(bearer.clientId);
    if (partner === undefined) return deny(methodArn, 'no partner');
    const { name, accounts, usageKey } = partner;
    const asked = SCOPES.filter((scope) => bearer.scopes.has(scope));
    const granted = asked.filter((scope) => partner.scopes.includes(scope));
    const withheld = asked.filter((scope) => !granted.includes(scope));
    if (!granted.includes('accounts/read')) return deny(methodArn, 'scope', name);
    return {
      ...policy('Allow', methodArn, name),
      // The AWS account in the method's ARN tells usage keys from those of other accounts.
      usageIdentifierKey: `${usageKey}-${methodArn.split(':')[4] ?? ''}`,
      context: {
        partner: name,
        scopes: granted.join(' '),
        // So that a refusal can say why the token's scope does not count.
        ...(withheld.length > 0 && { withheld: withheld.join(' ') }),
        ...(accounts && { accounts: JSON.stringify(accounts) }),
      },
    };
  };
}

/** Denies a client with a valid token that is no partner, or has no scope that counts. */
function deny(methodArn: string, reason: string, partner?: string): APIGatewayAuthorizerResult {
  count('TokensRefused');
  log.warn('client denied', { reason, ...(partner !== undefined && { partner }) });
  return policy('Deny', methodArn, partner ?? 'unknown');
}

/**
 * A policy for every route: API Gateway keeps it for the token and applies it to the next request,
 * whichever route that asks for.
 *
 * @throws Error if `methodArn` is not the ARN of an API's method
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
 */
function policy(
  effect: 'Allow' | 'Deny',
  methodArn: string,
  principalId: string,
): APIGatewayAuthorizerResult {
  const api = /^arn:[^/]+:execute-api:[^/]+\/[^/]+(?=\/)/.exec(methodArn)?.[0];
  if (api === undefined) throw new Error('methodArn is not the ARN of a method');
  const Resource = [`${api}/GET/*`, `${api}/HEAD/*`];
  const statement = { Action: 'execute-api:Invoke', Effect: effect, Resource };
  return { principalId, policyDocument: { Version: '2012-10-17', Statement: [statement] } };
}
