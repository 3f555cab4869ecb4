import {
  type CryptoKey,
  createLocalJWKSet,
  errors,
  type JWK,
  type JWSHeaderParameters,
} from 'jose';
import { createSingleFlight, type Deadline, systemClock } from '../platform/deadline.ts';
import { send } from '../platform/http-client.ts';
import { log } from '../platform/log.ts';
import { parseJson, parseSecureUrl } from '../platform/parse.ts';

/** After this time keys are fetched again, so that a withdrawn key stops working. */
const FRESH_MS = 10 * 60_000;
/** While the issuer cannot be reached, its last keys serve for this long. */
const KEPT_MS = 24 * 60 * 60_000;
/** While there are keys, tokens cause at most one fetch in this time. */
const COOLDOWN_MS = 30_000;
/** The time for the OpenID configuration and the key set together. */
const FETCH_MS = 3000;
const MAX_BYTES = 512 * 1024;

/** Thrown when the issuer's keys cannot be fetched, so that nothing can be said about a token. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

export interface Issuer {
  readonly issuer: string;
  /** Without it, the issuer's OpenID configuration names the key set. */
  readonly jwksUri: string | undefined;
}

/**
 * Finds the keys that may have signed a token with this header.
 *
 * @throws KeysUnavailable if that cannot be decided
 * @throws JWKSNoMatchingKey (jose's) if the issuer has no such key
 */
export type KeyLookUp = (
  header: JWSHeaderParameters,
  deadline: Deadline,
) => Promise<readonly CryptoKey[]>;

/**
 * Looks up an issuer's keys and keeps its key set. Jose's `createRemoteJWKSet` does not fit: with a
 * stale copy and an issuer that is down it refuses every token, its cool-down counts from the last
 * success, and it reads no OpenID configuration.
 *
 * One fetch runs at a time. A key that the set does not hold causes one more fetch, if the last was
 * long enough ago. A failure is remembered only while there are keys to go on with.
 *
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
 */
export function createKeyLookUp(issuer: Issuer): KeyLookUp {
  let known: { readonly keySet: KeySet; readonly fetchedAt: number } | undefined;
  let failure: { readonly error: KeysUnavailable; readonly at: number } | undefined;
  let jwksUri: URL | undefined;
  const flight = createSingleFlight<void>();

  async function fetchKeys(signal: AbortSignal): Promise<void> {
    jwksUri ??= await findJwksUri(issuer, signal);
    const keySet = readKeySet(await fetchJson(jwksUri, signal));
    known = { keySet, fetchedAt: Date.now() };
    failure = undefined;
  }

  async function fetchInTime(deadline: Deadline): Promise<void> {
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), FETCH_MS);
    try {
      await fetchKeys(AbortSignal.any([deadline.signal, timeout.signal]));
    } catch (cause) {
      jwksUri = undefined;
      failure = { error: asUnavailable(cause), at: Date.now() };
      throw failure.error;
    } finally {
      clearTimeout(timer);
    }
  }

  const refresh = (deadline: Deadline) => flight.run(deadline, () => fetchInTime(deadline));

  const age = () => (known === undefined ? Number.POSITIVE_INFINITY : Date.now() - known.fetchedAt);
  const failedLately = () => failure !== undefined && Date.now() - failure.at < COOLDOWN_MS;

  /** The newest keys; past their freshness if the issuer is down. */
  async function current(deadline: Deadline): Promise<KeySet> {
    if (age() >= KEPT_MS || (age() >= FRESH_MS && !failedLately())) {
      try {
        await refresh(deadline);
      } catch (error) {
        if (age() >= KEPT_MS) throw error;
        const reason = error instanceof KeysUnavailable ? error.message : 'no answer in time';
        log.warn("the issuer's known keys go on", { reason });
      }
    }
    if (known === undefined) throw new KeysUnavailable('there are no keys');
    return known.keySet;
  }

  return async (header, deadline) => {
    const keySet = await current(deadline);
    try {
      return await keySet.fitting(header);
    } catch (error) {
      if (!isNoMatch(error)) throw judged(error);
      if (failure !== undefined && failedLately()) throw failure.error;
      if (age() < COOLDOWN_MS) throw error;
    }
    await refresh(deadline);
    const renewed = await current(deadline);
    try {
      return await renewed.fitting(header);
    } catch (error) {
      throw judged(error);
    }
  };
}

const isNoMatch = (error: unknown) => error instanceof errors.JWKSNoMatchingKey;

/** A fault of the token stays as it is; a fault of the key set means that there are no keys. */
function judged(error: unknown): unknown {
  const byToken = isNoMatch(error) || error instanceof errors.JOSENotSupported;
  return byToken ? error : new KeysUnavailable('the key is not usable', { cause: error });
}

function asUnavailable(cause: unknown): KeysUnavailable {
  if (cause instanceof KeysUnavailable) return cause;
  if (cause instanceof errors.JOSEError) return new KeysUnavailable('the key set is malformed');
  return new KeysUnavailable('the issuer cannot be reached', { cause });
}

