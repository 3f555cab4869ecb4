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
 * The variables of each function by its entry in `lambda/`, as that entry reads them: one that is
 * forgotten, or that nobody reads, does not compile.
 */
export interface FunctionEnvironments {
  readonly api: TelemetryEnvironment & ServiceEnvironment & PublicEnvironment;
  readonly task: TelemetryEnvironment & ServiceEnvironment;
  readonly refresh: TelemetryEnvironment & ServiceEnvironment;
  readonly authorizer: TelemetryEnvironment & AuthorizerEnvironment;
}

/** How the functions reach eGain, and what they share. */
export function serviceEnvironment(
  { egain, cache }: Pick<StageConfig, 'egain' | 'cache'>,
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

/** What is told to partners of this deployment alone. */
export function publicEnvironment(
  { api, auth }: Pick<StageConfig, 'api' | 'auth'>,
  issuer: PartnerIssuer | undefined,
): PublicEnvironment {
  return {
    CORS_ORIGINS: api.corsOrigins.join(' ') || undefined,
    PUBLIC_TOKEN_URL: issuer?.tokenUrl,
    PUBLIC_ISSUER: auth.issuer,
    PUBLIC_CONTACT_URL: api.contactUrl,
  };
}

/** Whose tokens are taken: those of the stack's own pool, or of the issuer in the stage config. */
export function authorizerEnvironment(
  { auth }: Pick<StageConfig, 'auth'>,
  own: {
    readonly issuer?: PartnerIssuer | undefined;
    readonly clients?: PartnerClients | undefined;
  },
): AuthorizerEnvironment {
  const { issuer, clients } = own;
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
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    ),
  );
}
