import type { JWTPayload } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestAuthorize } from '../../support/authorizer.ts';
import type { TestIssuer } from '../../support/issuer.ts';
import { createSigningKey, type SigningKey, sign, startIssuer } from '../../support/issuer.ts';
import { captureOutput } from '../../support/output.ts';

const now = Math.floor(Date.now() / 1000);
const CLIENT = '4e3c9bb0-9b0f-4a3c-8a53-0d4f6f2c1a77';
const API = 'https://accounts.test';
const READ = 'accounts/read';
const ADDRESS = 'accounts/read.address';
const BOTH = `${READ} ${ADDRESS}`;
const NO_AUDIENCE = { aud: undefined as unknown as string };
/** The id of an application's object, which names no client. */
const OBJECT = '0b3d1c5e-0000-4000-8000-000000000000';

let key: SigningKey;
let issuer: TestIssuer;

beforeAll(async () => {
  key = await createSigningKey('k1');
  issuer = await startIssuer(key);
});
beforeEach(captureOutput);
afterAll(() => issuer.stop());

const PARTNERS = {
  acme: { clientId: CLIENT, scopes: [READ, ADDRESS], usageKey: 'a-key-of-twenty-letters' },
};

interface Decision {
  readonly effect: string | undefined;
  readonly scopes: unknown;
}

async function decide(claims: JWTPayload, header = {}, config = {}): Promise<Decision> {
  const authorize = createTestAuthorize({ issuer: issuer.url, audience: API, ...config }, PARTNERS);
  const usual = { iss: issuer.url, aud: API, iat: now, exp: now + 3600 };
  const { policyDocument, context } = await authorize(
    `Bearer ${await sign(key, { ...usual, ...claims }, header)}`,
  );
  return { effect: policyDocument.Statement[0]?.Effect, scopes: context?.['scopes'] };
}

/**
 * What each family issues by client credentials. Sources: Cognito access token docs; Entra
 * access-token claims reference (v2: azp and roles; v1: appid, iss sts.windows.net); Okta
 * developer.okta.com/standards/OIDC (cid, scp list); Auth0 access token profiles (azp, or client_id
 * by RFC 9068); Keycloak service accounts (azp, client_id; aud "account" until a mapper adds one);
 * PingOne token claims (client_id, aud list); Duende options (client_id, scope a list, at+jwt).
 */
const FAMILIES: readonly [string, JWTPayload, object?, object?][] = [
  [
    'Amazon Cognito',
    { ...NO_AUDIENCE, sub: CLIENT, token_use: 'access', scope: BOTH, client_id: CLIENT },
    {},
    { audience: undefined, cognitoClients: { acme: CLIENT } },
  ],
  [
    'Microsoft Entra, v2.0',
    { azp: CLIENT, oid: OBJECT, sub: OBJECT, roles: [READ, ADDRESS], ver: '2.0' },
    { typ: 'JWT' },
  ],
  [
    'Microsoft Entra, v1.0',
    { appid: CLIENT, oid: OBJECT, sub: OBJECT, roles: [READ, ADDRESS], ver: '1.0' },
    { typ: 'JWT', x5t: 'k1' },
  ],
  ['Okta', { ver: 1, jti: 'AT.x', cid: CLIENT, scp: [READ, ADDRESS], sub: CLIENT }],
  [
    'Auth0',
    { sub: `${CLIENT}@clients`, azp: CLIENT, scope: BOTH, gty: 'client-credentials' },
    { typ: 'JWT' },
  ],
  [
    'Keycloak',
    {
      aud: [API, 'account'],
      sub: '5f0c2c4e-0000-4000-8000-000000000000',
      typ: 'Bearer',
      azp: CLIENT,
      client_id: CLIENT,
      realm_access: { roles: ['offline_access'] },
      scope: `email ${READ} profile ${ADDRESS}`,
    },
    { typ: 'JWT' },
  ],
  ['PingOne', { client_id: CLIENT, aud: [API], scope: BOTH, env: 'e', org: 'o' }],
  [
    'Duende IdentityServer',
    { client_id: CLIENT, nbf: now, jti: 'x', scope: [READ, ADDRESS] },
    { typ: 'at+jwt' },
  ],
];

