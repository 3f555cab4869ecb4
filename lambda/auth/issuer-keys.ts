import {
  type CryptoKey,
  createLocalJWKSet,
  errors,
  type JWK,
  type JWSHeaderParameters,
} from 'jose';
import type { AuthorizerConfig } from '../platform/config.ts';
import { createSingleFlight, type Deadline, untilFirstByte } from '../platform/deadline.ts';
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

type Issuer = Pick<AuthorizerConfig, 'issuer' | 'jwksUri'>;

/**
 * The keys of a key set that may have signed a token with this header: those with its `kid`, or else
 * those without any; for a token without `kid`, every key of the right kind.
 *
 * @throws JWKSNoMatchingKey (jose's) if there is none
 * @throws KeysUnavailable if none of them can be used
 */
type FittingKeys = (header: JWSHeaderParameters) => Promise<readonly CryptoKey[]>;

/**
 * Makes the function that finds the keys which may have signed a token with this header. Jose's
 * `createRemoteJWKSet` does not fit: with a stale copy and an issuer that is down it refuses every
 * token, its cool-down counts from the last success, and it reads no OpenID configuration.
 *
 * One fetch runs at a time. A key that the set does not hold causes one more fetch, if the last was
 * long enough ago. A failure is remembered only while there are keys to go on with.
 *
 * @returns throws KeysUnavailable if the keys cannot be told, JWKSNoMatchingKey (jose's) if the
 *   issuer has no such key
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
 */
export function createKeyLookUp(issuer: Issuer) {
  let known: { readonly fitting: FittingKeys; readonly fetchedAt: number } | undefined;
  let failure: { readonly error: KeysUnavailable; readonly at: number } | undefined;
  let jwksUri: URL | undefined;
  const flight = createSingleFlight<FittingKeys>();

  async function fetchKeys(caller: Deadline): Promise<FittingKeys> {
    const deadline = untilFirstByte({ ...caller, firstByteMs: FETCH_MS });
    try {
      jwksUri ??= await findJwksUri(issuer, deadline);
      const fitting = readKeySet(await fetchJson(jwksUri, deadline));
      known = { fitting, fetchedAt: Date.now() };
      failure = undefined;
      return fitting;
    } catch (cause) {
      jwksUri = undefined;
      const unreachable = new KeysUnavailable('the issuer cannot be reached', { cause });
      const error = cause instanceof KeysUnavailable ? cause : unreachable;
      failure = { error, at: Date.now() };
      throw error;
    } finally {
      deadline.dispose();
    }
  }
  const refresh = (deadline: Deadline) => flight.run(deadline, () => fetchKeys(deadline));

  const age = () => (known === undefined ? Number.POSITIVE_INFINITY : Date.now() - known.fetchedAt);
  const failedLately = () => failure !== undefined && Date.now() - failure.at < COOLDOWN_MS;

  /** The newest keys; past their freshness if the issuer is down. */
  async function current(deadline: Deadline): Promise<FittingKeys> {
    if (known && age() < (failedLately() ? KEPT_MS : FRESH_MS)) return known.fitting;
    try {
      return await refresh(deadline);
    } catch (error) {
      if (known === undefined || age() >= KEPT_MS) throw error;
      const reason = error instanceof KeysUnavailable ? error.message : 'no answer in time';
      log.warn("the issuer's known keys go on", { reason });
      return known.fitting;
    }
  }

  return async (header: JWSHeaderParameters, deadline: Deadline) => {
    const fitting = await current(deadline);
    try {
      return await fitting(header);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      if (failure !== undefined && failedLately()) throw failure.error;
      if (age() < COOLDOWN_MS) throw error;
    }
    const renewed = await refresh(deadline);
    return await renewed(header);
  };
}

async function findJwksUri({ issuer, jwksUri }: Issuer, deadline: Deadline): Promise<URL> {
  if (jwksUri !== undefined) return secureUrl(jwksUri);
  const base = issuer.replace(/\/$/, '');
  const configuration = secureUrl(`${base}/.well-known/openid-configuration`);
  const found = await fetchJson(configuration, deadline);
  const document = (found ?? {}) as { issuer?: unknown; jwks_uri?: unknown };
  if (document.issuer !== issuer) {
    const bySlash = document.issuer === base || document.issuer === `${base}/`;
    const hint = bySlash ? ': the two differ by a slash at the end' : '';
    throw new KeysUnavailable(`the OpenID configuration is of another issuer${hint}`);
  }
  const keys = secureUrl(document.jwks_uri);
  // Lambda's own interface listens on this machine, so a remote issuer must not name it.
  if (keys.protocol !== 'https:' && configuration.protocol === 'https:') throw notSecure();
  return keys;
}

function secureUrl(text: unknown): URL {
  const url = typeof text === 'string' ? parseSecureUrl(text) : undefined;
  if (url !== undefined) return url;
  throw notSecure();
}

const notSecure = () => new KeysUnavailable('an address of the issuer is not an https URL');

async function fetchJson({ href: url }: URL, deadline: Deadline): Promise<unknown> {
  const headers = { accept: 'application/json, application/jwk-set+json' };
  const options = { maxBytes: MAX_BYTES, deadline };
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

/**
 * Reads a key set. Each key stands alone, so an unreadable one harms no other, and a key listed
 * twice is two keys that fit. (Jose refuses a token if several keys fit.)
 *
 * @throws KeysUnavailable if it is no key set
 * @see https://www.rfc-editor.org/rfc/rfc7517#section-5
 */
function readKeySet(document: unknown): FittingKeys {
  const listed = (document as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(listed)) throw new KeysUnavailable('the key set is malformed');
  const jwks = listed.filter((entry: unknown): entry is JWK => isObject(entry));
  const keySet = jwks.map(({ kid, ...key }) => ({
    // No token can name a `kid` that is no text.
    kid: typeof kid === 'string' ? kid : undefined,
    // Jose reads the key and decides what it is for (`kty`, `alg`, `use`, `key_ops`, `crv`).
    find: createLocalJWKSet({ keys: [key] }),
  }));
  const byKid = Map.groupBy(keySet, ({ kid }) => kid);

  return async ({ kid, ...header }) => {
    if (kid !== undefined && typeof kid !== 'string') throw new errors.JWKSNoMatchingKey();
    const named = kid === undefined ? keySet : byKid.get(kid);
    const keys: CryptoKey[] = [];
    let unusable = false;
    for (const { find } of named ?? byKid.get(undefined) ?? []) {
      if (keys.length >= MAX_TRIED) break;
      try {
        const key = await find(header);
        const { modulusLength = MIN_RSA_BITS } = key.algorithm as { modulusLength?: number };
        if (modulusLength < MIN_RSA_BITS) unusable = true;
        else keys.push(key);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) unusable = true;
      }
    }
    if (keys.length > 0) return keys;
    throw unusable ? new KeysUnavailable('the key is not usable') : new errors.JWKSNoMatchingKey();
  };
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
