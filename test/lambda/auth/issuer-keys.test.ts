import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { exportJWK, type JWK } from 'jose';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { KeysUnavailable } from '../../../lambda/auth/issuer-keys.ts';
import { TokenRefused } from '../../../lambda/auth/verify-token.ts';
import * as support from '../../support/authorizer.ts';
import { switching, twoLengths } from '../../support/fault-row.ts';
import * as issuers from '../../support/issuer.ts';
import type { Reply } from '../../support/scripted-upstream.ts';
import { selfSignedCertificate } from '../../support/self-signed.ts';
import { captureLog, type LoggedLine } from '../../support/telemetry.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let first: issuers.SigningKey;
let second: issuers.SigningKey;
let issuer: issuers.TestIssuer;
let log: LoggedLine[];
let authorize: ReturnType<typeof support.createTestAuthorize>;

beforeAll(async () => {
  [first, second] = await Promise.all([
    issuers.createSigningKey('first', 'ES256'),
    issuers.createSigningKey('second', 'ES256'),
  ]);
});
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  issuer = await issuers.startIssuer(first);
  log = captureLog();
  authorize = support.createTestAuthorize({ issuer: issuer.url });
});
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await issuer.stop();
});
const advance = (ms: number) => {
  vi.advanceTimersByTime(ms);
};

const tokenOf = async (key: issuers.SigningKey) =>
  `Bearer ${await issuers.sign(key, support.goodClaims(issuer.url))}`;
const present = async (key: issuers.SigningKey) => authorize(await tokenOf(key));
const down: issuers.Disturbance = (response) => {
  response.writeHead(503).end('down for maintenance');
};

const json =
  (body: unknown): issuers.Disturbance =>
  (response) => {
    response.end(JSON.stringify(body));
  };

describe('fetches of the key set', () => {
  test('one for many requests, at once and after each other', async () => {
    const token = await tokenOf(first);
    await Promise.all(Array.from({ length: 20 }, () => authorize(token)));
    await present(first);
    expect(issuer.fetches).toEqual({ configuration: 1, jwks: 1 });
  });

  test('anew after ten minutes, so that a withdrawn key loses its force', async () => {
    await present(first);
    issuer.keys = [second];
    advance(10 * MINUTE - 1);
    await present(first);
    advance(1);
    await expect(present(first)).rejects.toBeInstanceOf(TokenRefused);
    expect(issuer.fetches).toEqual({ configuration: 1, jwks: 2 });
  });

  test('one more for an unknown kid, once the last is 30 seconds old', async () => {
    await present(first);
    issuer.keys = [first, second];
    await expect(present(second)).rejects.toBeInstanceOf(TokenRefused);
    expect(issuer.fetches.jwks).toBe(1);

    advance(30_000);
    await expect(present(second)).resolves.toMatchObject({ principalId: 'acme' });
    expect(issuer.fetches.jwks).toBe(2);
  });
});

const written =
  ({ raw = '' }: Reply): issuers.Disturbance =>
  (response) => {
    response.socket?.write(raw);
  };

/** An OpenID configuration that is well but for this. */
const configured = (more: object) => () => ({
  configuration: json({ issuer: issuer.url, jwks_uri: issuer.jwksUri, ...more }),
});