describe('a token by client credentials', () => {
  test.each(FAMILIES)('of %s names its partner and scopes', async (_, claims, header, config) => {
    expect(await decide(claims, header, config)).toEqual({
      effect: 'Allow',
      scopes: BOTH,
    });
  });
});

const SCOPED = { scope: READ };

describe('the client that a token was issued to', () => {
  test.each<[string, JWTPayload, string]>([
    ['client_id before all others', { client_id: CLIENT, azp: 'x', appid: 'x', cid: 'x' }, 'Allow'],
    ['client_id, though azp is the partner', { client_id: 'x', azp: CLIENT }, 'Deny'],
    ['azp before appid', { azp: 'x', appid: CLIENT }, 'Deny'],
    ['sub, where there is none of them', { sub: CLIENT }, 'Allow'],
    ['a client_id that is empty', { client_id: '', azp: CLIENT, sub: CLIENT }, 'Deny'],
    ['an azp that is an object', { azp: { id: CLIENT }, sub: CLIENT }, 'Deny'],
    ['a client_id in other letters', { client_id: CLIENT.toUpperCase() }, 'Deny'],
    ['no claim at all', {}, 'Deny'],
  ])('is named by %s', async (_, claims, effect) => {
    expect(await decide({ ...SCOPED, ...claims })).toMatchObject({ effect });
  });

  const CLAIM = 'https://acme.test/client';
  test.each<[string, string, JWTPayload, string]>([
    ['that claim', CLAIM, { [CLAIM]: CLIENT, client_id: 'x', sub: 'x' }, 'Allow'],
    ['no other', CLAIM, { client_id: CLIENT, azp: CLIENT, sub: CLIENT }, 'Deny'],
    ['nothing where it is null', CLAIM, { [CLAIM]: null, sub: CLIENT }, 'Deny'],
    ['nothing that objects inherit', 'constructor', { sub: CLIENT }, 'Deny'],
    ['the subject, if it is that', 'sub', { client_id: 'x', sub: CLIENT }, 'Allow'],
  ])('is named by %s where one is configured', async (_, clientClaim, claims, effect) => {
    expect(await decide({ ...SCOPED, ...claims }, {}, { clientClaim })).toMatchObject({ effect });
  });
});

describe('the scopes that a token grants', () => {
  test.each<[string, JWTPayload, string | undefined]>([
    ['scope as a text', { scope: READ }, READ],
    ['scope as a list', { scope: [READ, 7, null, ADDRESS] }, BOTH],
    ['roles as a list', { roles: [READ] }, READ],
    ['scope before scp and roles', { scope: READ, scp: ADDRESS, roles: [ADDRESS] }, READ],
    ['scp before roles', { scp: READ, roles: [READ, ADDRESS] }, READ],
    ['an empty scope before roles', { scope: '', roles: [READ] }, undefined],
    ['a scope of null before roles', { scope: null, roles: [READ] }, undefined],
    ['roles as a text', { roles: READ }, undefined],
    ['a list with a text of several', { scope: [BOTH] }, undefined],
  ])('are those of %s', async (_, claims, scopes) => {
    expect((await decide({ client_id: CLIENT, ...claims })).scopes).toBe(scopes);
  });
});

test.each<[string, JWTPayload, object?]>([
  ['Cognito', { token_use: 'id', sub: CLIENT, scope: READ }],
  ['Okta', { sub: CLIENT, scp: [READ], at_hash: 'x' }],
  ['Auth0', { sub: CLIENT, ...SCOPED, nonce: 'x' }, { typ: 'JWT' }],
  ['Keycloak', { typ: 'ID', azp: CLIENT, ...SCOPED }, { typ: 'JWT' }],
  ['Ping', { sub: CLIENT, ...SCOPED, 'pi.sri': 'x', c_hash: 'x' }],
  ['Duende', { sub: CLIENT, ...SCOPED, s_hash: 'x' }],
])(
  'an ID token of %s opens nothing, even with audience and scopes right',
  async (_, claims, header) => {
    await expect(decide(claims, header)).rejects.toThrow('ID token');
  },
);
