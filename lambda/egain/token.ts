import * as z from 'zod/mini';
import { Fault, isFault } from '../faults.ts';
import type { ServiceConfig } from '../platform/config.ts';
import { type Clock, type Deadline, singleFlight } from '../platform/deadline.ts';
import type { HttpAnswer } from '../platform/http-client.ts';
import { log } from '../platform/log.ts';
import { parseJson } from '../platform/parse.ts';
import { type Table, unlessAway } from '../platform/table.ts';
import type { Credentials, CredentialsStore } from './credentials.ts';
import { failureToFault, OAUTH_FAULTS } from './failure.ts';
import type { Upstream, UpstreamRequest } from './send.ts';
import { formEncoded } from './words.ts';

/** A token is renewed this long before it ends, or half its life when that is shorter. */
const EARLY_MS = 60_000;

/** A bearer token, with the credentials that it was granted for. */
export interface Token {
  readonly value: string;
  readonly credentials: Credentials;
}

/** One token for all containers, asked for once however many callers wait. */
export type TokenProvider = ReturnType<typeof createTokenProvider>;

interface TokenProviderOptions {
  readonly endpoint: TokenEndpoint;
  readonly credentials: CredentialsStore;
  readonly upstream: Upstream;
  /** While it is away, each container asks for its own token. */
  readonly table: Pick<Table, 'read' | 'replace'>;
  /** Of the item that holds the token. */
  readonly key: string;
  readonly clock: Clock;
}

/** Visible characters alone: anything else cannot stand in a header. */
const tokenValue = z.string().check(z.regex(/^[\x21-\x7e]+$/));

/** A token as it is in the table, encrypted at rest as all of the table is. */
const sharedTokenSchema = z.object({
  value: tokenValue,
  /** The version of the secret that it was granted for. */
  secretVersion: z.string(),
  /** Milliseconds since the epoch, by the clock of the container that asked for it. */
  renewAt: z.number(),
  endsAt: z.number(),
});
type SharedToken = Readonly<z.infer<typeof sharedTokenSchema>>;

export function createTokenProvider(options: TokenProviderOptions) {
  const { endpoint, credentials, upstream, table, key, clock } = options;
  let kept: SharedToken | undefined;
  /** The version of the item that was last seen in the table. */
  let seen: number | undefined;
  /** The last value that eGain refused. It may still be in the table. */
  let refusedValue: string | undefined;

  /** The best token known for this version of the secret; one to be renewed if there is no other. */
  const find = async (version: string): Promise<SharedToken | undefined> => {
    if (kept?.secretVersion === version && clock.now() < kept.renewAt) return kept;
    const item = await table.read(key).catch(unlessAway);
    seen = item?.version;
    const found = z.safeParse(sharedTokenSchema, parseJson(item?.body)).data;
    const isUsable = found?.secretVersion === version && found.value !== refusedValue;
    if (isUsable && clock.now() < found.renewAt) kept = found;
    return kept?.secretVersion === version ? kept : undefined;
  };

  /** Asks for a token and writes it for all containers, unless another has just written one. */
  const grant = async (current: Credentials, deadline: Deadline): Promise<Token> => {
    const askedAt = clock.now();
    const granting = requestGrant(endpoint, current, upstream, deadline);
    const { accessToken, lifeSeconds } = await granting.catch((error: unknown) => {
      if (isFault(error, 'egainCredentialsRefused')) {
        log.warn('eGain refuses the credentials', { secretVersion: current.version });
      }
      throw error;
    });
    const lifeMs = lifeSeconds * 1000;
    const endsAt = askedAt + lifeMs;
    kept = {
      value: accessToken,
      secretVersion: current.version,
      renewAt: endsAt - Math.min(EARLY_MS, lifeMs / 2),
      endsAt,
    };
    const version = Math.max((seen ?? 0) + 1, clock.now());
    const item = { version, body: JSON.stringify(kept), expiresAt: endsAt };
    if (await table.replace(key, item, seen).catch(unlessAway)) seen = version;
    return { value: accessToken, credentials: current };
  };

  const get = singleFlight(async (deadline): Promise<Token> => {
    const current = await credentials.get(deadline);
    const known = await find(current.version);
    if (known !== undefined && clock.now() < known.renewAt) {
      return { value: known.value, credentials: current };
    }
    try {
      return await grant(current, deadline);
    } catch (error) {
      if (isFault(error, 'egainCredentialsRefused')) {
        const next = await credentials.reread(current.version, deadline);
        if (next.version === current.version) throw error;
        log.info('The secret has a new version', { secretVersion: next.version });
        return grant(next, deadline);
      }
      const mayPass = error instanceof Fault && error.retry;
      if (!mayPass || known === undefined || clock.now() >= known.endsAt) throw error;
      log.warn('A token near its end goes on serving', { code: error.code });
      return { value: known.value, credentials: current };
    }
  });

  return {
    /** @throws Fault, as the credentials store and `requestGrant` do */
    get,

    /**
     * Another token in place of one that eGain answered 401 to: first a renewed one; when that is
     * refused too, one for another version of the secret, which is read anew.
     *
     * @param replaced how many tokens this request has replaced already
     * @returns undefined when there is nothing more to try: the 401 stands
     * @throws Fault, as `get` does
     */
    async replace(
      { value, credentials: { version } }: Token,
      replaced: number,
      deadline: Deadline,
    ): Promise<Token | undefined> {
      log.warn('eGain refuses a token', { replaced, secretVersion: version });
      refusedValue = value;
      if (kept?.value === value) kept = undefined;
      if (replaced > 1) return undefined;
      if (replaced === 1) {
        const next = await credentials.reread(version, deadline);
        if (next.version === version) return undefined;
      }
      return get(deadline);
    },
  };
}

