import {
  type CryptoKey,
  createLocalJWKSet,
  errors,
  type JWK,
  type JWSHeaderParameters,
} from 'jose';

/** The least that RFC 7518, section 3.3, allows for RS256. */
const MIN_RSA_BITS = 2048;
/** No issuer signs with so many; a bound on what one token may cost. */
const MAX_TRIED = 16;

/** The keys of an issuer's key set. */
export interface KeySet {
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
export function readKeySet(document: unknown): KeySet {
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
