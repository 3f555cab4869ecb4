import type { APIGatewayAuthorizerResult } from 'aws-lambda';
import { SCOPES, type Scope } from '../accounts/fields.ts';
import { Fault } from '../faults.ts';
import type { AuthorizerConfig } from '../platform/config.ts';
import type { Clock, Deadline } from '../platform/deadline.ts';
import type { Telemetry } from '../platform/telemetry.ts';
import { createIssuerKeys } from './issuer-keys.ts';
import {
  type ClientIds,
  createClientDirectory,
  createPartnerTable,
  type Partner,
} from './partners.ts';
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
  const { cognitoClients, cognitoClientsSecretArn: directoryArn } = config;
  const ownPool = cognitoClients !== undefined || directoryArn !== undefined;
  if (config.audience === undefined && !ownPool) {
    throw new Fault('misconfigured', { reason: 'AUTH_AUDIENCE is missing' });
  }
  const partnersOf = partnerLookUp(partnersFile, cognitoClients, directoryArn);
  const rules: TokenRules = {
    issuer: config.issuer,
    audience: config.audience,
    clientClaim: config.clientClaim,
    cognito: ownPool || COGNITO_ISSUER.test(config.issuer),
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
    const partners = await partnersOf(deadline);
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

/** The partners by client id: at once, or with the first request where their ids have to be read. */
function partnerLookUp(
  partnersFile: unknown,
  cognitoClients: ClientIds | undefined,
  directoryArn: string | undefined,
): (deadline: Deadline) => Promise<ReadonlyMap<string, Partner>> {
  if (directoryArn === undefined) {
    const partners = createPartnerTable(partnersFile, cognitoClients);
    return async () => partners;
  }
  const readIds = createClientDirectory(directoryArn);
  let partners: ReadonlyMap<string, Partner> | undefined;
  return async (deadline) =>
    (partners ??= createPartnerTable(partnersFile, await readIds(deadline)));
}

/**
 * Lets a partner in, with the scopes that its token and its entry both grant.
 *
 * @throws Error when `methodArn` is not an ARN of an API's method
 */
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

/** The account of a method's ARN, by which usage keys are told from those of other accounts. */
function accountOf(methodArn: string): string {
  return methodArn.split(':')[4] ?? '';
}

/** Turns a client away whose token is valid: it is no partner, or has no scope that counts. */
export function deny(methodArn: string, principalId: string): APIGatewayAuthorizerResult {
  return policy('Deny', methodArn, principalId);
}

/**
 * The policy speaks of every route, not of the one that was asked for: API Gateway keeps it for
 * the token and applies it to the next request, whichever that is.
 *
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
