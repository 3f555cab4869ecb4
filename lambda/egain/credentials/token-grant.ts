import * as z from 'zod/mini';
import { Fault } from '../../faults.ts';
import type { ServiceConfig } from '../../platform/config.ts';
import type { Deadline } from '../../platform/deadline.ts';
import { parseJson } from '../../platform/json.ts';
import { parseEndpoint } from '../endpoint.ts';
import { judgeFailure, OAUTH_FAULTS } from '../judge-failure.ts';
import type { UpstreamResponse } from '../transport/attempt.ts';
import type { Upstream } from '../transport/upstream.ts';
import type { Credentials } from './secret-store.ts';

const MAX_BYTES = 256 * 1024;
const YEAR_SECONDS = 31_536_000;
/** The life of a token that does not say, or not believably, how long it lives. */
const UNSTATED_SECONDS = 60;

/** What the token endpoint granted. */
export interface Grant {
  readonly accessToken: string;
  readonly lifeSeconds: number;
}

export type TokenEndpoint = Pick<ServiceConfig, 'tokenUrl' | 'scope' | 'clientAuthentication'>;

/**
 * Asks for a token by the client-credentials grant.
 *
 * @param now milliseconds since the epoch, when it is asked
 * @throws Fault `502-901` (client refused), `502-902` (scope refused), `502-903` (not a token
 *   answer, or the request refused), `502-905`, `503-901`, `504-901`
 * @see RFC 6749, sections 2.3.1, 4.4 and 5
 */
export async function requestGrant(
  endpoint: TokenEndpoint,
  credentials: Credentials,
  upstream: Upstream,
  deadline: Deadline,
  now: () => number,
): Promise<Grant> {
  const { href: url } = parseEndpoint('EGAIN_TOKEN_URL', endpoint.tokenUrl);
  const { clientId, clientSecret } = credentials;
  const inBody = endpoint.clientAuthentication === 'body';
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    scope: endpoint.scope,
    ...(inBody && { client_id: clientId, client_secret: clientSecret }),
  });
  const headers = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
    ...(!inBody && { authorization: basic(clientId, clientSecret) }),
  };
  const sent = await upstream.send(
    { url, method: 'POST', headers, body: form.toString(), maxBytes: MAX_BYTES, isTransient },
    deadline,
  );
  const { result } = sent;
  if (result.kind !== 'response') {
    throw judgeFailure(sent, { server: 'the token endpoint', now: now() });
  }
  const grant = grantIn(result);
  if (grant !== undefined) return grant;
  const oauthError = oauthErrorIn(result);
  // An answer that is neither: no token, and no error that is known.
  if (isSuccess(result) && !OAUTH_FAULTS.has(oauthError ?? '')) {
    throw new Fault('egainContractBroken', {
      reason: 'the token endpoint did not answer with a bearer token',
    });
  }
  throw judgeFailure(sent, { server: 'the token endpoint', now: now(), oauthError });
}

/** The client by HTTP Basic: each part form-encoded, then both in base64 (RFC 6749, 2.3.1). */
function basic(clientId: string, clientSecret: string): string {
  const pair = `${formEncoded(clientId)}:${formEncoded(clientSecret)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}

const grantSchema = z.object({
  // Visible characters alone: anything else cannot stand in a header.
  access_token: z.string().check(z.regex(/^[\x21-\x7e]+$/)),
  token_type: z.optional(z.nullable(z.string().check(z.regex(/^bearer/i)))),
  expires_in: z.optional(z.unknown()),
});

/**
 * eGain does not publish its answer's shape beyond `access_token`, so a missing type is taken for a
 * bearer's, and a life that cannot be believed for a short one.
 */
function grantIn(response: UpstreamResponse): Grant | undefined {
  if (!isSuccess(response)) return undefined;
  const granted = z.safeParse(grantSchema, parseJson(response.text)).data;
  return (
    granted && {
      accessToken: granted.access_token,
      lifeSeconds: believableLife(granted.expires_in),
    }
  );
}

function isSuccess({ status }: UpstreamResponse): boolean {
  return status >= 200 && status < 300;
}

function believableLife(stated: unknown): number {
  const digits = typeof stated === 'string' && /^\d+(?:\.\d+)?$/.test(stated);
  const seconds = digits ? Number(stated) : stated;
  const believable = typeof seconds === 'number' && seconds > 0 && seconds <= YEAR_SECONDS;
  return believable ? seconds : UNSTATED_SECONDS;
}

/** The error code of an answer without a token. Its texts stay here: they may say more than is fit. */
function oauthErrorIn({ text }: UpstreamResponse): string | undefined {
  return z.safeParse(z.object({ error: z.string() }), parseJson(text)).data?.error;
}

/** What RFC 6749 has for a server that cannot answer now, whatever status goes with it. */
function isTransient(response: UpstreamResponse): boolean {
  if (grantIn(response) !== undefined) return false;
  return OAUTH_FAULTS.get(oauthErrorIn(response) ?? '') === 'egainUnavailable';
}
