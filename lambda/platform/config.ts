import * as z from 'zod/mini';
import { Fault } from '../faults.ts';
import { METRICS_NAMESPACE } from './metrics.ts';
import { parseJson } from './parse.ts';

type Variables<Name extends PropertyKey> = Readonly<Record<Name, string | undefined>>;
type Environment = Variables<string>;

const required = () => z.string().check(z.minLength(1));
const digits = () => z.string().check(z.regex(/^\d{1,6}$/));
const wholeNumber = () =>
  z.pipe(
    digits(),
    z.transform((text) => Number(text)),
  );
const seconds = (fallback: string) =>
  z.pipe(
    z._default(digits(), fallback),
    z.transform((text) => Number(text)),
  );

const serviceSchema = z.object({
  CREDENTIALS_SECRET_ARN: required(),
  EGAIN_API_URL: required(),
  EGAIN_TOKEN_URL: required(),
  EGAIN_SCOPE: required(),
  EGAIN_CLIENT_AUTHENTICATION: z._default(z.enum(['body', 'basic']), 'body'),
  CACHE_FRESH_SECONDS: seconds('30'),
  CACHE_STALE_SECONDS: seconds('600'),
  SHARED_TABLE_NAME: required(),
  CACHE_REFRESH_SECONDS: z.optional(wholeNumber()),
  EGAIN_CALLS_PER_MINUTE: z.optional(wholeNumber()),
  AWS_LAMBDA_INITIALIZATION_TYPE: z.optional(z.string()),
});

/** The variables that ApiFunction, TaskFunction and RefreshFunction read and their stack sets. */
export type ServiceEnvironment = Variables<
  Exclude<keyof z.input<typeof serviceSchema>, 'AWS_LAMBDA_INITIALIZATION_TYPE'>
>;

/** The settings of ApiFunction, TaskFunction and RefreshFunction. */
export interface ServiceConfig {
  readonly secretArn: string;
  /** The base of eGain's API, without a slash at the end. */
  readonly apiUrl: string;
  readonly tokenUrl: string;
  readonly scope: string;
  readonly clientAuthentication: 'body' | 'basic';
  readonly freshSeconds: number;
  readonly staleSeconds: number;
  /** The table by which all containers share snapshot, token and failures. */
  readonly sharedTableName: string;
  /** How often a schedule renews the snapshot; without it, requests do. */
  readonly refreshSeconds?: number | undefined;
  /** What all containers together may ask of eGain in any minute. */
  readonly callsPerMinute?: number | undefined;
  /** With provisioned concurrency the container sleeps between init and the first request. */
  readonly provisioned: boolean;
}

/** A text that is not JSON becomes undefined, which no schema accepts. */
const json = z.pipe(
  z.string(),
  z.transform((text) => parseJson(text)),
);

const authorizerSchema = z.object({
  AUTH_ISSUER: required(),
  AUTH_JWKS_URI: z.optional(z.string()),
  AUTH_AUDIENCE: z.optional(z.string()),
  AUTH_CLIENT_CLAIM: z.optional(z.string()),
  AUTH_COGNITO_CLIENTS_SECRET_ARN: z.optional(z.string()),
  AUTH_COGNITO_CLIENTS: z.optional(z.pipe(json, z.record(z.string(), z.string()))),
});

/** The variables that AuthorizerFunction reads. */
export type AuthorizerEnvironment = Variables<keyof z.input<typeof authorizerSchema>>;

/** The settings of AuthorizerFunction. */
export interface AuthorizerConfig {
  readonly issuer: string;
  /** Without it, the issuer's OpenID configuration names it. */
  readonly jwksUri: string | undefined;
  /** The `aud` that tokens must have. Access tokens of a Cognito pool have none. */
  readonly audience: string | undefined;
  /** The one claim that names the client; undefined for the claims that issuers commonly use. */
  readonly clientClaim: string | undefined;
  /**
   * The Cognito app client's id by the partner's name, if the stack makes the pool: the ids are only
   * known once it is deployed. Undefined with an issuer of the deployer's own.
   */
  readonly cognitoClients: Readonly<Record<string, string>> | undefined;
  /** The secret that holds these ids if they are too many for the environment. */
  readonly cognitoClientsSecretArn?: string | undefined;
}

