import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { OAuth2Issuer } from 'oauth2-mock-server';
import { SCOPES } from '../../lambda/accounts/fields.ts';
import { listen, sendJson } from '../local-server.ts';
import { createTokenEndpoint, type IssuerClient } from './token-endpoint.ts';

/** An OAuth issuer on loopback. */
export interface LocalIssuer {
  readonly url: string;
  readonly tokenUrl: string;
  readonly jwksUri: string;
  readonly clients: ReadonlyMap<string, IssuerClient>;
  /** Replaces the clients; each gets a secret of its own. */
  setClients(clients: readonly { clientId: string; scopes: readonly string[] }[]): void;
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

/** For the documentation page, which asks from the gateway's port. */
const ANY_LOCAL_PAGE = { 'Access-Control-Allow-Origin': '*' };

/**
 * Starts the issuer: its metadata, its key set, and the client-credentials grant for the clients
 * that are set; nothing else is there, and the metadata names nothing else. A client may ask for
 * any of the product's scopes: what a partner may do is for the authorizer to decide.
 */
export async function startIssuer(audience: string): Promise<LocalIssuer> {
  const issuer = new OAuth2Issuer();
  const clients = new Map<string, IssuerClient>();
  await issuer.keys.generate('RS256');

  const sign: LocalIssuer['sign'] = (claims, { expiresIn = TOKEN_SECONDS, kid } = {}) =>
    issuer.buildToken({
      expiresIn,
      kid,
      scopesOrTransform: (_header, payload) => {
        Object.assign(payload, { aud: audience, jti: randomUUID() }, claims);
      },
    });
  const token = createTokenEndpoint({
    clients,
    scopes: SCOPES,
    expiresIn: TOKEN_SECONDS,
    sign: (clientId, scope) => sign({ sub: clientId, client_id: clientId, scope }),
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(ANY_LOCAL_PAGE)) response.setHeader(name, value);
    // Swagger UI's authorize dialog sends X-Requested-With.
    if (request.method === 'OPTIONS') {
      response
        .writeHead(204, {
          'Access-Control-Allow-Methods': 'GET, POST',
          'Access-Control-Allow-Headers': 'Authorization, Content-Type, X-Requested-With',
        })
        .end();
      return;
    }
    const path = (request.url ?? '/').replace(/\?.*$/s, '');
    if (path === '/token') return token(request, response);
    const document = documents[path]?.();
    if (document === undefined) return sendJson(response, 404, { error: 'not_found' });
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return sendJson(response, 405, { error: 'invalid_request' }, { Allow: 'GET, HEAD' });
    }
    sendJson(response, 200, document);
  }

  const local = await listen(serve);
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
    // Required, though without an authorization endpoint there are none.
    response_types_supported: [],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(issuer.keys.toJSON().map(({ alg }) => alg))],
  });
  const documents: Readonly<Record<string, () => object>> = {
    '/.well-known/openid-configuration': metadata,
    '/.well-known/oauth-authorization-server': metadata,
    '/jwks': () => ({ keys: issuer.keys.toJSON() }),
  };

  return {
    url: local.url,
    tokenUrl,
    jwksUri,
    clients,
    setClients(next) {
      clients.clear();
      for (const client of next) {
        clients.set(client.clientId, {
          ...client,
          clientSecret: `${client.clientId}-${randomBytes(18).toString('base64url')}`,
        });
      }
    },
    sign,
    addKey: async (alg) => (await issuer.keys.generate(alg)).kid,
    close: local.close,
  };
}
