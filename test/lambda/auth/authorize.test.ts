import type { JWTPayload } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { Fault } from '../../../lambda/faults.ts';
import { total } from '../../../lambda/platform/metrics.ts';
import { startSecretsManager } from '../../../sandbox/aws/secrets-manager.ts';
import * as support from '../../support/authorizer.ts';
import type { TestIssuer } from '../../support/issuer.ts';
import { createSigningKey, type SigningKey, sign, startIssuer } from '../../support/issuer.ts';
import { captureLog, type LoggedLine } from '../../support/telemetry.ts';

const STAGE_ARN = 'arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/v1';

const [READ, ADDRESS] = ['accounts/read', 'accounts/read.address'];

let key: SigningKey;
let issuer: TestIssuer;
let log: LoggedLine[];
let authorize: ReturnType<typeof support.createTestAuthorize>;

beforeAll(async () => {
  key = await createSigningKey('k1', 'ES256');
  issuer = await startIssuer(key);
});
beforeEach(() => {
  log = captureLog();
  authorize = support.createTestAuthorize({ issuer: issuer.url });
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => issuer.stop());

const bearer = async (change: JWTPayload) =>
  `Bearer ${await sign(key, { ...support.goodClaims(issuer.url), ...change })}`;

const make = (partners: unknown, config = {}) =>
  support.createTestAuthorize({ issuer: issuer.url, ...config }, partners);

describe('a partner', () => {
  test('is let in to the whole API, on its own usage plan', async () => {
    const result = await authorize(await bearer({}));

    expect(result).toEqual({
      principalId: 'acme',
      policyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Action: 'execute-api:Invoke',
            Effect: 'Allow',
            Resource: ['GET', 'HEAD'].map((method) => `${STAGE_ARN}/${method}/*`),
          },
        ],
      },
      usageIdentifierKey: `${support.USAGE_KEY}-123456789012`,
      context: {
        partner: 'acme',
        scopes: 'accounts/read accounts/read.address accounts/read.configuration',
      },
    });
  });

  test('with an account rule has it in its context', async () => {
    const result = await authorize(await bearer({ client_id: 'client-narrow' }));
    expect(result.context?.['accounts']).toBe('{"channel":["c1"],"attribute":["region:emea"]}');
  });

  test.each([
    ['a token wider than the entry', 'client-basic', `${READ} ${ADDRESS} x`, READ, ADDRESS],
    ['an entry wider than the token', 'client-acme', READ, READ, undefined],
    ['another order', 'client-acme', `${ADDRESS} ${READ}`, `${READ} ${ADDRESS}`, undefined],
  ])('gets what token and entry both grant: %s', async (_, client, scope, scopes, withheld) => {
    const result = await authorize(await bearer({ client_id: client, scope }));
    expect(result.context).toMatchObject({ scopes });
    expect(result.context?.['withheld']).toBe(withheld);
  });
});

describe('a valid token is denied', () => {
  const stranger = { reason: 'no partner' };
  const scopeless = { reason: 'scope', partner: 'acme' };

  test.each<[string, JWTPayload, object]>([
    ['of an unknown client', { client_id: 'stranger' }, stranger],
    ['of a client named like a partner, not by its id', { client_id: 'acme' }, stranger],
    ['without scope', { scope: undefined }, scopeless],
    ['with a longer name only', { scope: ADDRESS }, scopeless],
    ['with scopes that a comma parts', { scope: `${READ},${ADDRESS}` }, scopeless],
  ])('%s, and the log says why', async (_, change, fields) => {
    const result = await authorize(await bearer(change));

    expect(result.policyDocument.Statement).toEqual([
      {
        Action: 'execute-api:Invoke',
        Effect: 'Deny',
        Resource: ['GET', 'HEAD'].map((method) => `${STAGE_ARN}/${method}/*`),
      },
    ]);
    expect(result).not.toHaveProperty('usageIdentifierKey');
    expect(result).not.toHaveProperty('context');
    expect(total('TokensRefused')).toBe(1);
    expect(log).toEqual([{ level: 'warn', message: 'client denied', fields }]);
  });
});

test.each(['', 'arn:aws:execute-api:eu-west-1:1:api', 'arn:aws:execute-api:eu-west-1:1:api/v1'])(
  'no policy is made for %j, which is no method of an API',
  async (methodArn) => {
    const decision = authorize(await bearer({ client_id: 'x' }), undefined, methodArn);

    await expect(decision).rejects.toThrow('methodArn');
  },
);