async function findJwksUri({ issuer, jwksUri: given }: Issuer, signal: AbortSignal): Promise<URL> {
  if (given !== undefined) return secureUrl(given);
  const base = issuer.replace(/\/$/, '');
  const configuration = secureUrl(`${base}/.well-known/openid-configuration`);
  const found = await fetchJson(configuration, signal);
  const document = (found ?? {}) as { issuer?: unknown; jwks_uri?: unknown };
  if (document.issuer !== issuer) throw otherIssuer(document.issuer, base);
  const jwksUri = secureUrl(document.jwks_uri);
  // Lambda's own interface listens on this machine, so a remote issuer must not name it.
  if (jwksUri.protocol !== 'https:' && configuration.protocol === 'https:') throw notSecure();
  return jwksUri;
}

function otherIssuer(named: unknown, base: string): KeysUnavailable {
  const bySlash = named === base || named === `${base}/`;
  const hint = bySlash ? ': the two differ by a slash at the end' : '';
  return new KeysUnavailable(`the OpenID configuration is of another issuer${hint}`);
}

function secureUrl(text: unknown): URL {
  const url = typeof text === 'string' ? parseSecureUrl(text) : undefined;
  if (url !== undefined) return url;
  throw notSecure();
}

const notSecure = () => new KeysUnavailable('an address of the issuer is not an https URL');

async function fetchJson({ href: url }: URL, signal: AbortSignal): Promise<unknown> {
  const headers = { accept: 'application/json, application/jwk-set+json' };
  const options = { maxBytes: MAX_BYTES, deadline: { signal, clock: systemClock } };
  const { status, text, unread } = await send({ url, method: 'GET', headers }, options);
  if (status !== 200) throw new KeysUnavailable(`the issuer answers ${status}`);
  if (unread === 'too-large') throw new KeysUnavailable("the issuer's answer is too large");
  if (unread === 'cut-off') throw new KeysUnavailable("the issuer's answer is cut off");
  const json = parseJson(text);
  if (json === undefined) throw new KeysUnavailable("the issuer's answer is not JSON");
  return json;
}

/** RFC 7518, section 3.3, allows no less for RS256. */
const MIN_RSA_BITS = 2048;
/** No issuer signs with so many keys; this bounds what one token costs. */
const MAX_TRIED = 16;

/** The keys of an issuer's key set. */
interface KeySet {
  /**
   * The keys that a token with this header may be signed by: those with its `kid`, or else those
   * without any; for a token without `kid`, every key of the right kind.
   *
   * @throws JWKSNoMatchingKey if there is none
   * @throws JWKSInvalid if none of them can be used
   */
  fitting(header: JWSHeaderParameters): Promise<readonly CryptoKey[]>;
}

/**
 * Reads a key set. Each key stands alone, so an unreadable one harms no other, and a key listed
 * twice is two keys that fit. (Jose refuses a token if several keys fit.)
 *
 * @throws JWKSInvalid if it is no key set
 * @see https://www.rfc-editor.org/rfc/rfc7517#section-5
 */
function readKeySet(document: unknown): KeySet {
  const listed = (document as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(listed)) throw new errors.JWKSInvalid('JSON Web Key Set malformed');
  const jwks = listed.filter((entry: unknown): entry is JWK => isObject(entry));
  const byKid = Map.groupBy(jwks.map(single), ({ kid }) => kid);

  return {
    async fitting({ kid, ...header }) {
      if (kid !== undefined && typeof kid !== 'string') throw new errors.JWKSNoMatchingKey();
      const named = kid === undefined ? [...byKid.values()].flat() : byKid.get(kid);
      const candidates = named ?? byKid.get(undefined) ?? [];
      const keys: CryptoKey[] = [];
      let unusable = 0;
      for (const { find } of candidates) {
        if (keys.length >= MAX_TRIED) break;
        try {
          keys.push(usable(await find(header)));
        } catch (error) {
          if (!(error instanceof errors.JWKSNoMatchingKey)) unusable += 1;
        }
      }
      if (keys.length > 0) return keys;
      throw unusable === 0 ? new errors.JWKSNoMatchingKey() : new errors.JWKSInvalid();
    },
  };
}

interface SingleKey {
  /** Undefined also if it is not a text: no token can name it then. */
  readonly kid: string | undefined;
  readonly find: ReturnType<typeof createLocalJWKSet>;
}

/** Lets jose read the key and decide what it is for (`kty`, `alg`, `use`, `key_ops`, `crv`). */
function single(jwk: JWK): SingleKey {
  const { kid, ...key } = jwk;
  return {
    kid: typeof kid === 'string' ? kid : undefined,
    find: createLocalJWKSet({ keys: [key] }),
  };
}

function usable(key: CryptoKey): CryptoKey {
  const { modulusLength = MIN_RSA_BITS } = key.algorithm as { modulusLength?: number };
  if (modulusLength < MIN_RSA_BITS) throw new errors.JWKSInvalid('the key is too short');
  return key;
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
