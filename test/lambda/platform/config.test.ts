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
const ISSUER = 'https://issuer.example.com';

describe("the service's environment", () => {
  const defaults = {
    secretArn: SERVICE.CREDENTIALS_SECRET_ARN,
    apiUrl: 'https://api.egain.cloud/conversation/conversationmgr/v3',
    tokenUrl: SERVICE.EGAIN_TOKEN_URL,
    scope: SERVICE.EGAIN_SCOPE,
    sharedTableName: 'shared-table',
    clientAuthentication: 'body',
    freshSeconds: 30,
    staleSeconds: 600,
    provisioned: false,
  };
  const local = 'http://127.0.0.1:3000/v3';

  test.each<[string, object, object]>([
    ['its defaults', {}, {}],
    [
      'basic authentication',
      { EGAIN_CLIENT_AUTHENTICATION: 'basic' },
      { clientAuthentication: 'basic' },
    ],
    ['the freshness', { CACHE_FRESH_SECONDS: '5' }, { freshSeconds: 5 }],
    ['no stale answers', { CACHE_STALE_SECONDS: '0' }, { staleSeconds: 0 }],
    ['a schedule', { CACHE_REFRESH_SECONDS: '60' }, { refreshSeconds: 60 }],
    ['a budget of calls', { EGAIN_CALLS_PER_MINUTE: '10' }, { callsPerMinute: 10 }],
    ['an upstream on this machine', { EGAIN_API_URL: local }, { apiUrl: local }],
  ])('gives %s', (_, environment, settings) => {
    const config = readServiceConfig({ ...SERVICE, ...environment });

    expect(config).toEqual({ ...defaults, ...settings });
  });
});

describe("the authorizer's environment", () => {
  test.each<[string, object, object]>([
    ['the issuer alone', {}, {}],
    ['the claim of the client', { AUTH_CLIENT_CLAIM: 'oid' }, { clientClaim: 'oid' }],
    ['an empty claim', { AUTH_CLIENT_CLAIM: '' }, {}],
    [
      "the secret that holds the pool's clients",
      { AUTH_COGNITO_CLIENTS_SECRET_ARN: 'arn' },
      { cognitoClientsSecretArn: 'arn' },
    ],
  ])('gives %s', (_, environment, settings) => {
    const config = readAuthorizerConfig({ AUTH_ISSUER: ISSUER, ...environment });

    expect(config).toEqual({ issuer: ISSUER, ...settings });
  });
});

const malformed = (names: string) => `environment variables missing or malformed: ${names}`;
const service = (environment: object) => () => readServiceConfig({ ...SERVICE, ...environment });
const clients = (text: string) => () =>
  readAuthorizerConfig({ AUTH_ISSUER: ISSUER, AUTH_COGNITO_CLIENTS: text });

describe('a wrong environment', () => {
  test.each<[string, () => unknown, string]>([
    ...['5s', '1e3', '-1', '1.5', '1000000', ''].map((text): [string, () => unknown, string] => [
      `${text} for a number`,
      service({ CACHE_FRESH_SECONDS: text }),
      malformed('CACHE_FRESH_SECONDS'),
    ]),
    ...['EGAIN_API_URL', 'EGAIN_TOKEN_URL'].map((name): [string, () => unknown, string] => [
      `no https in ${name}`,
      service({ [name]: 'http://example.com/api' }),
      malformed(`${name} (not an https URL)`),
    ]),
    [
      'little that is right',
      () => readServiceConfig({ EGAIN_SCOPE: 'scope', EGAIN_CLIENT_AUTHENTICATION: CANARY }),
      malformed(
        'CREDENTIALS_SECRET_ARN, EGAIN_API_URL, EGAIN_TOKEN_URL, EGAIN_CLIENT_AUTHENTICATION, ' +
          'SHARED_TABLE_NAME',
      ),
    ],
    ['clients that are cut off', clients(`{"acme":"${CANARY}`), malformed('AUTH_COGNITO_CLIENTS')],
    ['clients in lists', clients(`{"acme":["${CANARY}"]}`), malformed('AUTH_COGNITO_CLIENTS')],
    ['no AWS keys', () => readAwsKeys({}), 'the environment holds no AWS keys'],
    [
      'half of the AWS keys',
      () => readAwsKeys({ AWS_ACCESS_KEY_ID: CANARY }),
      'the environment holds no AWS keys',
    ],
  ])('is refused by its names and without its values: %s', (_, read, reason) => {
    expect(read).toThrow(Fault);
    expect(read).toThrow(expect.objectContaining({ code: '500-902', reason }) as Error);
  });
});

test('what this deployment tells browsers and the contract may be missing or empty', () => {
  const environment = {
    CORS_ORIGINS: 'https://a.example.com https://b.example.com',
    PUBLIC_TOKEN_URL: 'https://login.example.com/token',
    PUBLIC_ISSUER: 'https://login.example.com',
    PUBLIC_CONTACT_URL: 'https://example.com/help',
  };

  expect(readPublicSettings(environment)).toEqual({
    corsOrigins: ['https://a.example.com', 'https://b.example.com'],
    tokenUrl: 'https://login.example.com/token',
    issuer: 'https://login.example.com',
    contactUrl: 'https://example.com/help',
  });
  for (const text of ['', undefined]) {
    const empty = Object.fromEntries(Object.keys(environment).map((name) => [name, text]));
    expect(readPublicSettings(empty)).toEqual({ corsOrigins: [] });
  }
});
