import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { OAuth2Issuer } from 'oauth2-mock-server';
import { SCOPES } from '../lambda/accounts/fields.ts';
import { clientOf, listen, readBody, sendJson } from './local-server.ts';

/** A client that may ask for tokens. */
interface IssuerClient {
  readonly secret: string;
  /** The scopes that the client is entered for; it gets them all when it asks for none. */
  readonly scopes: readonly string[];
}

/** An OAuth issuer on loopback. */
export interface LocalIssuer {
  readonly url: string;
  readonly tokenUrl: string;
  readonly jwksUri: string;
  /** Adds a client, and returns its secret. */
  addClient(id: string, scopes: IssuerClient['scopes']): string;
  /** Signs a token with these claims over the usual ones; `expiresIn` in seconds. */
  sign(
    claims: Readonly<Record<string, unknown>>,
    options?: { readonly expiresIn?: number; readonly kid?: string },
  ): Promise<string>;
  /** Adds a signing key; tokens are signed with the keys in turn, or with the one that is named. */
  addKey(alg: 'RS256' | 'ES256'): Promise<string>;
  readonly close: () => Promise<void>;
}

const TOKEN_SECONDS = 3600;
const FORM_TYPE = 'application/x-www-form-urlencoded';
const FORM = new RegExp(`^${FORM_TYPE}\\s*(?:;|$)`, 'i');

/** RFC 6749 §5.1: no cache may keep a token or an error. */
const NO_STORE = { 'Cache-Control': 'no-store', Pragma: 'no-cache' };

/** Swagger UI asks from the gateway's port, and its authorize dialog sends X-Requested-With. */
const PREFLIGHT = {
  'Access-Control-Allow-Methods': 'GET, POST',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type, X-Requested-With',
};

/**
 * Starts the issuer: its metadata, its key set, and the client-credentials grant. As at Cognito, a
 * client gets the scopes that it is entered for, and no others.
 */
export async function startIssuer(audience: string): Promise<LocalIssuer> {
  const issuer = new OAuth2Issuer();
  const clients = new Map<string, IssuerClient>();
  await issuer.keys.generate('RS256');
  const keys = () => issuer.keys.toJSON();

  const local = await listen(async (request, response) => {
    response.setHeader('Access-Control-Allow-Origin', '*');
    if (request.method === 'OPTIONS') return void response.writeHead(204, PREFLIGHT).end();
    const path = (request.url ?? '/').replace(/\?.*$/s, '');
    if (path === '/token') return answerToken(request, response);
    const document = documents[path]?.();
    if (document === undefined) return sendJson(response, 404, { error: 'not_found' });
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return sendJson(response, 405, { error: 'invalid_request' }, { Allow: 'GET, HEAD' });
    }
    sendJson(response, 200, document);
  });
  issuer.url = local.url;
  const tokenUrl = `${local.url}/token`;
  const jwksUri = `${local.url}/jwks`;

  /** RFC 8414 and OpenID Connect Discovery: one document under both names. */
  const metadata = () => ({
    issuer: local.url,
    token_endpoint: tokenUrl,
    jwks_uri: jwksUri,
    scopes_supported: SCOPES,
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    // Required, and empty: there is no authorization endpoint.
    response_types_supported: [],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(keys().map(({ alg }) => alg))],
  });
  const documents: Readonly<Record<string, () => object>> = {
    '/.well-known/openid-configuration': metadata,
    '/.well-known/oauth-authorization-server': metadata,
    '/jwks': () => ({ keys: keys() }),
  };

  const sign: LocalIssuer['sign'] = (claims, { expiresIn = TOKEN_SECONDS, kid } = {}) =>
    issuer.buildToken({
      expiresIn,
      kid,
      scopesOrTransform: (_header, payload) => {
        Object.assign(payload, { aud: audience, jti: randomUUID() }, claims);
      },
    });

  async function answerToken(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') {
      const answer = refusal('invalid_request', 'Ask for a token by POST.');
      return sendJson(response, 405, answer, { ...NO_STORE, Allow: 'POST' });
    }
    const body = await readBody(request, 10_000);
    const isForm = body !== undefined && FORM.test(request.headers['content-type'] ?? '');
    const grant = isForm
      ? judge(request, String(body), clients)
      : refusal('invalid_request', `The body is no form: send it as ${FORM_TYPE}.`);
    if ('error' in grant) return refuse(response, grant);
    const { clientId, scope } = grant;
    const token = await sign({ sub: clientId, client_id: clientId, scope });
    const answer = { access_token: token, token_type: 'Bearer', expires_in: TOKEN_SECONDS, scope };
    sendJson(response, 200, answer, NO_STORE);
  }

  return {
    url: local.url,
    tokenUrl,
    jwksUri,
    addClient(id, scopes) {
      const secret = `${id}-${randomBytes(18).toString('base64url')}`;
      clients.set(id, { secret, scopes });
      return secret;
    },
    sign,
    addKey: async (alg) => (await issuer.keys.generate(alg)).kid,
    close: local.close,
  };
}

interface Refusal {
  readonly error: 'invalid_client' | 'invalid_request' | 'invalid_scope' | 'unsupported_grant_type';
  /** For the developer who reads the answer. */
  readonly error_description: string;
}

const refusal = (error: Refusal['error'], error_description: string): Refusal => ({
  error,
  error_description,
});

/**
 * Judges a token request; the client comes by Basic or in the body.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.4
 */
function judge(
  request: IncomingMessage,
  body: string,
  clients: ReadonlyMap<string, IssuerClient>,
): { readonly clientId: string; readonly scope: string } | Refusal {
  const form = new URLSearchParams(body);
  const names = [...form.keys()];
  if (new Set(names).size < names.length) {
    return refusal('invalid_request', 'A parameter is repeated.');
  }
  // §2.3: a client must not authenticate in two ways at once.
  const basic = request.headers.authorization !== undefined;
  if (basic && form.has('client_secret')) {
    return refusal('invalid_request', 'The client authenticates by Basic and in the body at once.');
  }
  const { id, secret } = clientOf(request, form);
  if (id === '') return refusal('invalid_client', 'The client_id is missing.');
  const client = clients.get(id);
  if (client === undefined) return refusal('invalid_client', 'There is no such client.');
  if (client.secret !== secret) return refusal('invalid_client', 'The client secret is wrong.');
  if (basic && (form.get('client_id') ?? id) !== id) {
    return refusal('invalid_client', 'The client_id in the body is not the one of Basic.');
  }
  const grantType = form.get('grant_type');
  if (grantType === null) return refusal('invalid_request', 'grant_type is missing.');
  if (grantType !== 'client_credentials') {
    return refusal('unsupported_grant_type', 'grant_type must be client_credentials.');
  }
  const asked = (form.get('scope') ?? '').split(' ').filter(Boolean);
  if (!asked.every((scope) => client.scopes.includes(scope))) {
    const { scopes } = client;
    return refusal('invalid_scope', `This client is entered for: ${scopes.join(' ')}.`);
  }
  const granted = asked.length === 0 ? client.scopes : [...new Set(asked)];
  return { clientId: id, scope: granted.join(' ') };
}

function refuse(response: ServerResponse, answer: Refusal): void {
  if (answer.error !== 'invalid_client') return sendJson(response, 400, answer, NO_STORE);
  const challenge = { 'WWW-Authenticate': 'Basic realm="issuer", charset="UTF-8"' };
  sendJson(response, 401, answer, { ...NO_STORE, ...challenge });
}
