import {
  base64url,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWSHeaderParameters,
  type JWTPayload,
  type JWTVerifyOptions,
  jwtVerify,
  UnsecuredJWT,
} from 'jose';
import type { KeyLookUp } from './issuer-keys.ts';

const ALGORITHMS = ['RS256', 'ES256'];

/** How far ahead of this clock the issuer's may be: applies to `nbf`; `exp` is strict. */
const CLOCK_TOLERANCE_SECONDS = 5;
/** Longer ones are refused unread. */
const MAX_TOKEN_LENGTH = 8192;

/** A token that this API does not take. The message names the check, never what the token says. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
}

/** Which tokens are meant for this API. */
export interface TokenRules {
  readonly issuer: string;
  /** Undefined where the issuer's tokens have no `aud`. */
  readonly audience: string | undefined;
  /**
   * Cognito's access tokens have no `aud`, their `client_id` says whom they are for; its ID tokens
   * are told from them by `token_use`.
   */
  readonly cognito: boolean;
  /** The one claim that names the client; undefined for those that issuers commonly use. */
  readonly clientClaim: string | undefined;
}

/** What a verified token says. */
export interface Bearer {
  /** Undefined when the token names none. */
  readonly clientId: string | undefined;
  /** By their exact names. */
  readonly scopes: ReadonlySet<string>;
}

/**
 * Verifies the value of an `Authorization` header: RS256 or ES256, type, signature, issuer,
 * audience, `exp` (required), `nbf`, and `token_use` where Cognito issued it.
 *
 * @param now milliseconds since the epoch
 * @throws TokenRefused when the token is no good, also while no keys can be had
 * @throws KeysUnavailable when only the signature is left to check and it can't be
 * @see https://www.rfc-editor.org/rfc/rfc8725 — JWT best current practices
 */
export async function verifyToken(
  authorization: string,
  rules: TokenRules,
  keys: KeyLookUp,
  now: number,
): Promise<Bearer> {
  const token = readBearer(authorization);
  try {
    const header = readHeader(token);
    const options = verifyOptions(token, rules, now);
    checkClaims(token, options, rules, now);
    const payload = await verifySignature(token, await keys(header), options);
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
  if (!isAccessTokenType(header.typ)) throw new TokenRefused('typ');
  const alg: unknown = header.alg;
  if (typeof alg !== 'string' || !ALGORITHMS.includes(alg)) throw new TokenRefused('alg');
  return header;
}

/** One of the keys has to fit: an issuer may list several under one `kid`. */
async function verifySignature(
  token: string,
  keys: Awaited<ReturnType<KeyLookUp>>,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  let failure: unknown = new errors.JWKSNoMatchingKey();
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

function verifyOptions(token: string, rules: TokenRules, now: number): JWTVerifyOptions {
  const noAudience = rules.cognito && decodeJwt(token).aud === undefined;
  return {
    algorithms: ALGORITHMS,
    issuer: rules.issuer,
    requiredClaims: ['exp'],
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    currentDate: new Date(now),
    ...(noAudience || rules.audience === undefined ? {} : { audience: rules.audience }),
  };
}

/**
 * Looks at the claims before the signature, over the very bytes that are verified after: a token
 * that its own words condemn is refused while the issuer is down, and costs no look-up of keys.
 */
function checkClaims(
  token: string,
  options: JWTVerifyOptions,
  rules: TokenRules,
  now: number,
): void {
  const unsigned = `${base64url.encode('{"alg":"none"}')}.${token.split('.')[1]}.`;
  const { payload } = UnsecuredJWT.decode(unsigned, options);
  if (Number(payload.exp) * 1000 <= now) throw new TokenRefused('exp');
  if (rules.cognito && payload['token_use'] !== 'access') throw new TokenRefused('token_use');
  if (isIdToken(payload)) throw new TokenRefused('ID token');
}

function reasonOf(error: errors.JOSEError): string {
  const byClaim =
    error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired;
  return byClaim ? error.claim : error.code;
}

/** Where issuers name the client that a token was issued to, the surest first. */
const CLIENT_CLAIMS = ['client_id', 'azp', 'appid', 'cid'];
/** Only ID tokens have these: they bind one to its code, its access token or its request. */
const ID_TOKEN_CLAIMS = ['at_hash', 'c_hash', 's_hash', 'nonce'];

/**
 * Which client the token was issued to. The first of the claims that the token has decides, also
 * where it holds no text: falling through to the next would let the token choose.
 *
 * @param clientClaim the one claim to look at in their place
 * @returns undefined when the claim that decides is missing or no text
 */
function readClientId(payload: JWTPayload, clientClaim?: string): string | undefined {
  const claims = clientClaim === undefined ? CLIENT_CLAIMS : [clientClaim];
  const found = claims.find((claim) => Object.hasOwn(payload, claim));
  // A subject may be a person, or the client of another application.
  const id = found === undefined ? clientClaim === undefined && payload.sub : payload[found];
  return typeof id === 'string' ? id : undefined;
}

/**
 * What the token grants, by exact names: `scope` (RFC 9068), else `scp`, each as a text with spaces
 * or as a list, else `roles`, a list: what Entra grants to an application.
 */
function readScopes(payload: JWTPayload): ReadonlySet<string> {
  const claim = ['scope', 'scp', 'roles'].find((name) => Object.hasOwn(payload, name));
  const said = claim === undefined ? undefined : payload[claim];
  if (Array.isArray(said)) return new Set(said.filter((item) => typeof item === 'string'));
  const isText = typeof said === 'string' && claim !== 'roles';
  return new Set(isText ? said.split(' ') : []);
}

/** Whether a header's `typ` is one that access tokens have (RFC 7515, 4.1.9; RFC 9068, 2.1). */
function isAccessTokenType(typ: unknown): boolean {
  if (typ === undefined) return true;
  return typeof typ === 'string' && /^(jwt|(application\/)?at\+jwt)$/i.test(typ);
}

/** Whether the claims are an ID token's, which tells a client who somebody is and opens nothing. */
function isIdToken(payload: JWTPayload): boolean {
  const says = payload['token_use'] === 'id' || payload['typ'] === 'ID';
  return says || ID_TOKEN_CLAIMS.some((claim) => Object.hasOwn(payload, claim));
}
