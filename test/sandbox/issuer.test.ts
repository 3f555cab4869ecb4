import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalIssuer, startIssuer } from '../../sandbox/issuer.ts';

const SCOPES = ['accounts/read', 'accounts/read.address', 'accounts/read.configuration'];
const ID = 'acme:client+1';
const FORM = 'application/x-www-form-urlencoded';
const GRANT = 'grant_type=client_credentials';
const WRONG = `client_id=${encodeURIComponent(ID)}&client_secret=wrong`;

let issuer: LocalIssuer;
/** The client's id and secret as a form has them. */
let client: string;

beforeAll(async () => {
  issuer = await startIssuer('accounts');
  const client_secret = issuer.addClient(ID, SCOPES.slice(0, 2));
  client = new URLSearchParams({ client_id: ID, client_secret }).toString();
});
afterAll(() => issuer.close());

/** RFC 6749 §2.3.1: form-encoded, then joined, then base64. */
const basicOf = (...parts: string[]) =>
  `Basic ${Buffer.from(parts.map(encodeURIComponent).join(':')).toString('base64')}`;

/** Asks for a token. `<client>` and `<basic>` stand for the client's credentials in either form. */
async function ask(form: string, authorization: string, type = FORM) {
  const { client_id = '', client_secret = '' } = Object.fromEntries(new URLSearchParams(client));
  const known: Record<string, string> = {
    '<basic>': basicOf(client_id, client_secret),
    '<wrong>': basicOf(client_id, 'wrong'),
  };
  const answer = await fetch(issuer.tokenUrl, {
    method: 'POST',
    body: form.replace('<client>', client),
    headers: {
      'Content-Type': type,
      ...(authorization !== '' && { Authorization: known[authorization] ?? authorization }),
    },
  });
  const body = (await answer.json()) as Readonly<Record<string, unknown>>;
  return { status: answer.status, headers: answer.headers, body };
}

describe('the metadata', () => {
  it.each(['openid-configuration', 'oauth-authorization-server'])(
    'at %s names the issuer, its scopes, grant and client methods, and nothing else',
    async (name) => {
      const answer = await fetch(`${issuer.url}/.well-known/${name}`);

      expect(await answer.json()).toEqual({
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

  it.each([
    ['OPTIONS', '/token', 204],
    ['GET', '/authorize', 404],
    ['POST', '/jwks', 405],
    ['GET', '/token', 405],
  ])('leaves nothing out: %s %s is %i', async (method, path, status) => {
    expect((await fetch(issuer.url + path, { method })).status).toBe(status);
  });

  it('says of a request for a token that is no POST what it has to be', async () => {
    const answer = await fetch(`${issuer.url}/token`);

    expect(await answer.json()).toEqual({
      error: 'invalid_request',
      error_description: 'Ask for a token by POST.',
    });
  });

  it('leads to public keys that verify a token', async () => {
    const { body } = await ask(`${GRANT}&<client>`, '');
    const keys = createRemoteJWKSet(new URL(issuer.jwksUri));
    const expected = { issuer: issuer.url, audience: 'accounts' };
    const { payload } = await jwtVerify(String(body['access_token']), keys, expected);

    const scope = 'accounts/read accounts/read.address';
    expect(payload).toMatchObject({ client_id: ID, sub: ID, scope });
    expect(await (await fetch(issuer.jwksUri)).text()).not.toContain('"d":');
  });
});

describe('the token endpoint', () => {
  it.each([
    ['a client in the body', `${GRANT}&<client>`, '', 'accounts/read accounts/read.address'],
    ['a client by Basic', `${GRANT}&scope=accounts/read`, '<basic>', 'accounts/read'],
    [
      'several scopes',
      `${GRANT}&<client>&scope=accounts/read.address++accounts/read+accounts/read`,
      '',
      'accounts/read.address accounts/read',
    ],
  ])('gives a token to %s', async (_what, form, authorization, scope) => {
    const { status, headers, body } = await ask(form, authorization);

    const rest = { token_type: 'Bearer', expires_in: 3600, scope };
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(body).toEqual({ access_token: expect.any(String), ...rest });
  });

  it.each<[string, string, string, string, RegExp]>([
    [
      'an unknown scope beside a known one',
      'invalid_scope',
      `${GRANT}&<client>&scope=accounts/read+accounts/write`,
      '',
      /entered for: accounts\/read accounts\/read\.address\./,
    ],
    [
      'a scope that the client is not entered for',
      'invalid_scope',
      `${GRANT}&<client>&scope=accounts/read.configuration`,
      '',
      /entered for: accounts\/read /,
    ],
    ['a wrong secret', 'invalid_client', `${GRANT}&${WRONG}`, '', /secret is wrong/],
    ['an unknown client', 'invalid_client', `${GRANT}&client_id=x`, '', /no such client/],
    ['no client', 'invalid_client', GRANT, '', /client_id is missing/],
    ['another scheme', 'invalid_client', GRANT, 'Bearer x', /client_id is missing/],
    [
      'two clients',
      'invalid_client',
      `${GRANT}&client_id=other`,
      '<basic>',
      /not the one of Basic/,
    ],
    ['a client in both ways', 'invalid_request', `${GRANT}&<client>`, '<basic>', /at once/],
    [
      'another grant',
      'unsupported_grant_type',
      '<client>&grant_type=authorization_code',
      '',
      /client_credentials/,
    ],
    ['no grant', 'invalid_request', '<client>', '', /grant_type is missing/],
    ['a repeated parameter', 'invalid_request', `${GRANT}&${GRANT}&<client>`, '', /repeated/],
  ])('refuses %s with %s, and says why', async (_what, error, form, authorization, why) => {
    const { status, headers, body } = await ask(form, authorization);

    const unknown = error === 'invalid_client';
    const error_description = expect.stringMatching(why) as string;
    expect([status, body]).toEqual([unknown ? 401 : 400, { error, error_description }]);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.has('www-authenticate')).toBe(unknown);
  });

  it('refuses a body of another type', async () => {
    const { status, body } = await ask(`${GRANT}&<client>`, '', 'application/json');

    expect(status).toBe(400);
    expect(body).toMatchObject({
      error: 'invalid_request',
      error_description: expect.stringContaining('no form') as string,
    });
  });
});