/**
 * Reads the environment of ApiFunction, TaskFunction and RefreshFunction.
 *
 * @throws Fault `500-902` naming each variable that is missing or malformed, never its value
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
    sharedTableName: env.SHARED_TABLE_NAME,
    refreshSeconds: env.CACHE_REFRESH_SECONDS,
    callsPerMinute: env.EGAIN_CALLS_PER_MINUTE,
    provisioned: env.AWS_LAMBDA_INITIALIZATION_TYPE === 'provisioned-concurrency',
  };
}

/**
 * Reads the environment of AuthorizerFunction.
 *
 * @throws Fault `500-902` naming each variable that is missing or malformed
 */
export function readAuthorizerConfig(environment: Environment = process.env): AuthorizerConfig {
  const env = parse(authorizerSchema, environment);
  return {
    issuer: env.AUTH_ISSUER,
    jwksUri: env.AUTH_JWKS_URI,
    audience: env.AUTH_AUDIENCE,
    clientClaim: env.AUTH_CLIENT_CLAIM || undefined,
    cognitoClients: env.AUTH_COGNITO_CLIENTS,
    cognitoClientsSecretArn: env.AUTH_COGNITO_CLIENTS_SECRET_ARN,
  };
}

/** The variables that every function reads. */
export type TelemetryEnvironment = Variables<'LOG_LEVEL' | 'METRICS_NAMESPACE'>;

/** The CloudWatch namespace of the metrics. */
export function readMetricsNamespace(
  environment: Partial<TelemetryEnvironment> = process.env,
): string {
  return environment.METRICS_NAMESPACE || METRICS_NAMESPACE;
}

/** The least level of log lines that are written. */
export type LogLevel = 'info' | 'warn' | 'error' | 'silent';

const LEVELS: Readonly<Record<string, LogLevel>> = {
  WARN: 'warn',
  ERROR: 'error',
  CRITICAL: 'error',
  SILENT: 'silent',
};

/** The level that the environment names; unknown levels, and levels finer than `INFO`, are `info`. */
export function readLogLevel(environment: Partial<TelemetryEnvironment> = process.env): LogLevel {
  return LEVELS[environment.LOG_LEVEL ?? ''] ?? 'info';
}

/** The variables that ApiFunction alone reads. */
export type PublicEnvironment = Variables<
  'CORS_ORIGINS' | 'PUBLIC_TOKEN_URL' | 'PUBLIC_ISSUER' | 'PUBLIC_CONTACT_URL'
>;

/** The origins whose scripts may read the API's answers; none if the variable is not set. */
export function readCorsOrigins(environment: Partial<PublicEnvironment> = process.env): string[] {
  return (environment.CORS_ORIGINS ?? '').split(' ').filter((origin) => origin !== '');
}

/** What the OpenAPI document says of this deployment. */
export function readPublicSettings(environment: Partial<PublicEnvironment> = process.env): {
  readonly tokenUrl: string | undefined;
  readonly issuer: string | undefined;
  readonly contactUrl: string | undefined;
} {
  return {
    tokenUrl: environment.PUBLIC_TOKEN_URL || undefined,
    issuer: environment.PUBLIC_ISSUER || undefined,
    contactUrl: environment.PUBLIC_CONTACT_URL || undefined,
  };
}

function parse<T extends z.ZodMiniType>(schema: T, environment: Environment): z.output<T> {
  const result = z.safeParse(schema, environment);
  if (result.success) return result.data;
  const names = result.error.issues.map((issue) => issue.path.join('.'));
  throw new Fault('misconfigured', {
    reason: `environment variables missing or malformed: ${[...new Set(names)].join(', ')}`,
  });
}

/** The AWS keys that Lambda gives a function; it has no others. */
export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/**
 * Reads the function's AWS keys.
 *
 * @throws Fault `500-902` if there are none
 */
export function readAwsKeys(environment: Environment = process.env): AwsKeys {
  const accessKeyId = environment['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = environment['AWS_SECRET_ACCESS_KEY'];
  const sessionToken = environment['AWS_SESSION_TOKEN'];
  if (!accessKeyId || !secretAccessKey) {
    throw new Fault('misconfigured', { reason: 'the environment holds no AWS keys' });
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}
