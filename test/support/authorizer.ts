import type { JWTPayload } from 'jose';
import { type Authorize, createAuthorize } from '../../lambda/auth/authorize.ts';
import type { AuthorizerConfig } from '../../lambda/platform/config.ts';
import { type Deadline, systemClock } from '../../lambda/platform/deadline.ts';

export const METHOD_ARN = 'arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/v1/GET/accounts';
export const AUDIENCE = 'https://accounts.test';
export const USAGE_KEY = 'acme-usage-key-0123456789';

/** A partners' file with one partner of every scope and two narrower ones. */
export const PARTNERS = {
  acme: {
    clientId: 'client-acme',
    scopes: ['accounts/read', 'accounts/read.address', 'accounts/read.configuration'],
    usageKey: USAGE_KEY,
  },
  basic: {
    clientId: 'client-basic',
    scopes: ['accounts/read'],
    usageKey: 'basic-usage-key-0123456789',
  },
  narrow: {
    clientId: 'client-narrow',
    scopes: ['accounts/read', 'accounts/read.configuration'],
    accounts: { channel: ['c1'], attribute: ['region:emea'] },
    usageKey: 'narrow-usage-key-0123456789',
  },
};

/** A deadline far off, unless the test aborts it. */
export function createTestDeadline(controller = new AbortController()): Deadline {
  return {
    clock: systemClock,
    signal: controller.signal,
    remaining: () => 60_000,
    dispose: () => {},
  };
}

/** The claims of a good token of acme's. */
export function goodClaims(issuer: string): JWTPayload {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: issuer,
    aud: AUDIENCE,
    client_id: 'client-acme',
    sub: 'client-acme',
    iat: now,
    exp: now + 3600,
    scope: 'accounts/read accounts/read.address accounts/read.configuration',
  };
}

/** Decides on a token as the authorizer's handler does, without its middlewares. */
export function createTestAuthorize(
  config: Partial<AuthorizerConfig> & { readonly issuer: string },
  partners: unknown = PARTNERS,
): (
  authorizationToken: string | undefined,
  deadline?: Deadline,
  methodArn?: string,
) => ReturnType<Authorize> {
  const full = {
    jwksUri: undefined,
    audience: AUDIENCE,
    clientClaim: undefined,
    cognitoClients: undefined,
    cognitoClientsSecretArn: undefined,
    ...config,
  };
  const authorize = createAuthorize(full, partners);
  return (authorizationToken, deadline = createTestDeadline(), methodArn = METHOD_ARN) =>
    authorize({ authorizationToken, methodArn }, deadline);
}
