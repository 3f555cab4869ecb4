import * as z from 'zod/mini';
import { Fault } from '../faults.ts';
import { METRICS_NAMESPACE } from './metrics.ts';
import { parseJson, parseSecureUrl } from './parse.ts';

type Environment = Readonly<Record<string, string | undefined>>;
type Variables<Name extends string> = Readonly<Record<Name, string | undefined>>;

const required = z.string().check(z.minLength(1));
const optional = z.optional(z.string());
const url = z
  .string()
  .check(z.refine((text) => parseSecureUrl(text) !== undefined, 'not an https URL'));
const number = z.pipe(z.string().check(z.regex(/^\d{1,6}$/)), z.transform(Number));

/** How much later than its period a schedule may renew the snapshot, page walk included. */
export const SCHEDULE_LATE_MS = 60_000;

const serviceVariables = z.object({
  CREDENTIALS_SECRET_ARN: required,
  EGAIN_API_URL: url,
  EGAIN_TOKEN_URL: url,
  EGAIN_SCOPE: required,
  EGAIN_CLIENT_AUTHENTICATION: z._default(z.enum(['body', 'basic']), 'body'),
  CACHE_FRESH_SECONDS: z._default(number, 30),
  CACHE_STALE_SECONDS: z._default(number, 600),
  CACHE_REFRESH_SECONDS: z.optional(number),
  EGAIN_CALLS_PER_MINUTE: z.optional(number),
  SHARED_TABLE_NAME: required,
});

/** The variables that ApiFunction, TaskFunction and RefreshFunction read and their stack sets. */
export type ServiceEnvironment = Variables<keyof z.infer<typeof serviceVariables>>;

export type ServiceConfig = Readonly<ReturnType<typeof readServiceConfig>>;

/** @throws Fault `500-902` naming each variable that is missing or malformed */
export function readServiceConfig(environment: Environment = process.env) {
  const variables = read(serviceVariables, environment);
  return {
    secretArn: variables.CREDENTIALS_SECRET_ARN,
    /** The base of eGain's API, without a slash at the end. */
    apiUrl: variables.EGAIN_API_URL.replace(/\/+$/, ''),
    tokenUrl: variables.EGAIN_TOKEN_URL,
    scope: variables.EGAIN_SCOPE,
    clientAuthentication: variables.EGAIN_CLIENT_AUTHENTICATION,
    freshSeconds: variables.CACHE_FRESH_SECONDS,
    staleSeconds: variables.CACHE_STALE_SECONDS,
    /** How often a schedule renews the snapshot; without it, requests do. */
    refreshSeconds: variables.CACHE_REFRESH_SECONDS,
    /** What all containers together may ask of eGain in any minute. */
    callsPerMinute: variables.EGAIN_CALLS_PER_MINUTE,
    /** The table by which all containers share snapshot, token and failures. */
    sharedTableName: variables.SHARED_TABLE_NAME,
    /** With provisioned concurrency the container sleeps between init and the first request. */
    provisioned: environment['AWS_LAMBDA_INITIALIZATION_TYPE'] === 'provisioned-concurrency',
  };
}

/** The variables that RefreshFunction alone reads. */
export type RefreshEnvironment = Variables<'ANNOUNCED_STAGE'>;

/** The stage whose changes are announced; undefined where none are. */
export function readAnnouncedStage(
  environment: Partial<RefreshEnvironment> = process.env,
): string | undefined {
  return environment.ANNOUNCED_STAGE || undefined;
}

const authorizerVariables = z.object({
  AUTH_ISSUER: required,
  AUTH_JWKS_URI: optional,
  AUTH_AUDIENCE: optional,
  AUTH_CLIENT_CLAIM: optional,
  AUTH_COGNITO_CLIENTS: z.optional(
    z.pipe(
      z.pipe(
        z.string(),
        z.transform((text) => parseJson(text)),
      ),
      z.record(z.string(), z.string()),
    ),
  ),
  AUTH_COGNITO_CLIENTS_SECRET_ARN: optional,
});

/** The variables that AuthorizerFunction reads. */
export type AuthorizerEnvironment = Variables<keyof z.infer<typeof authorizerVariables>>;

export type AuthorizerConfig = Readonly<ReturnType<typeof readAuthorizerConfig>>;

/** @throws Fault `500-902` naming each variable that is missing or malformed */
export function readAuthorizerConfig(environment: Environment = process.env) {
  const variables = read(authorizerVariables, environment);
  return {
    issuer: variables.AUTH_ISSUER,
    /** Without it, the issuer's OpenID configuration names it. */
    jwksUri: variables.AUTH_JWKS_URI,
    /** The `aud` that tokens must have. Access tokens of a Cognito pool have none. */
    audience: variables.AUTH_AUDIENCE,
    /** The one claim that names the client; undefined for the claims that issuers commonly use. */
    clientClaim: variables.AUTH_CLIENT_CLAIM || undefined,
    /**
     * The Cognito app client's id by the partner's name, if the stack makes the pool: the ids are
     * only known once it is deployed. Undefined with an issuer of the deployer's own.
     */
    cognitoClients: variables.AUTH_COGNITO_CLIENTS,
    /** The secret that holds these ids if they are too many for the environment. */
    cognitoClientsSecretArn: variables.AUTH_COGNITO_CLIENTS_SECRET_ARN,
  };
}

/** @throws Fault `500-902` naming each variable that is missing or malformed, never its value */
function read<Schema extends z.ZodMiniType>(
  schema: Schema,
  environment: Environment,
): z.output<Schema> {
  const result = z.safeParse(schema, environment);
  if (result.success) return result.data;
  const malformed = result.error.issues.map(({ code, path, message }) =>
    code === 'custom' ? `${String(path[0])} (${message})` : String(path[0]),
  );
  const reason = `environment variables missing or malformed: ${[...new Set(malformed)].join(', ')}`;
  throw new Fault('misconfigured', { reason });
}

const LEVELS = ['info', 'warn', 'error'] as const;
export type Level = (typeof LEVELS)[number];

/** The variables that every function reads. */
export type TelemetryEnvironment = Variables<'LOG_LEVEL' | 'METRICS_NAMESPACE'>;

/** How many of the levels `info`, `warn` and `error` are left out, by the least that is written. */
const LEFT_OUT: Readonly<Record<string, number>> = { WARN: 1, ERROR: 2, CRITICAL: 2, SILENT: 3 };

/** What functions write. Unknown levels, and levels finer than `INFO`, count as `INFO`. */
export function readTelemetrySettings(environment: Partial<TelemetryEnvironment> = process.env) {
  return {
    /** The CloudWatch namespace of the metrics. */
    namespace: environment.METRICS_NAMESPACE || METRICS_NAMESPACE,
    levels: LEVELS.slice(LEFT_OUT[environment.LOG_LEVEL ?? '']),
  };
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
 * The AWS keys that Lambda gives the function; it has no others.
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
