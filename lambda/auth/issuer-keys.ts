import {
  type CryptoKey,
  createLocalJWKSet,
  errors,
  type JWK,
  type JWSHeaderParameters,
} from 'jose';
import { type Clock, createSingleFlight, type Deadline } from '../platform/deadline.ts';
import { send } from '../platform/http-client.ts';
import { parseJson, parseSecureUrl } from '../platform/util.ts';

/** Keys are asked for anew after this long, so that one the issuer withdraws loses its force. */
const FRESH_MS = 10 * 60_000;
/** While the issuer can't be reached, the keys it gave last hold for this long. */
const KEPT_MS = 24 * 60 * 60_000;
/** With keys at hand, whatever a token says causes no more than one fetch in this time. */
const COOLDOWN_MS = 30_000;
/** For the OpenID configuration and the key set together. */
const FETCH_MS = 3000;
const MAX_BYTES = 512 * 1024;

/** The issuer's keys can't be had, so nothing can be said about a token. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

export interface IssuerKeysOptions {
  readonly issuer: string;
  /** Without it, the issuer's OpenID configuration names the key set. */
  readonly jwksUri: string | undefined;
  readonly clock: Clock;
  /** Told why, when keys can't be renewed and the known ones go on. */
  readonly onStale: (reason: string) => void;
}

/**
 * Finds the keys that a token with this header may be signed by.
 *
 * @throws KeysUnavailable when that can't be decided
 * @throws JWKSNoMatchingKey (jose's) when the issuer has no such key
 */
export type KeyLookUp = (header: JWSHeaderParameters) => Promise<readonly CryptoKey[]>;

/** The public keys by which an issuer signs. */
export interface IssuerKeys {
  /** A look-up that is bounded by `deadline`. */
  lookUp(deadline: Deadline): KeyLookUp;
}

/**
 * Keeps an issuer's key set. Jose's `createRemoteJWKSet` does not fit: it stops trusting the keys
 * it has when the issuer is down, does not limit how often it asks after a failure, and reads the
 * wall clock.
 *
 * One fetch at a time. A key that the set does not hold causes one more fetch, if the last was
 * long enough ago. A failure is remembered only while there are keys to go on with.
 *
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
 */
export function createIssuerKeys(options: IssuerKeysOptions): IssuerKeys {
  const { clock } = options;
  let known: { readonly keySet: KeySet; readonly fetchedAt: number } | undefined;
  let failure: { readonly error: KeysUnavailable; readonly at: number } | undefined;
  let jwksUri: URL | undefined;
  const flight = createSingleFlight<void>();

  async function fetchKeys(signal: AbortSignal): Promise<void> {
    jwksUri ??= await findJwksUri(options, signal);
    const keySet = readKeySet(await fetchJson(jwksUri, signal, clock));
    known = { keySet, fetchedAt: clock.now() };
    failure = undefined;
  }

  async function fetchInTime(deadline: Deadline): Promise<void> {
    const timeout = new AbortController();
    const cancel = clock.after(FETCH_MS, () => timeout.abort());
    try {
      await fetchKeys(AbortSignal.any([deadline.signal, timeout.signal]));
    } catch (cause) {
      jwksUri = undefined;
      failure = { error: asUnavailable(cause), at: clock.now() };
      throw failure.error;
    } finally {
      cancel();
    }
  }

  const refresh = (deadline: Deadline) => flight.run(deadline, () => fetchInTime(deadline));

  const age = () =>
    known === undefined ? Number.POSITIVE_INFINITY : clock.now() - known.fetchedAt;
  const failedLately = () => failure !== undefined && clock.now() - failure.at < COOLDOWN_MS;

  /** The newest keys to be had; ones past their freshness if the issuer is down. */
  async function current(deadline: Deadline): Promise<KeySet> {
    if (age() >= KEPT_MS || (age() >= FRESH_MS && !failedLately())) {
      try {
        await refresh(deadline);
      } catch (error) {
        if (age() >= KEPT_MS) throw error;
        options.onStale(error instanceof KeysUnavailable ? error.message : 'no answer in time');
      }
    }
    if (known === undefined) throw new KeysUnavailable('there are no keys');
    return known.keySet;
  }

  return {
    lookUp: (deadline) => async (header) => {
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
    },
  };
}

const isNoMatch = (error: unknown) => error instanceof errors.JWKSNoMatchingKey;

/** What is wrong with the token stays as it is; what is wrong with the key set does not. */
function judged(error: unknown): unknown {
  const byToken = isNoMatch(error) || error instanceof errors.JOSENotSupported;
  return byToken ? error : new KeysUnavailable('the key is not usable', { cause: error });
}

function asUnavailable(cause: unknown): KeysUnavailable {
  if (cause instanceof KeysUnavailable) return cause;
  if (cause instanceof errors.JOSEError) return new KeysUnavailable('the key set is malformed');
  return new KeysUnavailable('the issuer cannot be reached', { cause });
}

async function findJwksUri(options: IssuerKeysOptions, signal: AbortSignal): Promise<URL> {
  if (options.jwksUri !== undefined) return secureUrl(options.jwksUri);
  const base = options.issuer.replace(/\/$/, '');
  const configuration = secureUrl(`${base}/.well-known/openid-configuration`);
  const found = await fetchJson(configuration, signal, options.clock);
  const document = (found ?? {}) as { issuer?: unknown; jwks_uri?: unknown };
  if (document.issuer !== options.issuer) throw otherIssuer(document.issuer, base);
  const jwksUri = secureUrl(document.jwks_uri);
  // Lambda's own interface listens on this machine, so a remote issuer may not send us there.
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

async function fetchJson({ href: url }: URL, signal: AbortSignal, clock: Clock): Promise<unknown> {
  const headers = { accept: 'application/json, application/jwk-set+json' };
  const options = { maxBytes: MAX_BYTES, deadline: { signal, clock } };
  const { status, text, unread } = await send({ url, method: 'GET', headers }, options);
  if (status !== 200) throw new KeysUnavailable(`the issuer answers ${status}`);
  if (unread === 'too-large') throw new KeysUnavailable("the issuer's answer is too large");
  if (unread === 'cut-off') throw new KeysUnavailable("the issuer's answer is cut off");
  const json = parseJson(text);
  if (json === undefined) throw new KeysUnavailable("the issuer's answer is not JSON");
  return json;
}

/** The least that RFC 7518, section 3.3, allows for RS256. */
const MIN_RSA_BITS = 2048;
/** No issuer signs with so many; a bound on what one token may cost. */
const MAX_TRIED = 16;

/** The keys of an issuer's key set. */
interface KeySet {
  /**
   * The keys that a token with this header may be signed by: those with its `kid`, or else those
   * without any; for a token without `kid`, every key of the right kind.
   *
   * @throws JWKSNoMatchingKey when there is none
   * @throws JWKSInvalid when none of them can be used
   */
  fitting(header: JWSHeaderParameters): Promise<readonly CryptoKey[]>;
}

/**
 * Reads a key set. Each key stands alone, so one that cannot be read harms no other, and one that
 * is listed twice is two keys that fit; jose's own choice refuses a token that several fit.
 *
 * @throws JWKSInvalid when it is no key set
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
  /** Undefined too where it is no text, as then no token can name it. */
  readonly kid: string | undefined;
  readonly find: ReturnType<typeof createLocalJWKSet>;
}

/** Jose decides what the key is for (`kty`, `alg`, `use`, `key_ops`, `crv`), and reads it. */
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
