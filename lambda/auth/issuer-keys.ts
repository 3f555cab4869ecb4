import {
  type CryptoKey,
  createLocalJWKSet,
  errors,
  type JWK,
  type JWSHeaderParameters,
} from 'jose';
import type { AuthorizerConfig } from '../platform/config.ts';
import { type Deadline, singleFlight, withPatience } from '../platform/deadline.ts';
import { send, UnreadableAnswer } from '../platform/http-client.ts';
import { log } from '../platform/log.ts';
import { isRecord, parseJson, parseSecureUrl } from '../platform/parse.ts';

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
 * The keys that may have signed a token with this header: those with its `kid`, or else those
 * without any; for a token without `kid`, every key of the right kind.
 *
 * @throws JWKSNoMatchingKey (jose's) if there is none
 * @throws KeysUnavailable if none of them can be used
 */
type FittingKeys = (header: JWSHeaderParameters) => Promise<readonly CryptoKey[]>;

/**
 * Makes the function that finds the keys which may have signed a token with this header. A key that
 * the set does not hold causes one more fetch, if the last was long enough ago. A failure is
 * remembered only while there are keys to go on with.
 *
 * Jose's `createRemoteJWKSet` does not fit: with a stale copy and an issuer that is down it refuses
 * every token, its cool-down counts from the last success, and it reads no OpenID configuration.
 *
 * @returns throws as `FittingKeys` does
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
 */
export function createKeyLookUp(issuer: Issuer) {
  let known: { readonly fitting: FittingKeys; readonly fetchedAt: number } | undefined;
  let failure: { readonly error: KeysUnavailable; readonly at: number } | undefined;
  let jwksUri: URL | undefined;

  const refresh = singleFlight(async (caller: Deadline): Promise<FittingKeys> => {
    try {
      const fitting = await withPatience({ ...caller, patienceMs: FETCH_MS }, async (deadline) => {
        jwksUri ??= await findJwksUri(issuer, deadline);
        return readKeySet(await fetchJson(jwksUri, deadline));
      });
      known = { fitting, fetchedAt: Date.now() };
      failure = undefined;
      return fitting;
    } catch (cause) {
      jwksUri = undefined;
      const error = unavailable(cause);
      failure = { error, at: Date.now() };
      throw error;
    }
  });

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

function unavailable(cause: unknown): KeysUnavailable {
  if (cause instanceof KeysUnavailable) return cause;
  const reason =
    cause instanceof UnreadableAnswer
      ? `the issuer's answer is not HTTP: ${cause.code}`
      : 'the issuer cannot be reached';
  return new KeysUnavailable(reason, { cause });
}

async function findJwksUri({ issuer, jwksUri }: Issuer, deadline: Deadline): Promise<URL> {
  if (jwksUri !== undefined) return secureUrl(jwksUri);
  const base = issuer.replace(/\/$/, '');
  const configuration = secureUrl(`${base}/.well-known/openid-configuration`);
  const found = await fetchJson(configuration, deadline);
  const document = isRecord(found) ? found : {};
  if (document['issuer'] !== issuer) {
    const bySlash = [base, `${base}/`].includes(String(document['issuer']));
    const hint = bySlash ? ': the two differ by a slash at the end' : '';
    throw new KeysUnavailable(`the OpenID configuration is of another issuer${hint}`);
  }
  // Lambda's own interface listens on this machine, so a remote issuer must not name it.
  return secureUrl(document['jwks_uri'], configuration.protocol);
}

/** @param protocol what the URL must have if it is `https:` */
function secureUrl(text: unknown, protocol = 'http:'): URL {
  const url = typeof text === 'string' ? parseSecureUrl(text) : undefined;
  if (url && (url.protocol === 'https:' || protocol === 'http:')) return url;
  throw new KeysUnavailable('an address of the issuer is not an https URL');
}

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
 * Reads a key set. Jose decides what each key is for (`kty`, `alg`, `use`, `key_ops`, `crv`); an
 * unreadable key harms no other.
 *
 * @throws KeysUnavailable if it is no key set
 * @see https://www.rfc-editor.org/rfc/rfc7517#section-5
 */
function readKeySet(document: unknown): FittingKeys {
  const listed = isRecord(document) ? document['keys'] : undefined;
  if (!Array.isArray(listed)) throw new KeysUnavailable('the key set is malformed');
  const jwks = listed.filter((entry): entry is JWK => isRecord(entry));
  const all = createLocalJWKSet({ keys: jwks });
  const unnamed = createLocalJWKSet({ keys: jwks.filter(({ kid }) => typeof kid !== 'string') });

  return async ({ kid, ...header }) => {
    const isUnknown = typeof kid === 'string' && !jwks.some((jwk) => jwk.kid === kid);
    const found = isUnknown
      ? unnamed(header)
      : all({ ...header, ...(kid !== undefined && { kid }) });
    const keys = (await eachOf(found)).filter(({ algorithm }) => {
      const { modulusLength = MIN_RSA_BITS } = algorithm as { modulusLength?: number };
      return modulusLength >= MIN_RSA_BITS;
    });
    if (keys.length === 0) throw new KeysUnavailable('the key is not usable');
    return keys;
  };
}

/** The key that jose finds, or each that can be read where several fit. */
async function eachOf(found: Promise<CryptoKey>): Promise<CryptoKey[]> {
  const keys: CryptoKey[] = [];
  try {
    keys.push(await found);
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) throw error;
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) return [];
    for await (const key of error) {
      keys.push(key);
      if (keys.length === MAX_TRIED) break;
    }
  }
  return keys;
}
