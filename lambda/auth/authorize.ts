import type { APIGatewayAuthorizerResult } from 'aws-lambda';
import { SCOPES, type Scope } from '../accounts/fields.ts';
import { Fault } from '../faults.ts';
import type { AuthorizerConfig } from '../platform/config.ts';
import type { Deadline } from '../platform/deadline.ts';
import { log } from '../platform/log.ts';
import { count } from '../platform/metrics.ts';
import { createKeyLookUp } from './issuer-keys.ts';
import { createClientDirectory, createPartnerTable, type Partner } from './partners.ts';
import { type TokenRules, verifyToken } from './verify-token.ts';

/** Both forms of a user pool's host, with the domains of all partitions. */
const COGNITO_ISSUER =
  /^https:\/\/(issuer-)?cognito-idp\.[a-z0-9-]+\.(amazonaws\.(com|com\.cn|eu)|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)\//;

/** What API Gateway sends to a TOKEN authorizer. */
export interface AuthorizerRequest {
  /** The value of the `Authorization` header. An event made by hand may have none. */
  readonly authorizationToken?: string | undefined;
  readonly methodArn: string;
}

/**
 * Decides on one request.
 *
 * @throws TokenRefused, KeysUnavailable as `verifyToken`
 */
export type Authorize = (
  request: AuthorizerRequest,
  deadline: Deadline,
) => Promise<APIGatewayAuthorizerResult>;

/**
 * Makes the function that decides who gets in.
 *
 * @param partnersFile the content of `partners.json`
 * @throws Fault `500-902` if the partners' table is malformed, or nothing says which of the issuer's
 *   tokens are meant for this API
 */
export function createAuthorize(config: AuthorizerConfig, partnersFile: unknown): Authorize {
  const { issuer, jwksUri, audience, clientClaim, cognitoClients } = config;
  const ownPool = cognitoClients !== undefined || config.cognitoClientsSecretArn !== undefined;
  if (audience === undefined && !ownPool) {
    throw new Fault('misconfigured', { reason: 'AUTH_AUDIENCE is missing' });
  }
  const partnersOf = partnerLookUp(partnersFile, config);
  const cognito = ownPool || COGNITO_ISSUER.test(issuer);
  const rules: TokenRules = { issuer, audience, clientClaim, cognito };
  const lookUpKeys = createKeyLookUp({ issuer, jwksUri });

  return async ({ authorizationToken = '', methodArn }, deadline) => {
    const bearer = await verifyToken(authorizationToken, rules, (header) =>
      lookUpKeys(header, deadline),
    );
    const partners = await partnersOf(deadline);
    const partner = bearer.clientId === undefined ? undefined : partners.get(bearer.clientId);
    if (partner === undefined) {
      noteDenial({ reason: 'no partner' });
      return policy('Deny', methodArn, 'unknown');
    }
    const granted = SCOPES.filter((scope) => bearer.scopes.has(scope) && partner.scopes.has(scope));
    if (!granted.includes('accounts/read' satisfies Scope)) {
      noteDenial({ reason: 'scope', partner: partner.name });
      return policy('Deny', methodArn, partner.name);
    }
    return allow(methodArn, partner, granted);
  };
}

/** A client with a valid token is denied: it is no partner, or has no scope that counts. */
function noteDenial(fields: { readonly reason: string; readonly partner?: string }): void {
  count('TokensRefused');
  log.warn('client denied', fields);
}

/** The partners by client id: known at once, or read with the first request. */
function partnerLookUp(
  partnersFile: unknown,
  { cognitoClients, cognitoClientsSecretArn }: AuthorizerConfig,
): (deadline: Deadline) => Promise<ReadonlyMap<string, Partner>> {
  if (cognitoClientsSecretArn === undefined) {
    const partners = createPartnerTable(partnersFile, cognitoClients);
    return async () => partners;
  }
  const readIds = createClientDirectory(cognitoClientsSecretArn);
  let partners: ReadonlyMap<string, Partner> | undefined;
  return async (deadline) =>
    (partners ??= createPartnerTable(partnersFile, await readIds(deadline)));
}

/** Lets a partner in with these scopes, on its own usage plan. */
function allow(
  methodArn: string,
  partner: Partner,
  scopes: readonly Scope[],
): APIGatewayAuthorizerResult {
  return {
    ...policy('Allow', methodArn, partner.name),
    usageIdentifierKey: `${partner.usageKey}-${accountOf(methodArn)}`,
    context: {
      partner: partner.name,
      scopes: scopes.join(' '),
      ...(partner.accounts === undefined ? {} : { accounts: partner.accounts }),
    },
  };
}

/** The AWS account in a method's ARN; it tells usage keys from those of other accounts. */
function accountOf(methodArn: string): string {
  return methodArn.split(':')[4] ?? '';
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
  return {
    principalId,
    policyDocument: {
      Version: '2012-10-17',
      Statement: [
        {
          Action: 'execute-api:Invoke',
          Effect: effect,
          Resource: [`${api}/GET/*`, `${api}/HEAD/*`],
        },
      ],
    },
  };
}
