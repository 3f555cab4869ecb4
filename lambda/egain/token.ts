import * as z from 'zod/mini';
import { Fault, isFault } from '../faults.ts';
import type { ServiceConfig } from '../platform/config.ts';
import { type Clock, createSingleFlight, type Deadline } from '../platform/deadline.ts';
import { type GuardedTable, TableAway } from '../platform/table.ts';
import type { Telemetry } from '../platform/telemetry.ts';
import { parseEndpoint, parseJson } from '../platform/util.ts';
import type { Credentials, CredentialsStore } from './credentials.ts';
import { judgeFailure, OAUTH_FAULTS } from './failure.ts';
import type { Upstream, UpstreamResponse } from './send.ts';

/** A token is renewed this long before it ends, or half its life when that is shorter. */
const EARLY_MS = 60_000;
/** How long credentials that eGain refused are not tried again. */
const QUARANTINE_MS = 30_000;
/** A token that serves for longer was taken by eGain; that it is refused then is a new matter. */
const PROVEN_MS = 30_000;

/** A bearer token, with the credentials that it was granted for. */
export interface Token {
  readonly value: string;
  readonly credentials: Credentials;
}

export interface TokenSource {
  /** @throws Fault, as the credentials store and the grant do; `502-901` during a quarantine */
  get(deadline: Deadline): Promise<Token>;
  /**
   * Another token in place of one that eGain answered 401 to: a renewed one; where that is refused
   * too, one of another version of the secret, read anew. When there is nothing more to try, the
   * secret's version is left alone for 30 s.
   *
   * @returns undefined when there is nothing more to try: the 401 stands
   * @throws Fault, as `get` does
   */
  replace(refused: Token, deadline: Deadline): Promise<Token | undefined>;
}