describe('keys never had', () => {
  test.each<[string, () => issuers.TestIssuer['disturbance'], string | RegExp]>([
    ['the configuration fails', () => ({ configuration: down }), 'the issuer answers 503'],
    ['not JSON', () => ({ jwks: (response) => response.end('<secret>') }), 'is not JSON'],
    ['another protocol', () => ({ jwks: written(switching) }), 'is not HTTP: UPGRADE'],
    [
      'two lengths',
      () => ({ configuration: written(twoLengths) }),
      'is not HTTP: HPE_UNEXPECTED_CONTENT_LENGTH',
    ],
    ['not a key set', () => ({ jwks: json({ keys: 'none' }) }), 'the key set is malformed'],
    [
      'cut off',
      () => ({
        jwks: (response) => {
          response.writeHead(200, { 'content-length': '500' }).write('{"keys":', () => {
            response.destroy();
          });
        },
      }),
      'is cut off',
    ],
    ['too large', () => ({ jwks: json('x'.repeat(600_000)) }), 'is too large'],
    ['another issuer', configured({ issuer: 'https://other.test' }), /of another issuer$/],
    [
      'a slash more',
      () => configured({ issuer: `${issuer.url}/` })(),
      'differ by a slash at the end',
    ],
    ['a key set without TLS', configured({ jwks_uri: 'http://keys.test/' }), 'not an https URL'],
  ])('%s: no decision, and the next request tries again', async (_, disturb, reason) => {
    issuer.disturbance = disturb();
    const refused = present(first);
    await expect(refused).rejects.toBeInstanceOf(KeysUnavailable);
    await expect(refused).rejects.toThrow(reason);

    issuer.disturbance = {};
    await expect(present(first)).resolves.toMatchObject({ principalId: 'acme' });
  });

  test('are had though the head of an answer holds 60 KB', async () => {
    const keys = [{ ...(await exportJWK(first.publicKey)), kid: first.kid }];
    issuer.disturbance = {
      jwks(response) {
        response.setHeader('x', 'x'.repeat(60_000));
        json({ keys })(response);
      },
    };
    await expect(present(first)).resolves.toMatchObject({ principalId: 'acme' });
  });

  test('are asked for once more where the container was frozen meanwhile', async () => {
    const asked = Promise.withResolvers<void>();
    issuer.disturbance = { jwks: () => asked.resolve() };
    const pending = present(first);
    await asked.promise;
    issuer.disturbance = {};
    vi.setSystemTime(Date.now() + 60_000);
    advance(3000);

    await expect(pending).resolves.toMatchObject({ principalId: 'acme' });
    expect(issuer.fetches.jwks).toBe(2);
  });

  test('are remembered to have been away only until they are had', async () => {
    issuer.disturbance = { jwks: down };
    await expect(present(first)).rejects.toBeInstanceOf(KeysUnavailable);
    issuer.disturbance = {};
    await present(first);

    await expect(present(second)).rejects.toBeInstanceOf(TokenRefused);
  });

  test("the request's own deadline ends the wait, and leaves no timer behind", async () => {
    const asked = Promise.withResolvers<void>();
    issuer.disturbance = { configuration: () => asked.resolve() };
    const controller = new AbortController();
    const pending = authorize(await tokenOf(first), support.createTestDeadline(controller));
    await asked.promise;
    controller.abort();
    await expect(pending).rejects.toBeInstanceOf(KeysUnavailable);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a bad token is still refused', async () => {
    await issuer.stop();
    const expired = { ...support.goodClaims(issuer.url), exp: 1 };
    const token = await issuers.sign(first, expired);
    await expect(authorize(`Bearer ${token}`)).rejects.toBeInstanceOf(TokenRefused);
    await expect(present(first)).rejects.toBeInstanceOf(KeysUnavailable);
    issuer = await issuers.startIssuer();
  });

  test('an issuer whose own URL is without TLS is never asked', async () => {
    const url = 'http://issuer.test';
    authorize = support.createTestAuthorize({ issuer: url });
    const token = await issuers.sign(first, support.goodClaims(url));
    await expect(authorize(`Bearer ${token}`)).rejects.toThrow('not an https URL');
  });
});

describe('an issuer with TLS', () => {
  const certificate = selfSignedCertificate();
  const trusted = getCACertificates();
  let secure: Server;
  let url: string;
  let jwksUri: string;

  beforeEach(async () => {
    setDefaultCACertificates([...trusted, certificate.cert]);
    const keys = [{ ...(await exportJWK(first.publicKey)), kid: 'first' }];
    secure = createServer(certificate, (request, response) => {
      const isConfiguration = request.url?.includes('openid-configuration');
      response.end(JSON.stringify(isConfiguration ? { issuer: url, jwks_uri: jwksUri } : { keys }));
    }).listen(0, '127.0.0.1');
    await once(secure, 'listening');
    url = `https://localhost:${(secure.address() as AddressInfo).port}`;
    authorize = support.createTestAuthorize({ issuer: url });
  });
  afterEach(() => {
    secure.closeAllConnections();
    secure.close();
    setDefaultCACertificates(trusted);
  });

  test('names a key set with TLS, and no address of this machine without it', async () => {
    const token = `Bearer ${await issuers.sign(first, support.goodClaims(url))}`;
    ({ jwksUri } = issuer);
    await expect(authorize(token)).rejects.toThrow('not an https URL');
    expect(issuer.fetches.jwks).toBe(0);

    jwksUri = `${url}/jwks`;
    await expect(authorize(token)).resolves.toMatchObject({ principalId: 'acme' });
  });
});

