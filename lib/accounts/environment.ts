import type {
  AuthorizerEnvironment,
  PublicEnvironment,
  ServiceEnvironment,
  TelemetryEnvironment,
} from '../../lambda/platform/config.ts';
import type { PartnerClients } from '../credentials/partner-clients.ts';
import type { PartnerIssuer } from '../credentials/partner-issuer.ts';
import type { StageConfig } from '../stage/stage-config.ts';

/**
 * The variables of each function by its entry in `lambda/`, in the types that the entry reads: a
 * variable that is missing, or that nobody reads, does not compile.
 */
export interface FunctionEnvironments {
  readonly api: TelemetryEnvironment & ServiceEnvironment & PublicEnvironment;
  readonly task: TelemetryEnvironment & ServiceEnvironment;
  readonly refresh: TelemetryEnvironment & ServiceEnvironment;
  readonly authorizer: TelemetryEnvironment & AuthorizerEnvironment;
}

/** How the functions reach eGain, and what they share. */
export function serviceEnvironment(
  { egain, cache }: StageConfig,
  secretArn: string,
  sharedTableName: string,
): ServiceEnvironment {
  return {
    CREDENTIALS_SECRET_ARN: secretArn,
    EGAIN_API_URL: egain.apiUrl,
    EGAIN_TOKEN_URL: egain.tokenUrl,
    EGAIN_SCOPE: egain.scope,
    EGAIN_CLIENT_AUTHENTICATION: egain.clientAuthentication,
    EGAIN_CALLS_PER_MINUTE: egain.callsPerMinute?.toString(),
    CACHE_FRESH_SECONDS: cache.freshSeconds.toString(),
    CACHE_STALE_SECONDS: cache.staleSeconds.toString(),
    CACHE_REFRESH_SECONDS: cache.refreshSeconds?.toString(),
    SHARED_TABLE_NAME: sharedTableName,
  };
}

/** What partners are told about this deployment. */
export function publicEnvironment(
  { api, auth }: StageConfig,
  issuer: PartnerIssuer | undefined,
): PublicEnvironment {
  return {
    CORS_ORIGINS: api.corsOrigins.join(' ') || undefined,
    PUBLIC_TOKEN_URL: issuer?.tokenUrl,
    PUBLIC_ISSUER: auth.issuer,
    PUBLIC_CONTACT_URL: api.contactUrl,
  };
}

/**
 * Whose tokens the authorizer accepts.
 *
 * @param issuer the stack's own pool; undefined where the stage config names an issuer
 * @param clients the pool's app clients
 */
export function authorizerEnvironment(
  { auth }: StageConfig,
  issuer: PartnerIssuer | undefined,
  clients: PartnerClients | undefined,
): AuthorizerEnvironment {
  return {
    AUTH_ISSUER: issuer?.issuerUrl ?? auth.issuer,
    AUTH_AUDIENCE: auth.audience,
    AUTH_JWKS_URI:
      issuer === undefined ? auth.jwksUri : `${issuer.issuerUrl}/.well-known/jwks.json`,
    AUTH_CLIENT_CLAIM: auth.clientClaim,
    AUTH_COGNITO_CLIENTS: clients?.idsJson,
    AUTH_COGNITO_CLIENTS_SECRET_ARN: clients?.directory?.secretArn,
  };
}

/** The variables that have a value; the others are not set at all. */
export function withoutUnset(
  variables: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const set = Object.entries(variables).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return Object.fromEntries(set);
}