export interface TokenOptions {
  readonly endpoint: TokenEndpoint;
  readonly credentials: CredentialsStore;
  readonly upstream: Upstream;
  /** Where containers share tokens; without it, each has its own. */
  readonly shelf?: TokenShelf | undefined;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** One token, for all containers where there is a shelf, asked for once however many callers wait. */
export function createTokenSource(options: TokenOptions): TokenSource {
  const { endpoint, credentials, upstream, clock, telemetry } = options;
  const store = createTokenStore(clock, options.shelf);
  const flight = createSingleFlight<Token>();
  let quarantined = { version: '', until: 0 };
  /** The last token that came in place of a refused one, and after how many of them. */
  let replacement = { value: '', replaced: 0, at: Number.NEGATIVE_INFINITY };

  const isQuarantined = (version: string) =>
    quarantined.version === version && clock.now() < quarantined.until;
  const quarantine = (version: string) => {
    quarantined = { version, until: clock.now() + QUARANTINE_MS };
    telemetry.warn('eGain refuses the credentials', { secretVersion: version });
  };

  const grant = async (current: Credentials, deadline: Deadline): Promise<Token> => {
    if (isQuarantined(current.version)) {
      throw new Fault('egainCredentialsRefused', {
        reason: 'eGain refused this version of the secret just now',
      });
    }
    const asked = clock.now();
    const now = () => clock.now();
    const { accessToken, lifeSeconds } = await requestGrant(
      endpoint,
      current,
      upstream,
      deadline,
      now,
    );
    const lifeMs = lifeSeconds * 1000;
    await store.write({
      value: accessToken,
      secretVersion: current.version,
      renewAt: asked + lifeMs - Math.min(EARLY_MS, lifeMs / 2),
      endsAt: asked + lifeMs,
    });
    return { value: accessToken, credentials: current };
  };

  const grantOrReread = async (current: Credentials, deadline: Deadline): Promise<Token> => {
    try {
      return await grant(current, deadline);
    } catch (error) {
      if (!isRefusal(error) || isQuarantined(current.version)) throw error;
      const next = await credentials.reread(current.version, deadline);
      if (next.version === current.version) {
        quarantine(current.version);
        throw error;
      }
      telemetry.info('The secret has a new version', { secretVersion: next.version });
      try {
        return await grant(next, deadline);
      } catch (again) {
        if (isRefusal(again) && !isQuarantined(next.version)) quarantine(next.version);
        throw again;
      }
    }
  };

  const obtain = async (deadline: Deadline): Promise<Token> => {
    const current = await credentials.get(deadline);
    const kept = await store.read(current.version);
    if (kept !== undefined && clock.now() < kept.renewAt) return tokenOf(kept, current);
    try {
      return await grantOrReread(current, deadline);
    } catch (error) {
      const unwell = error instanceof Fault && error.retry;
      if (!unwell || kept === undefined || clock.now() >= kept.endsAt) throw error;
      telemetry.warn('A token near its end goes on serving', { code: error.code });
      return tokenOf(kept, current);
    }
  };

  const get = (deadline: Deadline) => flight.run(deadline, () => obtain(deadline));

  const timesReplaced = ({ value }: Token) =>
    replacement.value === value && clock.now() - replacement.at < PROVEN_MS
      ? replacement.replaced
      : 0;
  const getAnother = async (replaced: number, deadline: Deadline): Promise<Token> => {
    const token = await get(deadline);
    // Of pages refused together, the later ones find it there already.
    const most = Math.max(replaced, timesReplaced(token));
    replacement = { value: token.value, replaced: most, at: clock.now() };
    return token;
  };

  return {
    get,
    async replace(refused, deadline) {
      const { version } = refused.credentials;
      const replaced = timesReplaced(refused);
      telemetry.warn('eGain refuses a token', { replaced });
      store.drop(refused.value);
      if (isQuarantined(version)) return undefined;
      if (replaced === 0) return getAnother(1, deadline);
      if (replaced === 1) {
        const next = await credentials.reread(version, deadline);
        if (next.version !== version) return getAnother(2, deadline);
      }
      quarantine(version);
      return undefined;
    },
  };
}

function tokenOf({ value }: SharedToken, credentials: Credentials): Token {
  return { value, credentials };
}

function isRefusal(error: unknown): boolean {
  return isFault(error, 'egainCredentialsRefused');
}

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

/** Where granted tokens are kept: the last one. */
export interface TokenStore {
  /**
   * The token that was granted for this version of the secret, here or by another container; past
   * its `renewAt` only where there is no better one.
   */
  read(secretVersion: string): Promise<SharedToken | undefined>;
  write(token: SharedToken): Promise<void>;
  /** Forgets the token with this value, and no other that has taken its place. */
  drop(value: string): void;
}

/**
 * A container's memory, and behind it the shelf where containers share tokens. The token URL, the
 * scope and the secret's address do not change while a container lives, so the secret's version is a
 * token's key.
 */
export function createTokenStore(clock: Clock, shelf?: TokenShelf): TokenStore {
  let kept: SharedToken | undefined;
  /** The last one that was dropped; it may still lie on the shelf. */
  let dropped: string | undefined;

  const fresh = (token: SharedToken) => clock.now() < token.renewAt;

  return {
    async read(version) {
      const own = fits(kept, version) ? kept : undefined;
      if (own !== undefined && fresh(own)) return own;
      const found = await shelf?.read();
      if (fits(found, version) && fresh(found) && found.value !== dropped) kept = found;
      return fits(kept, version) ? kept : undefined;
    },
    async write(token) {
      kept = token;
      await shelf?.write(token);
    },
    drop(value) {
      dropped = value;
      if (kept?.value === value) kept = undefined;
    },
  };
}

function fits(token: SharedToken | undefined, version: string): token is SharedToken {
  return token?.secretVersion === version;
}

const sharedTokenSchema = z.object({
  /** Visible characters alone: anything else cannot stand in a header. */
  value: z.string().check(z.regex(/^[\x21-\x7e]+$/)),
  /** The version of the secret that it was granted for. */
  secretVersion: z.string(),
  /** Milliseconds since the epoch, by the clock of the container that asked for it. */
  renewAt: z.number(),
  endsAt: z.number(),
});

/** A token as containers share it, so that eGain's token endpoint sees one call a token's life. */
export type SharedToken = Readonly<z.infer<typeof sharedTokenSchema>>;

/** Where containers leave tokens for each other. Never throws: without it, each has its own. */
export interface TokenShelf {
  read(): Promise<SharedToken | undefined>;
  /** Leaves it there, unless another container has left one since the last `read`. */
  write(token: SharedToken): Promise<void>;
}

/** The shelf in the table. The token is encrypted at rest, as all of the table is. */
export function createTokenShelf(table: GuardedTable, key: string, clock: Clock): TokenShelf {
  let seen: number | undefined;

  return {
    async read() {
      try {
        const item = await table.read(key);
        seen = item?.version;
        return item && parseToken(item.body);
      } catch (error) {
        if (error instanceof TableAway) return undefined;
        throw error;
      }
    },

    async write(token) {
      const version = Math.max((seen ?? 0) + 1, clock.now());
      const item = { version, body: JSON.stringify(token), expiresAt: token.endsAt };
      try {
        if (await table.replace(key, item, seen)) seen = version;
      } catch (error) {
        if (!(error instanceof TableAway)) throw error;
      }
    },
  };
}

function parseToken(body: string): SharedToken | undefined {
  try {
    return z.safeParse(sharedTokenSchema, JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}
