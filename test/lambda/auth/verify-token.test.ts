import { createSign, KeyObject } from 'node:crypto';
import * as fc from 'fast-check';
import { base64url, exportSPKI, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { TokenRefused } from '../../../lambda/auth/verify-token.ts';
import { AUDIENCE, createTestAuthorize, goodClaims } from '../../support/authorizer.ts';
import type { TestIssuer } from '../../support/issuer.ts';
import { createSigningKey, type SigningKey, sign, startIssuer } from '../../support/issuer.ts';

const NOW = Date.UTC(2026, 1, 3);
const seconds = NOW / 1000;
let rsa: SigningKey;
let elliptic: SigningKey;
let issuer: TestIssuer;
let claims: JWTPayload;
let authorize: ReturnType<typeof createTestAuthorize>;

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW });
  [rsa, elliptic] = await Promise.all([createSigningKey('rsa'), createSigningKey('ec', 'ES256')]);
  issuer = await startIssuer(rsa, elliptic);
  claims = goodClaims(issuer.url);
  authorize = createTestAuthorize({ issuer: issuer.url });
});
afterAll(async () => {
  vi.useRealTimers();
  await issuer.stop();
});

const effectOf = async (token: string) => {
  const { policyDocument } = await authorize(token);
  return policyDocument.Statement[0]?.Effect;
};
const without = (claim: string) => ({ ...claims, [claim]: undefined });
/** Signs what jose would not: any header, any claims. */
const signRaw = (header: unknown, body: unknown, hash = 'sha256') => {
  const signed = `${encode(header)}.${encode(body)}`;
  const signature = createSign(hash).update(signed).sign(KeyObject.from(rsa.privateKey));
  return `${signed}.${signature.toString('base64url')}`;
};
const encode = (value: unknown) => base64url.encode(JSON.stringify(value));

const changed = (change: JWTPayload) => () => sign(rsa, { ...claims, ...change });
const raw = (more: object) => () => signRaw({ alg: 'RS256', kid: 'rsa', ...more }, claims);
const typed = (typ: unknown) => raw({ typ });
const publicKeyAsSecret = async () =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', kid: 'rsa' })
    .sign(new TextEncoder().encode(await exportSPKI(rsa.publicKey)));
const tamperedWith = async () => {
  const [header, , signature] = (await sign(rsa, claims)).split('.');
  return `${header}.${encode({ ...claims, client_id: 'client-basic' })}.${signature}`;
};

describe('a good token is let in', () => {
  test.each<[string, () => Promise<string>]>([
    ['signed by RS256', () => sign(rsa, claims)],
    ['signed by ES256', () => sign(elliptic, claims)],
    ['with one of several audiences', () => sign(rsa, { ...claims, aud: ['x', AUDIENCE] })],
    ['without kid, where one key fits', () => sign(rsa, claims, { kid: undefined })],
    ['of type Application/AT+jwt', () => sign(rsa, claims, { typ: 'Application/AT+jwt' })],
    ['of type JWT', () => sign(rsa, claims, { typ: 'JWT' })],
    ['one second before it expires', () => sign(rsa, { ...claims, exp: seconds + 1 })],
    ['valid in 5 seconds, by a clock ahead', () => sign(rsa, { ...claims, nbf: seconds + 5 })],
  ])('%s', async (_, make) => {
    expect(await effectOf(`bearer  ${await make()}`)).toBe('Allow');
  });
});

