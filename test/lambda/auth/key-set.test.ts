import { generateKeyPairSync } from 'node:crypto';
import { exportJWK, type JWK } from 'jose';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { KeysUnavailable } from '../../../lambda/auth/issuer-keys.ts';
import { TokenRefused } from '../../../lambda/auth/verify-token.ts';
import * as support from '../../support/authorizer.ts';
import * as issuers from '../../support/issuer.ts';

let mine: issuers.SigningKey;
let other: issuers.SigningKey;
let rsa: issuers.SigningKey;
let jwk: JWK;
let otherJwk: JWK;
let rsaJwk: JWK;
let issuer: issuers.TestIssuer;
let present: (header?: object, key?: issuers.SigningKey) => Promise<{ principalId: string }>;

beforeAll(async () => {
  [mine, other, rsa] = await Promise.all([
    issuers.createSigningKey('k1', 'ES256'),
    issuers.createSigningKey('k1', 'ES256'),
    issuers.createSigningKey('k1', 'RS256'),
  ]);
  [jwk, otherJwk, rsaJwk] = (await Promise.all(
    [mine, other, rsa].map(({ publicKey }) => exportJWK(publicKey)),
  )) as [JWK, JWK, JWK];
});
beforeEach(async () => {
  issuer = await issuers.startIssuer();
  const authorize = support.createTestAuthorize({ issuer: issuer.url });
  present = async (header = {}, key = mine) => {
    const token = await issuers.sign(key, support.goodClaims(issuer.url), header);
    return authorize(`Bearer ${token}`);
  };
});
afterEach(() => issuer.stop());

function lists(...keys: unknown[]): void {
  issuer.disturbance = {
    jwks: (response) => {
      response.end(JSON.stringify({ keys }));
    },
  };
}
const named = (key: JWK, kid: unknown = 'k1') => ({ ...key, kid });

describe('a key set lets a token in', () => {
  test.each<[string, () => unknown[], object?]>([
    ['with one key twice under one kid', () => [named(jwk), named(jwk)]],
    ['with another key first under the same kid', () => [named(otherJwk), named(jwk)]],
    ['with another key last under the same kid', () => [named(jwk), named(otherJwk)]],
    ['with a key of another kind under the same kid', () => [named(rsaJwk), named(jwk)]],
    [
      'with a key that cannot be read under the same kid',
      () => [named({ ...jwk, x: '?' }), named(jwk), named({ ...jwk, y: 'AAAA' })],
    ],
    ['with entries that are no keys', () => [null, 'key', [], {}, 7, named(jwk)]],
    ['with keys of an unknown kind', () => [{ kty: 'PQC', kid: 'k1' }, named(jwk)]],
    ['with a key of a foreign curve', () => [named({ ...jwk, crv: 'P-999' }), named(jwk)]],
    [
      'with its key for encryption too',
      () => [named({ ...jwk, use: 'enc' }), named({ ...jwk, use: 'sig' })],
    ],
    ['with fields of its own', () => [{ ...named(jwk), x5t: 'abc', issuer: 'https://x.test' }]],
    ['whose key has no kid, though the token has', () => [jwk]],
    ['whose keys have none, though the token has', () => [otherJwk, jwk]],
    ['whose key has a kid that is no text', () => [named(jwk, 7)]],
    ['whose key has a kid, though the token has none', () => [named(jwk)], { kid: undefined }],
    [
      'two keys of which may have signed a token without kid',
      () => [named(otherJwk, 'k2'), named(jwk, 'k3')],
      { kid: undefined },
    ],
  ])('%s', async (_, keys, header) => {
    lists(...keys());
    expect(await present(header)).toMatchObject({ principalId: 'acme' });
  });
});

describe('a key set keeps a token out', () => {
  test.each<[string, () => unknown[], object?]>([
    ['that has no key', () => []],
    ['whose keys under the kid are others', () => [named(otherJwk), named(otherJwk)]],
    ['whose key has another kid', () => [named(jwk, 'k2')]],
    ['whose key has another kid, beside one without', () => [named(jwk, 'k2'), otherJwk]],
    ['whose key has no kid, where the token’s is no text', () => [jwk], { kid: 7 }],
    ['whose key is for encryption', () => [named({ ...jwk, use: 'enc' })]],
    ['whose key may not verify', () => [named({ ...jwk, key_ops: ['encrypt'] })]],
    ['whose key is for another algorithm', () => [named({ ...jwk, alg: 'ES512' })]],
    [
      'where another key under the kid cannot be read',
      () => [named({ ...jwk, x: '?' }), named(otherJwk)],
    ],
    [
      'no key of which has signed a token without kid',
      () => [named(otherJwk, 'k2'), named(otherJwk, 'k3')],
      { kid: undefined },
    ],
  ])('%s', async (_, keys, header) => {
    lists(...keys());
    await expect(present(header)).rejects.toBeInstanceOf(TokenRefused);
  });

  test('that was signed by the seventeenth key that fits, as work has a bound', async () => {
    lists(...Array.from({ length: 16 }, () => named(otherJwk)), named(jwk));
    await expect(present()).rejects.toBeInstanceOf(TokenRefused);
  });
});

describe('a key set can not decide', () => {
  test('where the only key that fits cannot be read', async () => {
    lists(named({ ...jwk, x: '?' }), named(otherJwk, 'k2'));
    await expect(present()).rejects.toBeInstanceOf(KeysUnavailable);
  });

  test('where it holds the private key', async () => {
    lists(named(await exportJWK(mine.privateKey)));
    await expect(present()).rejects.toBeInstanceOf(KeysUnavailable);
  });

  test('where its RSA key is shorter than RS256 allows', async () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 });
    lists(named(short.publicKey.export({ format: 'jwk' })));
    await expect(present({}, rsa)).rejects.toBeInstanceOf(KeysUnavailable);
  });
});
