import type { APIGatewayAuthorizerResult } from 'aws-lambda';
import type { Scope } from '../accounts/fields.ts';
import type { Partner } from './partners.ts';

/**
 * Lets a partner in, with the scopes that its token and its entry both grant.
 *
 * @throws Error when `methodArn` is not an ARN of an API's method
 */
export function allow(
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
