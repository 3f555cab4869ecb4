import * as z from 'zod/mini';
import { Fault, isFault } from '../faults.ts';
import type { ServiceConfig } from '../platform/config.ts';
import { type Clock, type Deadline, pause, singleFlight } from '../platform/deadline.ts';
import type { HttpAnswer } from '../platform/http-client.ts';
import { log } from '../platform/log.ts';
import { parseJson } from '../platform/parse.ts';
import { nextVersion, type Table, unlessAway } from '../platform/table.ts';
import { type Credentials, type CredentialsStore, pastedEnds } from './credentials.ts';
import { failureToFault, OAUTH_FAULTS, SHUT_OUT } from './failure.ts';
import type { Upstream, UpstreamRequest } from './send.ts';
import { formEncoded, type Sensitive } from './words.ts';

/** A token is renewed this long before it ends, or half its life when that is shorter. */
const EARLY_MS = 60_000;
/** How long a new token is waited for while the old one serves, and when it is asked for again. */
const RENEWAL_MS = 3000;
const RENEWED_AGAIN_SECONDS = 10;
/** How long a token may be unknown to some of eGain's servers after it was granted. */
const SPREAD_MS = 2000;
const SHORTEST_PAUSE_MS = 150;
/** How long the secret is waited for where it is only needed to look for it in eGain's words. */
const WORDS_MS = 3000;