const MAX_ANSWER_BYTES = 256 * 1024;
const YEAR_SECONDS = 31_536_000;
/** The life of a token that does not say, or not believably, how long it lives. */
const UNSTATED_SECONDS = 60;

export interface Grant {
  readonly accessToken: string;
  readonly lifeSeconds: number;
}

export type TokenEndpoint = Pick<ServiceConfig, 'tokenUrl' | 'scope' | 'clientAuthentication'>;

/**
 * Asks for a token by the client-credentials grant.
 *
 * @throws Fault `502-901` (client refused), `502-902` (scope refused), `502-903` (not a token
 *   answer, or the request refused), `502-905`, `503-901`, `504-901`
 * @see RFC 6749, sections 2.3.1, 4.4 and 5
 */
export async function requestGrant(
  endpoint: TokenEndpoint,
  { clientId, clientSecret }: Credentials,
  upstream: Upstream,
  deadline: Deadline,
): Promise<Grant> {
  const inBody = endpoint.clientAuthentication === 'body';
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    scope: endpoint.scope,
    ...(inBody && { client_id: clientId, client_secret: clientSecret }),
  });
  const request: UpstreamRequest = {
    url: endpoint.tokenUrl,
    method: 'POST',
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
      ...(!inBody && { authorization: basic(clientId, clientSecret) }),
    },
    body: form.toString(),
    maxBytes: MAX_ANSWER_BYTES,
    isTransient,
  };
  const result = await upstream(request, deadline);
  const answer = result.kind === 'response' ? readAnswer(result) : {};
  if ('accessToken' in answer) return answer;
  const { oauthError } = answer;
  const isSuccess = result.kind === 'response' && result.status >= 200 && result.status < 300;
  if (isSuccess && !OAUTH_FAULTS.has(oauthError ?? '')) {
    throw new Fault('egainContractBroken', {
      reason: 'the token endpoint did not answer with a bearer token',
    });
  }
  const now = deadline.clock.now();
  throw failureToFault(result, { server: 'the token endpoint', now, oauthError });
}

/** The client by HTTP Basic: each part form-encoded, then both in base64 (RFC 6749, 2.3.1). */
function basic(clientId: string, clientSecret: string): string {
  const pair = `${formEncoded(clientId)}:${formEncoded(clientSecret)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

const grantSchema = z.object({
  access_token: tokenValue,
  // A type that is missing or empty is taken for a bearer's, since eGain publishes none.
  token_type: z.optional(z.nullable(z.string().check(z.regex(/^(?:bearer|$)/i)))),
  expires_in: z.optional(z.unknown()),
});

/** A grant, or the error code alone: the endpoint's texts may hold what it was sent. */
function readAnswer({ status, text }: HttpAnswer): Grant | { readonly oauthError?: string } {
  const json = parseJson(text);
  const granted = z.safeParse(grantSchema, json).data;
  if (granted !== undefined && status >= 200 && status < 300) {
    return { accessToken: granted.access_token, lifeSeconds: believableLife(granted.expires_in) };
  }
  const refused = z.safeParse(z.object({ error: z.string() }), json).data;
  return refused === undefined ? {} : { oauthError: refused.error };
}

function believableLife(stated: unknown): number {
  const isDecimal = typeof stated === 'string' && /^\d+(?:\.\d+)?$/.test(stated);
  const seconds = isDecimal ? Number(stated) : stated;
  const isBelievable = typeof seconds === 'number' && seconds > 0 && seconds <= YEAR_SECONDS;
  return isBelievable ? seconds : UNSTATED_SECONDS;
}

/** RFC 6749's codes for a server that cannot answer now, whatever status goes with them. */
function isTransient(response: HttpAnswer): boolean {
  const answer = readAnswer(response);
  return 'oauthError' in answer && OAUTH_FAULTS.get(answer.oauthError ?? '') === 'egainUnavailable';
}
