import type { APIGatewayProxyEvent } from 'aws-lambda';
import * as z from 'zod/mini';
import type { Clock } from '../platform/deadline.ts';
import { send } from '../platform/http-client.ts';
import { lazy, parseJson, parseSecureUrl } from '../platform/util.ts';
import { createRepresentation, type Representation } from './response.ts';

/** As much of the document as is this deployment's own. */
interface Document {
  readonly info: { readonly contact: { url?: string } };
  servers?: readonly object[];
  readonly components?: {
    readonly securitySchemes?: Readonly<Record<string, { readonly flows?: Flows }>>;
  };
}
type Flows = Readonly<Record<string, { tokenUrl?: string }>>;

type DocumentEvent = Pick<APIGatewayProxyEvent, 'requestContext' | 'resource'>;

/** A container serves one stage, under its own name and perhaps a custom one. */
const MAX_KEPT = 10;

/**
 * Serves the OpenAPI document with the URLs of this deployment in it: the server by which it was
 * asked for, and where partners get their tokens.
 *
 * @param read gives the document as it was made
 * @param tokenUrl gives where partners get tokens; where that is not known, the document's own stays
 * @param contactUrl where partners ask
 * @throws whatever `read` does
 */
export function openApiDocument(
  read: () => string,
  tokenUrl: () => Promise<string | undefined>,
  contactUrl?: string,
): (event: DocumentEvent) => Promise<Representation> {
  const original = lazy(read);
  const kept = new Map<string, Representation>();

  return async (event) => {
    const url = serverUrl(event);
    const token = await tokenUrl();
    const known = kept.get(url);
    if (known !== undefined) return known;
    const document = JSON.parse(original()) as Document;
    if (url !== '') document.servers = [{ url }];
    if (contactUrl !== undefined) document.info.contact.url = contactUrl;
    for (const { flows = {} } of Object.values(document.components?.securitySchemes ?? {})) {
      for (const flow of Object.values(flows)) if (token) flow.tokenUrl = token;
    }
    const body = JSON.stringify(document);
    const made = createRepresentation({ body, headers: {} }, 'Ask the operator for it.');
    if (kept.size < MAX_KEPT && token !== undefined) kept.set(url, made);
    return made;
  };
}

/**
 * The URL of the API: the host that API Gateway serves, and the path up to the route, which is the
 * stage, or under a custom domain the mapping. No header is trusted with it. Empty for an event
 * that does not say.
 */
function serverUrl({ requestContext, resource }: DocumentEvent): string {
  // What an event of the gateway always has may be missing from one made by hand in a console.
  const context: Partial<Pick<typeof requestContext, 'domainName' | 'path'>> | undefined =
    requestContext;
  const { domainName, path } = context ?? {};
  if (!domainName || !path?.endsWith(resource)) return '';
  const scheme = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::|$)/.test(domainName) ? 'http' : 'https';
  return `${scheme}://${domainName}${path.slice(0, -resource.length)}`;
}

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
      { maxBytes: MAX_BYTES, deadline: { signal: timeout.signal, clock } },
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
