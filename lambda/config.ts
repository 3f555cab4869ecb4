import * as z from 'zod/mini';
import { Fault } from './faults.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const required = () => z.string().check(z.minLength(1));
const seconds = (fallback: string) =>
  z.pipe(
    z._default(z.string().check(z.regex(/^\d{1,6}$/)), fallback),
    z.transform((digits) => Number(digits)),
  );

const serviceSchema = z.object({
  CREDENTIALS_SECRET_ARN: required(),
  EGAIN_API_URL: required(),
  EGAIN_TOKEN_URL: required(),
  EGAIN_SCOPE: required(),
  EGAIN_CLIENT_AUTHENTICATION: z._default(z.enum(['body', 'basic']), 'body'),
  CACHE_FRESH_SECONDS: seconds('30'),
  CACHE_STALE_SECONDS: seconds('600'),
  AWS_LAMBDA_INITIALIZATION_TYPE: z.optional(z.string()),
});

/** What ApiFunction and TaskFunction are told by their environment. */
export interface ServiceConfig {
  readonly secretArn: string;
  /** The base of eGain's API, without a slash at the end. */
  readonly apiUrl: string;
  readonly tokenUrl: string;
  readonly scope: string;
  readonly clientAuthentication: 'body' | 'basic';
  readonly freshSeconds: number;
  readonly staleSeconds: number;
  /** With provisioned concurrency the container sleeps between init and the first request. */
  readonly provisioned: boolean;
}

const authorizerSchema = z.object({
  AUTH_ISSUER: required(),
  AUTH_JWKS_URI: z.optional(z.string()),
  AUTH_AUDIENCE: z.optional(z.string()),
  AUTH_COGNITO_CLIENTS: z.optional(z.string()),
});

/** What AuthorizerFunction is told by its environment. */
export interface AuthorizerConfig {
  readonly issuer: string;
  /** Without it, the issuer's OpenID configuration names it. */
  readonly jwksUri: string | undefined;
  /** The `aud` that tokens must have; a Cognito pool's access tokens have none. */
  readonly audience: string | undefined;
  /**
   * The Cognito app client's id by the partner's name, where the pool is the stack's own; its ids
   * are not known before it is deployed. Undefined with an issuer of the deployer's.
   */
  readonly cognitoClients: Readonly<Record<string, string>> | undefined;
}

/**
 * Reads the environment of ApiFunction and TaskFunction.
 *
 * @throws Fault `500-902` naming each variable that is missing or malformed, never its value.
 */
export function readServiceConfig(environment: Environment = process.env): ServiceConfig {
  const env = parse(serviceSchema, environment);
  return {
    secretArn: env.CREDENTIALS_SECRET_ARN,
    apiUrl: env.EGAIN_API_URL.replace(/\/+$/, ''),
    tokenUrl: env.EGAIN_TOKEN_URL,
    scope: env.EGAIN_SCOPE,
    clientAuthentication: env.EGAIN_CLIENT_AUTHENTICATION,
    freshSeconds: env.CACHE_FRESH_SECONDS,
    staleSeconds: env.CACHE_STALE_SECONDS,
    provisioned: env.AWS_LAMBDA_INITIALIZATION_TYPE === 'provisioned-concurrency',
  };
}

/**
 * Reads the environment of AuthorizerFunction.
 *
 * @throws Fault `500-902` naming each variable that is missing or malformed.
 */
export function readAuthorizerConfig(environment: Environment = process.env): AuthorizerConfig {
  const env = parse(authorizerSchema, environment);
  const clients = env.AUTH_COGNITO_CLIENTS;
  return {
    issuer: env.AUTH_ISSUER,
    jwksUri: env.AUTH_JWKS_URI,
    audience: env.AUTH_AUDIENCE,
    cognitoClients:
      clients === undefined ? undefined : (JSON.parse(clients) as Record<string, string>),
  };
}

function parse<T extends z.ZodMiniType>(schema: T, environment: Environment): z.output<T> {
  const result = z.safeParse(schema, environment);
  if (result.success) return result.data;
  const names = result.error.issues.map((issue) => issue.path.join('.'));
  throw new Fault('500-902', {
    reason: `environment variables missing or malformed: ${[...new Set(names)].join(', ')}`,
  });
}
