import {
  base64url,
  type CryptoKey,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWSHeaderParameters,
  type JWTPayload,
  type JWTVerifyOptions,
  jwtVerify,
  UnsecuredJWT,
} from 'jose';
import type { AuthorizerConfig } from '../platform/config.ts';

const ALGORITHMS = ['RS256', 'ES256'];
/** The types of access tokens (RFC 7515, 4.1.9; RFC 9068, 2.1). */
const TYPES = /^(jwt|(application\/)?at\+jwt)$/i;
/** Only ID tokens have these claims, which bind them to a code, an access token or a request. */
const ID_TOKEN_CLAIMS = ['at_hash', 'c_hash', 's_hash', 'nonce'];

/** How far the issuer's clock may be ahead. It applies to `nbf`; `exp` is strict. */
const CLOCK_TOLERANCE_SECONDS = 5;
/** Longer tokens are refused unread. */
const MAX_TOKEN_LENGTH = 8192;

/** Thrown for a token that this API refuses. The message names the check, never the token's text. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
}

interface TokenRules extends Pick<AuthorizerConfig, 'issuer' | 'audience' | 'clientClaim'> {
  /**
   * Whether the issuer is a Cognito pool. Its access tokens have no `aud` but a `client_id`, and
   * `token_use` tells them from ID tokens.
   */
  readonly cognito: boolean;
}

interface Bearer {
  /** Undefined if the token names none. */
  readonly clientId: string | undefined;
  /** By their exact names. */
  readonly scopes: ReadonlySet<string>;
}

/**
 * Verifies the value of an `Authorization` header: RS256 or ES256, type, signature, issuer,
 * audience, `exp` (required), `nbf`, and `token_use` where Cognito issued it.
 *
 * @throws TokenRefused if the token is bad; its own words are enough for that without any keys
 * @throws KeysUnavailable if only the signature is left to check and there are no keys for it
 * @see https://www.rfc-editor.org/rfc/rfc8725 — JWT best current practices
 */
export async function verifyToken(
  authorization: string,
  rules: TokenRules,
  lookUp: (header: JWSHeaderParameters) => Promise<readonly CryptoKey[]>,
): Promise<Bearer> {
  const token = readBearer(authorization);
  try {
    const header = readHeader(token);
    const options = checkClaims(token, rules);
    const payload = await verifySignature(token, await lookUp(header), options);
    return { clientId: readClientId(payload, rules.clientClaim), scopes: readScopes(payload) };
  } catch (error) {
    throw error instanceof errors.JOSEError ? new TokenRefused(reasonOf(error)) : error;
  }
}

function readBearer(authorization: string): string {
  if (authorization.length > MAX_TOKEN_LENGTH) throw new TokenRefused('too long');
  const match = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization);
  if (match?.[1] === undefined) throw new TokenRefused('not a bearer token');
  return match[1];
}

function readHeader(token: string): JWSHeaderParameters {
  let header: JWSHeaderParameters;
  try {
    header = decodeProtectedHeader(token);
  } catch {
    throw new TokenRefused('header');
  }
  const { typ, alg }: { readonly typ?: unknown; readonly alg?: unknown } = header;
  const isAccessToken = typ === undefined || (typeof typ === 'string' && TYPES.test(typ));
  if (!isAccessToken) throw new TokenRefused('typ');
  if (typeof alg !== 'string' || !ALGORITHMS.includes(alg)) throw new TokenRefused('alg');
  return header;
}

/** One of the keys has to fit. An issuer may list several under one `kid`. */
async function verifySignature(
  token: string,
  keys: readonly CryptoKey[],
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  let failure: unknown;
  for (const key of keys) {
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
      failure = error;
    }
  }
  throw failure;
}

/**
 * Checks the claims before the signature, over the same bytes: an expired token is refused even
 * while the issuer is down, and costs no look-up of keys.
 *
 * @returns what the signature's check demands of them again
 */
function checkClaims(token: string, { cognito, issuer, audience }: TokenRules): JWTVerifyOptions {
  const noAudience = audience === undefined || (cognito && decodeJwt(token).aud === undefined);
  const options = {
    algorithms: ALGORITHMS,
    issuer,
    requiredClaims: ['exp'],
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    ...(noAudience ? {} : { audience }),
  };
  const unsigned = `${base64url.encode('{"alg":"none"}')}.${token.split('.')[1]}.`;
  const { payload } = UnsecuredJWT.decode(unsigned, options);
  if (Number(payload.exp) * 1000 <= Date.now()) throw new TokenRefused('exp');
  if (cognito && payload['token_use'] !== 'access') throw new TokenRefused('token_use');
  const says = payload['token_use'] === 'id' || payload['typ'] === 'ID';
  const isIdToken = says || ID_TOKEN_CLAIMS.some((claim) => Object.hasOwn(payload, claim));
  if (isIdToken) throw new TokenRefused('ID token');
  return options;
}

function reasonOf(error: errors.JOSEError): string {
  const byClaim =
    error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired;
  return byClaim ? error.claim : error.code;
}

/** The claims in which issuers name the client of a token, the most reliable first. */
const CLIENT_CLAIMS = ['client_id', 'azp', 'appid', 'cid'];

/**
 * The client that the token was issued to. The first claim that it has decides, even if that is not
 * a text: going on to the next would let the token choose.
 *
 * @param clientClaim the only claim to look at
 */
function readClientId(payload: JWTPayload, clientClaim?: string): string | undefined {
  const claims = clientClaim === undefined ? CLIENT_CLAIMS : [clientClaim];
  const found = claims.find((claim) => Object.hasOwn(payload, claim));
  // A subject may be a person, or the client of another application.
  const id = found === undefined ? clientClaim === undefined && payload.sub : payload[found];
  return typeof id === 'string' ? id : undefined;
}

/**
 * The scopes that the token grants, by exact names: `scope` (RFC 9068), else `scp`, each a text with
 * spaces or a list, else `roles`, a list that Entra issues to applications.
 */
function readScopes(payload: JWTPayload): ReadonlySet<string> {
  const claim = ['scope', 'scp', 'roles'].find((name) => Object.hasOwn(payload, name));
  const said = claim === undefined ? undefined : payload[claim];
  if (Array.isArray(said)) return new Set(said.filter((item) => typeof item === 'string'));
  const isText = typeof said === 'string' && claim !== 'roles';
  return new Set(isText ? said.split(' ') : []);
}
