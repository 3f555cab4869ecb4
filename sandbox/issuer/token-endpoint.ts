import type { IncomingMessage, ServerResponse } from 'node:http';
import { clientOf, readBody, sendJson } from '../local-server.ts';

/** A client that may ask for tokens. */
export interface IssuerClient {
  readonly clientId: string;
  readonly clientSecret: string;
  /** What the client gets when it asks for no scope. */
  readonly scopes: readonly string[];
}

export interface TokenEndpointOptions {
  readonly clients: ReadonlyMap<string, IssuerClient>;
  /** Every scope there is; another is refused. */
  readonly scopes: readonly string[];
  /** Seconds that a token lives. */
  readonly expiresIn: number;
  readonly sign: (clientId: string, scope: string) => Promise<string>;
}

/** RFC 6749 §5.1: neither a token nor an error may be kept by a cache. */
const NOT_KEPT = { 'Cache-Control': 'no-store', Pragma: 'no-cache' };
const FORM = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;

type TokenError = 'invalid_client' | 'invalid_request' | 'invalid_scope' | 'unsupported_grant_type';

interface Grant {
  readonly clientId: string;
  readonly scope: string;
}

/**
 * Answers the token endpoint: the client-credentials grant, the client by Basic or in the body.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.4
 */
export function createTokenEndpoint(options: TokenEndpointOptions) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method !== 'POST') {
      return sendJson(response, 405, { error: 'invalid_request' }, { ...NOT_KEPT, Allow: 'POST' });
    }
    const body = await readBody(request, 10_000);
    const isForm = FORM.test(request.headers['content-type'] ?? '');
    const outcome =
      body === undefined || !isForm
        ? 'invalid_request'
        : judge(request, new URLSearchParams(body.toString('utf8')), options);
    if (typeof outcome === 'string') return refuse(response, outcome);
    const { clientId, scope } = outcome;
    sendJson(
      response,
      200,
      {
        access_token: await options.sign(clientId, scope),
        token_type: 'Bearer',
        expires_in: options.expiresIn,
        scope,
      },
      NOT_KEPT,
    );
  };
}

function judge(
  request: IncomingMessage,
  form: URLSearchParams,
  { clients, scopes }: TokenEndpointOptions,
): Grant | TokenError {
  const names = [...form.keys()];
  if (new Set(names).size < names.length) return 'invalid_request';
  // §2.3: a client is not to prove itself in two ways at once.
  const basic = request.headers.authorization !== undefined;
  if (basic && form.has('client_secret')) return 'invalid_request';
  const { id, secret } = clientOf(request, form);
  const client = clients.get(id);
  if (client?.clientSecret !== secret) return 'invalid_client';
  if (basic && (form.get('client_id') ?? id) !== id) return 'invalid_client';
  const grantType = form.get('grant_type');
  if (grantType === null) return 'invalid_request';
  if (grantType !== 'client_credentials') return 'unsupported_grant_type';
  const asked = (form.get('scope') ?? '').split(' ').filter(Boolean);
  if (!asked.every((scope) => scopes.includes(scope))) return 'invalid_scope';
  const granted = asked.length === 0 ? client.scopes : [...new Set(asked)];
  return { clientId: client.clientId, scope: granted.join(' ') };
}

function refuse(response: ServerResponse, error: TokenError): void {
  if (error !== 'invalid_client') return sendJson(response, 400, { error }, NOT_KEPT);
  const challenge = { 'WWW-Authenticate': 'Basic realm="issuer", charset="UTF-8"' };
  sendJson(response, 401, { error }, { ...NOT_KEPT, ...challenge });
}
