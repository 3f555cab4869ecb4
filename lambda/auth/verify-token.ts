import type { JWTVerifyGetKey, JWTVerifyOptions } from 'jose';
import { base64url, decodeJwt, errors, type JWTPayload, jwtVerify, UnsecuredJWT } from 'jose';

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
}

/** What a verified token says. */
export interface Bearer {
  /** `client_id`, else `azp`, else `sub`; undefined when that claim is not a string. */
  readonly clientId: string | undefined;
  /** By their exact names. */
  readonly scopes: ReadonlySet<string>;
}

/**
 * Verifies the value of an `Authorization` header: RS256 or ES256, signature, issuer, audience,
 * `exp` (required), `nbf`, and `token_use` where Cognito issued it.
 *
 * @param now milliseconds since the epoch
 * @throws TokenRefused when the token is no good, also while no keys can be had
 * @throws KeysUnavailable when only the signature is left to check and it can't be
 * @see https://www.rfc-editor.org/rfc/rfc8725 — JWT best current practices
 */
export async function verifyToken(
  authorization: string,
  rules: TokenRules,
  keys: JWTVerifyGetKey,
  now: number,
): Promise<Bearer> {
  const token = readBearer(authorization);
  try {
    const options = verifyOptions(token, rules, now);
    checkClaims(token, options, rules, now);
    const { payload } = await jwtVerify(token, keys, options);
    return { clientId: readClientId(payload), scopes: readScopes(payload) };
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

function verifyOptions(token: string, rules: TokenRules, now: number): JWTVerifyOptions {
  const noAudience = rules.cognito && decodeJwt(token).aud === undefined;
  return {
    algorithms: ['RS256', 'ES256'],
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
}

function readClientId(payload: JWTPayload): string | undefined {
  const id = payload['client_id'] ?? payload['azp'] ?? payload.sub;
  return typeof id === 'string' ? id : undefined;
}

/** `scope` as in RFC 9068; without it `scp`, a string or a list, as Okta and Entra write it. */
function readScopes(payload: JWTPayload): ReadonlySet<string> {
  const said = payload['scope'] ?? payload['scp'];
  if (Array.isArray(said)) return new Set(said.filter((item) => typeof item === 'string'));
  return new Set(typeof said === 'string' ? said.split(' ') : []);
}

function reasonOf(error: errors.JOSEError): string {
  const byClaim =
    error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired;
  return byClaim ? error.claim : error.code;
}
