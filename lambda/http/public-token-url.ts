import * as z from 'zod/mini';
import type { Clock } from '../platform/clock.ts';
import { send } from '../platform/http-client.ts';
import { parseJson } from '../platform/json.ts';
import { parseSecureUrl } from '../platform/secure-url.ts';

/** The contract is not worth a longer wait; the next request for it asks again. */
const DISCOVERY_MS = 2000;
const MAX_BYTES = 512 * 1024;

const configurationSchema = z.object({ token_endpoint: z.string() });

/** Where partners get their tokens, as far as the environment tells. */
export interface TokenUrlSource {
  /** The token URL itself, where the stack makes the issuer. */
  readonly tokenUrl: string | undefined;
  /** The issuer that the stage config names. Its OpenID configuration has the token URL. */
  readonly issuer: string | undefined;
}

/**
 * Finds where partners get their tokens: once, since an issuer does not move; not again within a
 * container that has found it.
 *
 * @returns undefined where it can't be told
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
 */
export function publicTokenUrl(
  { tokenUrl, issuer }: TokenUrlSource,
  clock: Clock,
): () => Promise<string | undefined> {
  let known = tokenUrl;
  return async () => {
    if (known === undefined && issuer !== undefined) known = await discover(issuer, clock);
    return known;
  };
}

async function discover(issuer: string, clock: Clock): Promise<string | undefined> {
  const configuration = parseSecureUrl(
    `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
  );
  if (configuration === undefined) return undefined;
  const timeout = new AbortController();
  const callOff = clock.after(DISCOVERY_MS, () => timeout.abort());
  try {
    const { status, text } = await send(
      { url: configuration.href, method: 'GET', headers: { accept: 'application/json' } },
      { maxBytes: MAX_BYTES, deadline: { signal: timeout.signal }, clock },
    );
    const found = z.safeParse(configurationSchema, status === 200 ? parseJson(text) : undefined);
    return found.success ? parseSecureUrl(found.data.token_endpoint)?.href : undefined;
  } catch {
    // The document is served without it.
    return undefined;
  } finally {
    callOff();
  }
}
