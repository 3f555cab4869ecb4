import type { JWTPayload } from 'jose';

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
export function readClientId(payload: JWTPayload, clientClaim?: string): string | undefined {
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
export function readScopes(payload: JWTPayload): ReadonlySet<string> {
  const claim = ['scope', 'scp', 'roles'].find((name) => Object.hasOwn(payload, name));
  const said = claim === undefined ? undefined : payload[claim];
  if (Array.isArray(said)) return new Set(said.filter((item) => typeof item === 'string'));
  const isText = typeof said === 'string' && claim !== 'roles';
  return new Set(isText ? said.split(' ') : []);
}

/** Whether a header's `typ` is one that access tokens have (RFC 7515, 4.1.9; RFC 9068, 2.1). */
export function isAccessTokenType(typ: unknown): boolean {
  if (typ === undefined) return true;
  return typeof typ === 'string' && /^(jwt|(application\/)?at\+jwt)$/i.test(typ);
}

/** Whether the claims are an ID token's, which tells a client who somebody is and opens nothing. */
export function isIdToken(payload: JWTPayload): boolean {
  const says = payload['token_use'] === 'id' || payload['typ'] === 'ID';
  return says || ID_TOKEN_CLAIMS.some((claim) => Object.hasOwn(payload, claim));
}
