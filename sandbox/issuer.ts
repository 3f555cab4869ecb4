import { randomBytes } from 'node:crypto';
import type {
  MutableResponse,
  MutableToken,
  TokenRequestIncomingMessage,
} from 'oauth2-mock-server';
import { Events, OAuth2Issuer, OAuth2Service } from 'oauth2-mock-server';
import { clientOf, listen } from './local-server.ts';

interface IssuerClient {
  readonly clientId: string;
  readonly clientSecret: string;
  /** What the client gets when it asks for no scope. */
  readonly scopes: readonly string[];
}

/** An OIDC issuer on loopback. */
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

/**
 * Starts the issuer: discovery document, key set, and the client-credentials grant for the
 * clients that are set. A token has the scopes that were asked for, whatever they are: what a
 * partner may do is for the authorizer to decide.
 */
export async function startIssuer(audience: string): Promise<LocalIssuer> {
  const issuer = new OAuth2Issuer();
  const service = new OAuth2Service(issuer);
  const clients = new Map<string, IssuerClient>();
  await issuer.keys.generate('RS256');

  const clientFor = (request: TokenRequestIncomingMessage): IssuerClient | undefined => {
    const body = request.body as unknown as Record<string, string | undefined>;
    const form = new URLSearchParams({
      client_id: body['client_id'] ?? '',
      client_secret: body['client_secret'] ?? '',
    });
    const { id, secret } = clientOf(request, form);
    const client = clients.get(id);
    return client?.clientSecret === secret ? client : undefined;
  };

  service.on(
    Events.BeforeTokenSigning,
    (token: MutableToken, request: TokenRequestIncomingMessage) => {
      const client = clientFor(request);
      token.payload['sub'] = client?.clientId;
      token.payload['client_id'] = client?.clientId;
      token.payload['aud'] = audience;
      token.payload['scope'] = request.body.scope || client?.scopes.join(' ');
    },
  );
  service.on(
    Events.BeforeResponse,
    (answer: MutableResponse, request: TokenRequestIncomingMessage) => {
      const client = clientFor(request);
      if (client === undefined) {
        answer.statusCode = 401;
        answer.body = { error: 'invalid_client' };
      } else if (request.body.grant_type !== 'client_credentials') {
        answer.statusCode = 400;
        answer.body = { error: 'unsupported_grant_type' };
      } else if (answer.body !== '') {
        answer.body['scope'] = request.body.scope || client.scopes.join(' ');
      }
    },
  );

  const local = await listen((request, response) => {
    // Swagger UI's authorize dialog calls from another origin and sends X-Requested-With.
    if (request.method === 'OPTIONS') {
      response
        .writeHead(204, {
          'Access-Control-Allow-Origin': '*',
          'Access-Control-Allow-Methods': 'GET, POST',
          'Access-Control-Allow-Headers': 'Authorization, Content-Type, X-Requested-With',
        })
        .end();
      return;
    }
    service.requestHandler(request, response);
  });
  issuer.url = local.url;

  return {
    url: local.url,
    tokenUrl: `${local.url}/token`,
    jwksUri: `${local.url}/jwks`,
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
    sign: (claims, { expiresIn, kid } = {}) =>
      issuer.buildToken({
        expiresIn,
        kid,
        scopesOrTransform: (_header, payload) => {
          Object.assign(payload, { aud: audience }, claims);
        },
      }),
    addKey: async (alg) => (await issuer.keys.generate(alg)).kid,
    close: local.close,
  };
}
