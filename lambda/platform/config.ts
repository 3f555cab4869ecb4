import * as z from 'zod/mini';
import { Fault } from '../faults.ts';
import { METRICS_NAMESPACE } from './metrics.ts';
import { parseJson } from './parse.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A setting: the environment variable that holds it, and how its text is read. */
function setting<Name extends string, Schema extends z.ZodMiniType>(
  variable: Name,
  schema: Schema,
): { readonly variable: Name; readonly schema: Schema } {
  return { variable, schema };
}
type Table = Readonly<Record<string, ReturnType<typeof setting>>>;
type Settings<Rows extends Table> = {
  readonly [Name in keyof Rows]: z.output<Rows[Name]['schema']>;
};
type Variables<Name extends string> = Readonly<Record<Name, string | undefined>>;

const required = z.string().check(z.minLength(1));
const optional = z.optional(z.string());
const digits = z.string().check(z.regex(/^\d{1,6}$/));
const number = z.transform((text: string) => Number(text));
const clients = z.pipe(
  z.pipe(
    z.string(),
    z.transform((text) => parseJson(text)),
  ),
  z.record(z.string(), z.string()),
);

const SERVICE = {
  secretArn: setting('CREDENTIALS_SECRET_ARN', required),
  /** The base of eGain's API, without a slash at the end. */
  apiUrl: setting(
    'EGAIN_API_URL',
    z.pipe(
      required,
      z.transform((text) => text.replace(/\/+$/, '')),
    ),
  ),
  tokenUrl: setting('EGAIN_TOKEN_URL', required),
  scope: setting('EGAIN_SCOPE', required),
  clientAuthentication: setting(
    'EGAIN_CLIENT_AUTHENTICATION',
    z._default(z.enum(['body', 'basic']), 'body'),
  ),
  freshSeconds: setting('CACHE_FRESH_SECONDS', z.pipe(z._default(digits, '30'), number)),
  staleSeconds: setting('CACHE_STALE_SECONDS', z.pipe(z._default(digits, '600'), number)),
  /** The table by which all containers share snapshot, token and failures. */
  sharedTableName: setting('SHARED_TABLE_NAME', required),
  /** How often a schedule renews the snapshot; without it, requests do. */
  refreshSeconds: setting('CACHE_REFRESH_SECONDS', z.optional(z.pipe(digits, number))),
  /** What all containers together may ask of eGain in any minute. */
  callsPerMinute: setting('EGAIN_CALLS_PER_MINUTE', z.optional(z.pipe(digits, number))),
  /** With provisioned concurrency the container sleeps between init and the first request. */
  provisioned: setting(
    'AWS_LAMBDA_INITIALIZATION_TYPE',
    z.pipe(
      optional,
      z.transform((type) => type === 'provisioned-concurrency'),
    ),
  ),
};

/** The settings of ApiFunction, TaskFunction and RefreshFunction. */
export type ServiceConfig = Settings<typeof SERVICE>;

/** The variables that ApiFunction, TaskFunction and RefreshFunction read and their stack sets. */
export type ServiceEnvironment = Variables<
  Exclude<(typeof SERVICE)[keyof typeof SERVICE]['variable'], 'AWS_LAMBDA_INITIALIZATION_TYPE'>
>;

const AUTHORIZER = {
  issuer: setting('AUTH_ISSUER', required),
  /** Without it, the issuer's OpenID configuration names it. */
  jwksUri: setting('AUTH_JWKS_URI', optional),
  /** The `aud` that tokens must have. Access tokens of a Cognito pool have none. */
  audience: setting('AUTH_AUDIENCE', optional),
  /** The one claim that names the client; undefined for the claims that issuers commonly use. */
  clientClaim: setting(
    'AUTH_CLIENT_CLAIM',
    z.pipe(
      optional,
      z.transform((text) => text || undefined),
    ),
  ),
  /**
   * The Cognito app client's id by the partner's name, if the stack makes the pool: the ids are only
   * known once it is deployed. Undefined with an issuer of the deployer's own.
   */
  cognitoClients: setting('AUTH_COGNITO_CLIENTS', z.optional(clients)),
  /** The secret that holds these ids if they are too many for the environment. */
  cognitoClientsSecretArn: setting('AUTH_COGNITO_CLIENTS_SECRET_ARN', optional),
};

/** The settings of AuthorizerFunction. */
export type AuthorizerConfig = Settings<typeof AUTHORIZER>;

/** The variables that AuthorizerFunction reads. */
export type AuthorizerEnvironment = Variables<
  (typeof AUTHORIZER)[keyof typeof AUTHORIZER]['variable']
>;

/** @throws Fault `500-902` naming each variable that is missing or malformed, never its value */
function read<Rows extends Table>(table: Rows, environment: Environment): Settings<Rows> {
  const malformed: string[] = [];
  const settings = Object.entries(table).map(([name, { variable, schema }]) => {
    const result = z.safeParse(schema, environment[variable]);
    if (!result.success) malformed.push(variable);
    return [name, result.data] as const;
  });
  if (malformed.length === 0) return Object.fromEntries(settings) as Settings<Rows>;
  throw new Fault('misconfigured', {
    reason: `environment variables missing or malformed: ${malformed.join(', ')}`,
  });
}

/**
 * Reads the environment of ApiFunction, TaskFunction and RefreshFunction.
 *
 * @throws Fault `500-902` naming each variable that is missing or malformed
 */
export const readServiceConfig = (environment: Environment = process.env): ServiceConfig =>
  read(SERVICE, environment);

/**
 * Reads the environment of AuthorizerFunction.
 *
 * @throws Fault `500-902` naming each variable that is missing or malformed
 */
export const readAuthorizerConfig = (environment: Environment = process.env): AuthorizerConfig =>
  read(AUTHORIZER, environment);

/** The variables that every function reads. */
export type TelemetryEnvironment = Variables<'LOG_LEVEL' | 'METRICS_NAMESPACE'>;

/** The CloudWatch namespace of the metrics. */
export function readMetricsNamespace(): string {
  return process.env['METRICS_NAMESPACE'] || METRICS_NAMESPACE;
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
export function readLogLevel(): LogLevel {
  return LEVELS[process.env['LOG_LEVEL'] ?? ''] ?? 'info';
}

/** The variables that ApiFunction alone reads. */
export type PublicEnvironment = Variables<
  'CORS_ORIGINS' | 'PUBLIC_TOKEN_URL' | 'PUBLIC_ISSUER' | 'PUBLIC_CONTACT_URL'
>;

/** What ApiFunction tells browsers and the OpenAPI document of this deployment. */
export function readPublicSettings(environment: Partial<PublicEnvironment> = process.env) {
  return {
    /** The origins whose scripts may read the API's answers. */
    corsOrigins: (environment.CORS_ORIGINS ?? '').split(' ').filter((origin) => origin !== ''),
    tokenUrl: environment.PUBLIC_TOKEN_URL || undefined,
    issuer: environment.PUBLIC_ISSUER || undefined,
    contactUrl: environment.PUBLIC_CONTACT_URL || undefined,
  };
}

/**
 * Reads the AWS keys that Lambda gives the function; it has no others.
 *
 * @throws Fault `500-902` if there are none
 */
export function readAwsKeys(environment: Environment = process.env) {
  const accessKeyId = environment['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = environment['AWS_SECRET_ACCESS_KEY'];
  const sessionToken = environment['AWS_SESSION_TOKEN'];
  if (!accessKeyId || !secretAccessKey) {
    throw new Fault('misconfigured', { reason: 'the environment holds no AWS keys' });
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}
