import { describe, expect, test } from 'vitest';
import { Fault } from '../../../lambda/faults.ts';
import {
  readAuthorizerConfig,
  readAwsKeys,
  readPublicSettings,
  readServiceConfig,
} from '../../../lambda/platform/config.ts';

const CANARY = 'canary-value-91d0';
const SERVICE = {
  CREDENTIALS_SECRET_ARN: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:egain-AbCdEf',
  EGAIN_API_URL: 'https://api.egain.cloud/conversation/conversationmgr/v3//',
  EGAIN_TOKEN_URL: 'https://login.example.com/token/',
  EGAIN_SCOPE: 'https://api.egain.cloud/auth/.default',
  SHARED_TABLE_NAME: 'shared-table',
};

function faultOf(read: () => unknown): Fault {
  try {
    read();
  } catch (error) {
    if (error instanceof Fault) return error;
  }
  throw new Error('no Fault was thrown');
}

describe("the service's environment", () => {
  test('has defaults, and an API URL without a slash at its end', () => {
    expect(readServiceConfig(SERVICE)).toEqual({
      secretArn: SERVICE.CREDENTIALS_SECRET_ARN,
      apiUrl: 'https://api.egain.cloud/conversation/conversationmgr/v3',
      tokenUrl: SERVICE.EGAIN_TOKEN_URL,
      scope: SERVICE.EGAIN_SCOPE,
      sharedTableName: 'shared-table',
      clientAuthentication: 'body',
      freshSeconds: 30,
      staleSeconds: 600,
      provisioned: false,
    });
  });

  test('is taken as it is given', () => {
    const config = readServiceConfig({
      ...SERVICE,
      EGAIN_CLIENT_AUTHENTICATION: 'basic',
      CACHE_FRESH_SECONDS: '5',
      CACHE_STALE_SECONDS: '0',
      CACHE_REFRESH_SECONDS: '60',
      EGAIN_CALLS_PER_MINUTE: '10',
      AWS_LAMBDA_INITIALIZATION_TYPE: 'provisioned-concurrency',
    });

    expect(config).toMatchObject({
      clientAuthentication: 'basic',
      freshSeconds: 5,
      staleSeconds: 0,
      refreshSeconds: 60,
      callsPerMinute: 10,
      provisioned: true,
    });
  });

  test.each([
    ...['5s', '1e3', '-1', '1.5', '1000000', ''].map((text) => ['CACHE_FRESH_SECONDS', text]),
    ...['http://example.com/api', 'nothing', ''].flatMap((text) => [
      ['EGAIN_API_URL', text, ' (not an https URL)'],
      ['EGAIN_TOKEN_URL', text, ' (not an https URL)'],
    ]),
  ])('is refused where %s is %j', (variable, text, why = '') => {
    const fault = faultOf(() => readServiceConfig({ ...SERVICE, [variable]: text }));

    expect(fault).toMatchObject({
      code: '500-902',
      reason: `environment variables missing or malformed: ${variable}${why}`,
    });
  });

  test('may name an upstream on this machine', () => {
    const url = 'http://127.0.0.1:3000/v3';

    expect(readServiceConfig({ ...SERVICE, EGAIN_API_URL: url }).apiUrl).toBe(url);
  });

  test('names every variable that is missing or malformed, and no value', () => {
    const fault = faultOf(() =>
      readServiceConfig({
        EGAIN_SCOPE: CANARY,
        EGAIN_CLIENT_AUTHENTICATION: CANARY,
        CACHE_FRESH_SECONDS: CANARY,
      }),
    );

    expect(fault.reason).toBe(
      'environment variables missing or malformed: CREDENTIALS_SECRET_ARN, EGAIN_API_URL, ' +
        'EGAIN_TOKEN_URL, EGAIN_CLIENT_AUTHENTICATION, CACHE_FRESH_SECONDS, SHARED_TABLE_NAME',
    );
  });
});

describe("the authorizer's environment", () => {
  const issuer = 'https://issuer.example.com';
  const unset = {
    jwksUri: undefined,
    audience: undefined,
    clientClaim: undefined,
    cognitoClients: undefined,
    cognitoClientsSecretArn: undefined,
  };

  test.each<[string, object, object]>([
    ['the issuer alone', {}, {}],
    ['an audience', { AUTH_AUDIENCE: 'accounts' }, { audience: 'accounts' }],
    ['a key set', { AUTH_JWKS_URI: `${issuer}/keys` }, { jwksUri: `${issuer}/keys` }],
    ['the claim of the client', { AUTH_CLIENT_CLAIM: 'oid' }, { clientClaim: 'oid' }],
    ['an empty claim', { AUTH_CLIENT_CLAIM: '' }, {}],
    [
      "the clients of the stack's own pool",
      { AUTH_COGNITO_CLIENTS: '{"acme":"client-1"}' },
      { cognitoClients: { acme: 'client-1' } },
    ],
    [
      'the secret that holds them',
      { AUTH_COGNITO_CLIENTS_SECRET_ARN: 'arn' },
      { cognitoClientsSecretArn: 'arn' },
    ],
  ])('names %s', (_, environment, settings) => {
    const config = readAuthorizerConfig({ AUTH_ISSUER: issuer, ...environment });

    expect(config).toEqual({ issuer, ...unset, ...settings });
  });

  test.each([`{"acme":"${CANARY}`, `{"acme":["${CANARY}"]}`, `"${CANARY}"`])(
    'is refused with the clients %s',
    (clients) => {
      const fault = faultOf(() =>
        readAuthorizerConfig({
          AUTH_ISSUER: 'https://i.example.com',
          AUTH_COGNITO_CLIENTS: clients,
        }),
      );

      expect(fault).toMatchObject({ code: '500-902' });
      expect(fault.reason).toMatch(/: AUTH_COGNITO_CLIENTS$/);
      expect(fault.reason).not.toContain(CANARY);
    },
  );
});

describe('the rest of the environment', () => {
  test('gives what this deployment tells browsers and the contract, or nothing', () => {
    const environment = {
      CORS_ORIGINS: 'https://a.example.com https://b.example.com',
      PUBLIC_TOKEN_URL: 'https://login.example.com/token',
      PUBLIC_ISSUER: 'https://login.example.com',
      PUBLIC_CONTACT_URL: 'https://example.com/help',
    };
    const nothing = { corsOrigins: [], tokenUrl: undefined, issuer: undefined };

    expect(readPublicSettings(environment)).toEqual({
      corsOrigins: ['https://a.example.com', 'https://b.example.com'],
      tokenUrl: 'https://login.example.com/token',
      issuer: 'https://login.example.com',
      contactUrl: 'https://example.com/help',
    });
    for (const text of ['', undefined]) {
      const empty = Object.fromEntries(Object.keys(environment).map((name) => [name, text]));
      expect(readPublicSettings(empty)).toEqual(nothing);
    }
  });

  test("gives the function's AWS keys, with a session or without", () => {
    const keys = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'example' };

    expect(readAwsKeys(keys)).toEqual({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' });
    expect(readAwsKeys({ ...keys, AWS_SESSION_TOKEN: 'session' })).toMatchObject({
      sessionToken: 'session',
    });
  });

  test.each([{}, { AWS_ACCESS_KEY_ID: CANARY }, { AWS_SECRET_ACCESS_KEY: CANARY }])(
    'is refused without both keys: %o',
    (environment) => {
      const fault = faultOf(() => readAwsKeys(environment));

      expect(fault).toMatchObject({ code: '500-902', reason: 'the environment holds no AWS keys' });
    },
  );
});