/** A bearer token. */
export interface Token {
  readonly value: string;
  /** The version of the secret that it was granted for. */
  readonly secretVersion: string;
  /** Milliseconds since the epoch, by this container's clock. */
  readonly grantedAt: number;
  /** How many tokens it replaces that eGain refused to the same request. */
  readonly replaced: number;
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

/** Visible characters alone, and not too many: anything else cannot stand in a header. */
const tokenValue = z.string().check(z.regex(/^[\x21-\x7e]+$/), z.maxLength(65_536));

/** A token as it is in the table, encrypted at rest as all of the table is. */
const sharedTokenSchema = z.object({
  value: tokenValue,
  /** The version of the secret that it was granted for. */
  secretVersion: z.string(),
  /** Milliseconds since the epoch, by the clock of the container that asked for it. */
  renewAt: z.number(),
  endsAt: z.number(),
});
interface KeptToken extends Token, Readonly<z.infer<typeof sharedTokenSchema>> {}

export function createTokenProvider(options: TokenProviderOptions) {
  const { endpoint, credentials, upstream, table, key, clock } = options;
  let kept: KeptToken | undefined;
  /** The one before, which serves while eGain refuses its successor. */
  let earlier: KeptToken | undefined;
  /** The version of the item that was last seen in the table. */
  let seen: number | undefined;
  /** The last value that eGain refused. It may still be in the table. */
  let refusedValue: string | undefined;
  /** The credentials as this container has read them last. */
  let lastRead: Credentials | undefined;

  const serves = (token: KeptToken | undefined): token is KeptToken =>
    token !== undefined && clock.now() < token.endsAt;

  const keep = (token: KeptToken): KeptToken => {
    earlier = serves(kept) ? kept : undefined;
    kept = token;
    return token;
  };

  /** The best token known; one to be renewed if there is no other. */
  const find = async (): Promise<KeptToken | undefined> => {
    if (kept !== undefined && clock.now() < kept.renewAt) return kept;
    const item = await table.read(key).catch(unlessAway);
    seen = item?.version;
    const found = z.safeParse(sharedTokenSchema, parseJson(item?.body)).data;
    if (found === undefined || found.value === refusedValue || clock.now() >= found.renewAt) {
      return kept;
    }
    // An item's version is the time of its writing, by a clock that may be ahead.
    const grantedAt = Math.min(item?.version ?? 0, clock.now());
    return keep({ ...found, grantedAt, replaced: 0 });
  };

  /** Asks for a token and writes it for all containers, unless another has just written one. */
  const grant = async (current: Credentials, deadline: Deadline): Promise<KeptToken> => {
    lastRead = current;
    const secretVersion = current.version;
    const askedAt = clock.now();
    const granting = requestGrant(endpoint, current, upstream, deadline);
    const { accessToken: value, lifeSeconds } = await granting.catch((error: unknown) => {
      const ends = pastedEnds(current).join(', ') || undefined;
      const isRefused = isFault(error, 'egainCredentialsRefused');
      // Whatever else eGain says of a credential that was pasted wrongly.
      const isSuspect = ends !== undefined && error instanceof Fault && !error.retry;
      if (isRefused || isSuspect) {
        log.warn('eGain refuses the credentials', { secretVersion, ends });
      }
      throw error;
    });
    const lifeMs = lifeSeconds * 1000;
    const endsAt = askedAt + lifeMs;
    const shared = {
      value,
      secretVersion,
      renewAt: endsAt - Math.min(EARLY_MS, lifeMs / 2),
      endsAt,
    };
    const token = keep({ ...shared, grantedAt: clock.now(), replaced: 0 });
    const version = nextVersion(seen, clock.now());
    const item = { version, body: JSON.stringify(shared), expiresAt: endsAt };
    if (await table.replace(key, item, seen).catch(unlessAway)) seen = version;
    return token;
  };

  /** Reads the secret, where it was not just read, and asks for a token. */
  const renew = async (deadline: Deadline): Promise<KeptToken> => {
    const current = await credentials.get(deadline);
    try {
      return await grant(current, deadline);
    } catch (error) {
      if (!isFault(error, 'egainCredentialsRefused')) throw error;
      const next = await credentials.reread(current.version, deadline);
      if (next.version === current.version) throw error;
      log.info('The secret has a new version', { secretVersion: next.version });
      return grant(next, deadline);
    }
  };

  const get = singleFlight(async (deadline): Promise<Token> => {
    const known = await find();
    if (known !== undefined && clock.now() < known.renewAt) return known;
    if (!serves(known)) return renew(deadline);
    const { patienceMs = Number.POSITIVE_INFINITY } = deadline;
    try {
      return await renew({ ...deadline, patienceMs: Math.min(RENEWAL_MS, patienceMs) });
    } catch (error) {
      // What refuses the new token ends the old one as well.
      const mayPass = error instanceof Fault && !SHUT_OUT.includes(error.kind);
      if (!mayPass || !serves(known)) throw error;
      log.warn('A token near its end goes on serving', { code: error.code });
      const { retryAfterSeconds = RENEWED_AGAIN_SECONDS } = error;
      const renewAt = Math.min(known.endsAt, clock.now() + retryAfterSeconds * 1000);
      kept = { ...known, renewAt };
      return kept;
    }
  });

  const drop = (value: string): void => {
    refusedValue = value;
    if (kept?.value === value) kept = undefined;
  };

  return {
    /**
     * A token that is known, or a new one. The secret is read only for a new one.
     *
     * @throws Fault, as the credentials store and `requestGrant` do
     */
    get,

    /** Reads ahead what the next token needs: one that is known, else the secret. */
    async warmUp(deadline: Deadline): Promise<void> {
      if ((await find()) === undefined) await credentials.get(deadline);
    },

    /**
     * What to try in place of a token that eGain answered 401 to. In this order: the token before it,
     * while that lasts; the same once more, while it is too young to be known everywhere; a new one;
     * and one for another version of the secret, which is read anew.
     *
     * @param askedAt when the request was made; milliseconds since the epoch
     * @returns undefined when there is nothing more to try: the 401 stands
     * @throws Fault, as `get` does
     */
    async replace(token: Token, askedAt: number, deadline: Deadline): Promise<Token | undefined> {
      const { value, replaced, secretVersion } = token;
      if (value === kept?.value && serves(earlier)) return { ...earlier, replaced };
      if (value === earlier?.value) {
        earlier = undefined;
        if (kept !== undefined) return { ...kept, replaced };
      }
      if (await outwait(token, askedAt, deadline)) return token;
      log.warn('eGain refuses a token', { replaced, secretVersion });
      drop(value);
      if (replaced > 1) return undefined;
      if (replaced === 1) {
        const next = await credentials.reread(secretVersion, deadline);
        if (next.version === secretVersion) return undefined;
      }
      return { ...(await get(deadline)), replaced: replaced + 1 };
    },

    /** Forgets a token that opens too little: it keeps the grants that it was issued with. */
    drop,

    /**
     * What eGain's words may not hold when a request with this token has failed.
     *
     * @returns undefined where this container has not read the secret, and cannot now
     */
    async sensitive(
      { value, secretVersion }: Token,
      deadline: Deadline,
    ): Promise<Sensitive | undefined> {
      if (lastRead?.version !== secretVersion) {
        const soon = { ...deadline, patienceMs: WORDS_MS };
        lastRead = await credentials.get(soon).catch(() => undefined);
      }
      return lastRead && { token: value, ...lastRead };
    },
  };
}

/**
 * Waits where a token that was refused is so young that some of eGain's servers may not know it yet.
 * Each pause is three times as long as the token is old.
 *
 * @param askedAt when the refused request was made; milliseconds since the epoch
 * @returns whether to ask once more with the same token
 */
export async function outwait(
  { grantedAt }: Pick<Token, 'grantedAt'>,
  askedAt: number,
  deadline: Deadline,
): Promise<boolean> {
  const ageThen = askedAt - grantedAt;
  if (ageThen < 0 || ageThen >= SPREAD_MS) return false;
  const ageMs = deadline.clock.now() - grantedAt;
  const ms = Math.min(SPREAD_MS - ageMs, Math.max(SHORTEST_PAUSE_MS, 3 * ageMs));
  await pause(Math.max(0, ms), deadline);
  return true;
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

/** RFC 6749's codes for a server that cannot answer now, whatever status goes with them; no JSON at all. */
function isTransient(response: HttpAnswer): boolean {
  const answer = readAnswer(response);
  if ('accessToken' in answer) return false;
  const { status, text } = response;
  const isPage = status >= 200 && status < 300 && parseJson(text) === undefined;
  return isPage || OAUTH_FAULTS.get(answer.oauthError ?? '') === 'egainUnavailable';
}
