import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalIssuer, startIssuer } from '../../sandbox/issuer.ts';

const SCOPES = ['accounts/read', 'accounts/read.address', 'accounts/read.configuration'];
const CLIENT_ID = 'acme:client+1';

let issuer: LocalIssuer;
let client: { client_id: string; client_secret: string };

beforeAll(async () => {
  issuer = await startIssuer('accounts');
  issuer.setClients([{ clientId: CLIENT_ID, scopes: ['accounts/read'] }]);
  const clientSecret = issuer.clients.get(CLIENT_ID)?.clientSecret ?? '';
  client = { client_id: CLIENT_ID, client_secret: clientSecret };
});

afterAll(() => issuer.close());

const GRANT = { grant_type: 'client_credentials' };

async function ask(form: Readonly<Record<string, string>> | string, headers = {}) {
  const body = new URLSearchParams(form);
  const answer = await fetch(issuer.tokenUrl, { method: 'POST', headers, body });
  return {
    status: answer.status,
    headers: answer.headers,
    body: (await answer.json()) as Readonly<Record<string, unknown>>,
  };
}

/** RFC 6749 §2.3.1: form-encoded, then joined, then base64. */
function basic({ client_id, client_secret } = client): Readonly<Record<string, string>> {
  const encoded = [client_id, client_secret].map((text) => encodeURIComponent(text)).join(':');
  return { Authorization: `Basic ${Buffer.from(encoded).toString('base64')}` };
}

describe('the metadata', () => {
  it.each(['openid-configuration', 'oauth-authorization-server'])(
    'at %s names the issuer as it was asked for, and its scopes, grant and client methods',
    async (name) => {
      const answer = await fetch(`${issuer.url}/.well-known/${name}`);

      expect(await answer.json()).toMatchObject({
        issuer: issuer.url,
        token_endpoint: issuer.tokenUrl,
        jwks_uri: issuer.jwksUri,
        scopes_supported: SCOPES,
        grant_types_supported: ['client_credentials'],
        token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
        response_types_supported: [],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
      });
    },
  );

  it('leads to nothing that is not there', async () => {
    const answer = await fetch(`${issuer.url}/.well-known/openid-configuration`);
    const metadata = (await answer.json()) as Readonly<Record<string, unknown>>;
    const addresses = Object.values(metadata).filter((value) => String(value).includes('://'));
    const statuses = await Promise.all(
      addresses
        .filter((address) => address !== issuer.url)
        .map(async (address) => (await fetch(String(address), { method: 'OPTIONS' })).status),
    );

    expect(new Set(addresses)).toEqual(new Set([issuer.url, issuer.jwksUri, issuer.tokenUrl]));
    expect(statuses).toEqual([204, 204]);
    expect((await fetch(`${issuer.url}/authorize`)).status).toBe(404);
    expect((await fetch(issuer.jwksUri, { method: 'POST' })).status).toBe(405);
  });

  it("leads to keys that verify a token, and hold no key's private part", async () => {
    const { body } = await ask({ ...GRANT, ...client });
    const keys = createRemoteJWKSet(new URL(issuer.jwksUri));
    const { payload } = await jwtVerify(String(body['access_token']), keys, {
      issuer: issuer.url,
      audience: 'accounts',
    });

    expect(payload).toMatchObject({ client_id: CLIENT_ID, sub: CLIENT_ID, scope: 'accounts/read' });
    expect(await (await fetch(issuer.jwksUri)).text()).not.toContain('"d":');
  });
});

describe('the token endpoint gives a token', () => {
  it.each([
    ['to a client in the body', () => ask({ ...GRANT, ...client })],
    ['to a client by Basic', () => ask(GRANT, basic())],
    [
      'to one by Basic that names itself too',
      () => ask({ ...GRANT, client_id: CLIENT_ID }, basic()),
    ],
    ['to one that leaves its scope empty', () => ask({ ...GRANT, ...client, scope: '' })],
  ])('%s', async (_what, call) => {
    const { status, headers, body } = await call();

    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'accounts/read',
    });
  });

  it('with the scopes that were asked for', async () => {
    const scope = 'accounts/read.address  accounts/read accounts/read';
    const { body } = await ask({ ...GRANT, ...client, scope });

    expect(body['scope']).toBe('accounts/read.address accounts/read');
  });
});

const form = () => ({ ...GRANT, ...client });
const wrong = () => ({ client_id: CLIENT_ID, client_secret: 'wrong' });

describe('the token endpoint refuses', () => {
  it.each([
    ['an unknown scope', 400, 'invalid_scope', () => ask({ ...form(), scope: 'openid' })],
    [
      'an unknown scope beside known ones',
      400,
      'invalid_scope',
      () => ask({ ...form(), scope: 'accounts/read accounts/write' }),
    ],
    [
      'a scope in other letters',
      400,
      'invalid_scope',
      () => ask({ ...form(), scope: 'Accounts/Read' }),
    ],
    ['a wrong secret', 401, 'invalid_client', () => ask({ ...GRANT, ...wrong() })],
    ['a wrong secret by Basic', 401, 'invalid_client', () => ask(GRANT, basic(wrong()))],
    [
      'an unknown client',
      401,
      'invalid_client',
      () => ask({ ...GRANT, client_id: 'stranger', client_secret: '' }),
    ],
    ['no client', 401, 'invalid_client', () => ask(GRANT)],
    ['another scheme', 401, 'invalid_client', () => ask(GRANT, { Authorization: 'Bearer x' })],
    [
      'one client by Basic and another in the body',
      401,
      'invalid_client',
      () => ask({ ...GRANT, client_id: 'other' }, basic()),
    ],
    ['a client by both ways', 400, 'invalid_request', () => ask(form(), basic())],
    [
      'another grant',
      400,
      'unsupported_grant_type',
      () => ask({ ...client, grant_type: 'authorization_code' }),
    ],
    ['no grant', 400, 'invalid_request', () => ask(client)],
    [
      'a parameter that comes twice',
      400,
      'invalid_request',
      () => ask(`${String(new URLSearchParams(form()))}&grant_type=client_credentials`),
    ],
    [
      'a body of another type',
      400,
      'invalid_request',
      () => ask(form(), { 'Content-Type': 'application/json' }),
    ],
  ])('%s', async (_what, status, error, call) => {
    const answer = await call();

    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({ error });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.has('www-authenticate')).toBe(status === 401);
  });

  it.each(['GET', 'PUT', 'DELETE'])('the method %s', async (method) => {
    const answer = await fetch(issuer.tokenUrl, { method });

    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
  });
});
