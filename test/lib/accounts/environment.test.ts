import { describe, expect, it } from 'vitest';
import {
  authorizerEnvironment,
  publicEnvironment,
  serviceEnvironment,
  withoutUnset,
} from '../../../lib/accounts/environment.ts';
import { parseStageConfig } from '../../../lib/stage/stage-config.ts';
import { FULL_STAGE, LEAST, SECRET_ARN } from '../../support/stage.ts';

const least = parseStageConfig(LEAST);

describe('the variables of a function', () => {
  it('name every origin that may call', () => {
    const corsOrigins = ['https://a.example.com', 'https://b.example.com'];
    const config = parseStageConfig({ ...LEAST, api: { corsOrigins } });

    expect(publicEnvironment(config, undefined).CORS_ORIGINS).toBe(
      'https://a.example.com https://b.example.com',
    );
  });

  it('are not set where the stage config says nothing', () => {
    const variables = {
      ...serviceEnvironment(least, SECRET_ARN, 'table'),
      ...publicEnvironment(least, undefined),
    };

    expect(withoutUnset(variables)).toEqual({
      CREDENTIALS_SECRET_ARN: SECRET_ARN,
      EGAIN_API_URL: LEAST.egain.apiUrl,
      EGAIN_TOKEN_URL: LEAST.egain.tokenUrl,
      EGAIN_SCOPE: LEAST.egain.scope,
      EGAIN_CLIENT_AUTHENTICATION: 'body',
      CACHE_FRESH_SECONDS: '30',
      CACHE_STALE_SECONDS: '600',
      SHARED_TABLE_NAME: 'table',
    });
  });

  it("take the deployer's issuer as it is named", () => {
    expect(withoutUnset(authorizerEnvironment(parseStageConfig(FULL_STAGE), {}))).toEqual({
      AUTH_ISSUER: FULL_STAGE.auth.issuer,
      AUTH_AUDIENCE: FULL_STAGE.auth.audience,
      AUTH_JWKS_URI: FULL_STAGE.auth.jwksUri,
      AUTH_CLIENT_CLAIM: FULL_STAGE.auth.clientClaim,
    });
  });
});