describe('a bad token is refused, and the log learns by which check', () => {
  const SIGNATURE = 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED';
  const NO_KEY = 'ERR_JWKS_NO_MATCHING_KEY';

  test.each<[string, () => string | Promise<string>, string]>([
    ['unsigned', () => `${encode({ alg: 'none' })}.${encode(claims)}.`, 'not a bearer token'],
    ['HS256 with the public key as the secret', publicKeyAsSecret, 'alg'],
    ['alg of another kind than the key', () => sign({ ...elliptic, kid: 'rsa' }, claims), NO_KEY],
    ['RS512, well signed', () => signRaw({ alg: 'RS512', kid: 'rsa' }, claims, 'sha512'), 'alg'],
    ['a stranger’s key', async () => sign(await createSigningKey('rsa'), claims), SIGNATURE],
    ['claims tampered with', tamperedWith, SIGNATURE],
    ['signature cut short', async () => (await sign(rsa, claims)).slice(0, -8), SIGNATURE],
    ['alg that is no text', raw({ alg: ['RS256'] }), 'alg'],
    ['header that is no object', () => signRaw(7, claims), 'header'],
    ['claims in a list', () => signRaw({ alg: 'RS256', kid: 'rsa' }, [claims]), 'ERR_JWT_INVALID'],
    ['of an ID token type', typed('id_token+jwt'), 'typ'],
    ['of a type behind another', typed('x-at+jwt'), 'typ'],
    ['of a type with a line break', typed('at+jwt\n'), 'typ'],
    ['of a type that is no text', typed(['JWT']), 'typ'],
    ['a critical extension', raw({ crit: ['x'], x: 1 }), 'ERR_JOSE_NOT_SUPPORTED'],
    ['an unencoded payload', raw({ crit: ['b64'], b64: false }), 'ERR_JWT_INVALID'],
    ['a kid that is no text', raw({ kid: 7 }), NO_KEY],
    ['of another issuer', changed({ iss: 'https://other.test' }), 'iss'],
    ['of the issuer with a slash', () => sign(rsa, { ...claims, iss: `${issuer.url}/` }), 'iss'],
    ['for another audience', changed({ aud: 'https://other.test' }), 'aud'],
    ['without audience', () => sign(rsa, without('aud')), 'aud'],
    ['expired this second', changed({ exp: seconds }), 'exp'],
    ['without exp', () => sign(rsa, without('exp')), 'exp'],
    ['exp as text', changed({ exp: String(seconds + 60) as unknown as number }), 'exp'],
    ['valid in 6 seconds', changed({ nbf: seconds + 6 }), 'nbf'],
  ])('%s', async (_, make, check) => {
    const refused = authorize(`Bearer ${await make()}`);

    await expect(refused).rejects.toBeInstanceOf(TokenRefused);
    await expect(refused).rejects.toThrow(new RegExp(`^${check}$`));
  });

  test.each<[string, (token: string) => string]>([
    ['no scheme', (token) => token],
    ['a comma list', (token) => `Bearer ${token}, Bearer ${token}`],
    ['two parts', (token) => `Bearer ${token.split('.').slice(0, 2).join('.')}`],
    ['padding', (token) => `Bearer ${token}=`],
  ])('header with %s', async (_, header) => {
    const token = await sign(rsa, claims);
    await expect(authorize(header(token))).rejects.toBeInstanceOf(TokenRefused);
  });

  test('any text whatever', async () => {
    const part = fc.oneof(
      fc.base64String(),
      fc.json().map((text) => base64url.encode(text)),
      fc
        .record({ alg: fc.constantFrom('RS256', 'ES256', 'none', 7), kid: fc.jsonValue() })
        .map(encode),
    );
    const token = fc.array(part, { minLength: 1, maxLength: 4 }).map((all) => all.join('.'));
    const header = fc.oneof(
      fc.string({ unit: 'binary' }),
      token.map((text) => `Bearer ${text}`),
    );
    await fc.assert(
      fc.asyncProperty(header, async (text) => {
        await expect(authorize(text)).rejects.toBeInstanceOf(TokenRefused);
      }),
      { numRuns: 500 },
    );
  });

  test('any change of one character', async () => {
    const token = await sign(elliptic, claims);
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 3), fc.base64String(), async (at, other) => {
        const changedTo = (other[0] ?? 'A').replace(/[+/=]/, '_');
        fc.pre(token[at] !== changedTo && token[at] !== '.');
        const forged = `${token.slice(0, at)}${changedTo}${token.slice(at + 1)}`;
        await expect(authorize(`Bearer ${forged}`)).rejects.toBeInstanceOf(TokenRefused);
      }),
      { numRuns: 300 },
    );
  });
});

describe('an access token of Cognito', () => {
  const clients = { acme: 'client-acme', basic: 'b', narrow: 'n' };
  const present = async (change: object, audience?: string) => {
    const decide = createTestAuthorize({ issuer: issuer.url, audience, cognitoClients: clients });
    return decide(
      `Bearer ${await sign(rsa, { ...without('aud'), token_use: 'access', ...change })}`,
    );
  };

  test('needs no audience, but one that is there must be right', async () => {
    const acme = { principalId: 'acme' };
    await expect(present({})).resolves.toMatchObject(acme);
    await expect(present({}, AUDIENCE)).resolves.toMatchObject(acme);
    await expect(present({ aud: 'https://other.test' }, AUDIENCE)).rejects.toThrow('aud');
  });

  test.each(['id', undefined])('does not say that its use is %s', async (use) => {
    await expect(present({ token_use: use })).rejects.toThrow('token_use');
  });
});

test.each([
  [8192, 'header'],
  [8193, 'too long'],
])('an Authorization header of %i characters is refused by its %s', async (length, reason) => {
  const words = 'Bearer .b.c';
  const text = words.replace(' .', ` ${'a'.repeat(length - words.length)}.`);

  expect(text).toHaveLength(length);
  await expect(authorize(text)).rejects.toThrow(reason);
});