describe('keys had once, and the issuer goes down', () => {
  beforeEach(async () => {
    await present(first);
    issuer.disturbance = { configuration: down, jwks: down };
  });

  test('tokens signed by the known keys go on for a day, and no longer', async () => {
    advance(24 * HOUR - 1);
    await expect(present(first)).resolves.toMatchObject({ principalId: 'acme' });

    advance(1);

    await expect(present(first)).rejects.toBeInstanceOf(KeysUnavailable);
  });

  test('the issuer is asked once in 30 seconds, and the log says why', async () => {
    advance(10 * MINUTE);
    await present(first);
    await present(first);
    expect(issuer.fetches.jwks).toBe(2);
    expect(log).toEqual([
      {
        level: 'warn',
        message: "the issuer's known keys go on",
        fields: { reason: 'the issuer answers 503' },
      },
    ]);
    advance(30_000);
    await present(first);
    expect(issuer.fetches.configuration).toBe(2);
  });

  test('a request whose time is up goes on with the known keys, not with the others’ wait', async () => {
    const asked = Promise.withResolvers<void>();
    issuer.disturbance = { jwks: () => asked.resolve() };
    advance(10 * MINUTE);
    const other = present(first);
    await asked.promise;
    const controller = new AbortController();
    const own = authorize(await tokenOf(first), support.createTestDeadline(controller));

    controller.abort();

    await expect(own).resolves.toMatchObject({ principalId: 'acme' });
    expect(log).toMatchObject([{ fields: { reason: 'no answer in time' } }]);
    advance(3000);
    await expect(other).resolves.toMatchObject({ principalId: 'acme' });
  });

  test('an unknown kid can be neither taken nor refused until it comes back', async () => {
    advance(MINUTE);
    await expect(present(second)).rejects.toBeInstanceOf(KeysUnavailable);
    await expect(present(second)).rejects.toBeInstanceOf(KeysUnavailable);
    expect(issuer.fetches).toEqual({ configuration: 1, jwks: 2 });

    issuer.disturbance = {};
    issuer.keys = [second];
    advance(30_000);
    await expect(present(second)).resolves.toMatchObject({ principalId: 'acme' });
  });
});

const named = (key: JWK, kid: unknown = 'first') => ({ ...key, kid });

/** Presents a token to an authorizer whose issuer has these keys. */
async function presentTo(keys: unknown[], header: object = {}, key = first) {
  issuer.disturbance = { jwks: json({ keys }) };
  return authorize(`Bearer ${await issuers.sign(key, support.goodClaims(issuer.url), header)}`);
}

describe('a key set', () => {
  let own: JWK;
  let other: JWK;

  beforeAll(async () => {
    const keys = [first, await issuers.createSigningKey('other', 'ES256')];
    [own, other] = (await Promise.all(keys.map(({ publicKey }) => exportJWK(publicKey)))) as [
      JWK,
      JWK,
    ];
  });

  test.each<[string, () => unknown[], object?]>([
    ['with one key twice under one kid', () => [named(own), named(own)]],
    ['with another key first under the same kid', () => [named(other), named(own)]],
    [
      'with keys that cannot be read under the same kid',
      () => [named({ ...own, x: '?' }), named(own), named({ ...own, y: 'AAAA' })],
    ],
    ['with entries that are no keys', () => [null, 'key', [], {}, 7, named(own)]],
    ['with keys of an unknown kind', () => [{ kty: 'PQC', kid: 'first' }, named(own)]],
    ['with its key for encryption too', () => [named({ ...own, use: 'enc' }), named(own)]],
    ['whose keys have no kid, though the token has', () => [other, own]],
    ['whose key has a kid that is no text', () => [named(own, 7)]],
    [
      'of which two may have signed a token without kid',
      () => [named(other, 'k2'), named(own, 'k3')],
      { kid: undefined },
    ],
  ])('%s lets a token in', async (_, keys, header) => {
    expect(await presentTo(keys(), header)).toMatchObject({ principalId: 'acme' });
  });

  test.each<[string, () => unknown[], object?]>([
    ['that has no key', () => []],
    ['whose keys under the kid are others', () => [named(other), named(other)]],
    ['whose key has another kid, beside one without', () => [named(own, 'k2'), other]],
    ['whose key has no kid, where the token’s is no text', () => [own], { kid: 7 }],
    ['whose key may not verify', () => [named({ ...own, key_ops: ['encrypt'] })]],
    [
      'whose key is the seventeenth that fits, as work has a bound',
      () => [...Array.from({ length: 16 }, () => named(other)), named(own)],
    ],
  ])('%s keeps it out', async (_, keys, header) => {
    await expect(presentTo(keys(), header)).rejects.toBeInstanceOf(TokenRefused);
  });

  test.each<[string, () => unknown[] | Promise<unknown[]>, 'RS256'?]>([
    [
      'whose one key that fits cannot be read',
      () => [named({ ...own, x: '?' }), named(other, 'k2')],
    ],
    ['that holds the private key', async () => [named(await exportJWK(first.privateKey))]],
    [
      'whose RSA key is shorter than RS256 allows',
      () => [
        named(
          generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' }),
        ),
      ],
      'RS256',
    ],
  ])('%s decides nothing', async (_, keys, alg) => {
    const key = alg ? await issuers.createSigningKey('first', alg) : first;

    const decision = presentTo(await keys(), {}, key);

    await expect(decision).rejects.toThrow('the key is not usable');
    await expect(decision).rejects.toBeInstanceOf(KeysUnavailable);
  });
});