describe('a pool of Cognito’s', () => {
  /** Nobody listens there, so that a token's own words alone can condemn it. */
  const jwksUri = 'http://127.0.0.1:1/jwks';
  const byWords = async (config: { readonly issuer: string }) => {
    const decide = support.createTestAuthorize({ jwksUri, ...config });
    const claims = support.goodClaims(config.issuer);
    return decide(`Bearer ${await sign(key, claims)}`).catch((error: unknown) => error);
  };

  test.each([
    ['https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a', true],
    ['https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_a', true],
    ['https://cognito-idp.eusc-de-east-1.amazonaws.eu/eusc-de-east-1_a', true],
    ['https://cognito-idp.us-iso-east-1.c2s.ic.gov/us-iso-east-1_a', true],
    ['https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a', true],
    ['https://cognito-idp.eu-west-1.amazonaws.com.example.com/a', false],
    ['https://example.com/?https://cognito-idp.eu-west-1.amazonaws.com/a', false],
    ['https://cognito-idp.eu-west-1.amazonaws.comx/a', false],
    ['https://my-issuer-cognito-idp.eu-west-1.amazonaws.com/a', false],
  ])('is known by its issuer, whose access tokens say that they are: %s, %j', async (url, is) => {
    await expect(byWords({ issuer: url })).resolves.toMatchObject(
      is ? { message: 'token_use' } : { name: 'KeysUnavailable' },
    );
  });

  test.each([
    ['clients', { cognitoClients: { acme: 'a', basic: 'b', narrow: 'n' } }],
    ['directory', { cognitoClientsSecretArn: 'arn:aws:secretsmanager:eu-west-1:1:secret:d' }],
  ])('of the stack’s own needs no audience: by its %s', async (_, own) => {
    const config = { issuer: issuer.url, audience: undefined, ...own };

    await expect(byWords(config)).resolves.toMatchObject({ message: 'token_use' });
  });
});

describe('a directory of clients in Secrets Manager', () => {
  const CLIENTS = '{"acme":"client-7","basic":"b","narrow":"n"}';
  const ARN = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:directory-AbCdEf';
  let store: Awaited<ReturnType<typeof startSecretsManager>>;
  let present: (client: string) => ReturnType<typeof authorize>;

  beforeEach(async () => {
    store = await startSecretsManager(CLIENTS);
    vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', store.url);
    vi.stubEnv('AWS_REGION', 'eu-west-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
    const decide = make(support.PARTNERS, { cognitoClientsSecretArn: ARN });
    present = async (client) => decide(await bearer({ client_id: client, token_use: 'access' }));
  });
  afterEach(() => store.close());

  test('is read once, whoever asks at the same time, and decides alone', async () => {
    const [first, second] = await Promise.all([present('client-7'), present('client-7')]);

    expect([first, second, await present('client-acme')]).toMatchObject([
      { context: { partner: 'acme' } },
      { context: { partner: 'acme' } },
      { principalId: 'unknown' },
    ]);
    expect(store.calls).toBe(1);
  });

  test.each(['{"acme": 7, "canary-7f3a": ', '[]', '{"acme":7}'])(
    'that holds %s is a wrong setting, told without its content, and read again',
    async (content) => {
      store.put(content);
      await expect(present('client-7')).rejects.toMatchObject({
        code: '500-902',
        reason: `${ARN} holds no client ids by name`,
      });

      store.put(CLIENTS);

      expect(await present('client-7')).toMatchObject({ principalId: 'acme' });
    },
  );
});

const { acme, basic } = support.PARTNERS;
const nameless = { ...acme, clientId: undefined };
const cognitoClients = { basic: 'x' };

test.each<[string, unknown, object, string]>([
  ['no audience', { acme }, { audience: undefined }, 'AUTH_AUDIENCE'],
  ['an unknown scope', { acme: { ...acme, scopes: ['all'] } }, {}, 'acme.scopes.0'],
  ['a partner without client id', { acme: nameless }, {}, 'acme has no client id'],
  ['an id twice', { acme, basic: { ...basic, clientId: acme.clientId } }, {}, 'share a client id'],
  ['a partner without Cognito client', { acme }, { cognitoClients }, 'acme has no client id'],
  ['a name that objects inherit', { constructor: nameless }, { cognitoClients }, 'no client id'],
])('nothing is decided with %s', (_, partners, config, reason) => {
  expect(() => make(partners, config)).toThrow(Fault);
  expect(() => make(partners, config)).toThrow(reason);
});
