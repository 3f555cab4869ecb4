import type { APIGatewayProxyEvent } from 'aws-lambda';
import * as z from 'zod/mini';
import { createDeadline } from '../platform/deadline.ts';
import { send } from '../platform/http-client.ts';
import { parseJson, parseSecureUrl } from '../platform/parse.ts';
import { createRepresentation, type Representation } from './representation.ts';
import { contextOf } from './request.ts';

/** The parts of the OpenAPI document that differ between deployments. */
interface Document {
  readonly info: { readonly contact: { url?: string } };
  servers?: readonly object[];
  readonly components?: {
    readonly securitySchemes?: Readonly<Record<string, { readonly flows?: Flows }>>;
  };
}
type Flows = Readonly<Record<string, { tokenUrl?: string }>>;

/** A container serves one stage, under its own name and perhaps a custom one. */
const MAX_KEPT = 10;

/**
 * Serves the OpenAPI document with the URLs of this deployment: the server that received the
 * request, and where partners get their tokens.
 *
 * @param read reads the document as it was made
 * @param tokenUrl finds where partners get tokens; if it finds nothing, the document keeps its own
 * @param contactUrl where partners ask for help
 * @throws what `read` throws
 */
export function openApiDocument(
  read: () => string,
  tokenUrl: () => Promise<string | undefined>,
  contactUrl?: string,
): (event: APIGatewayProxyEvent) => Promise<Representation> {
  const kept = new Map<string, Representation>();
  let original: string | undefined;

  return async (event) => {
    const url = serverUrl(event);
    const token = await tokenUrl();
    const known = kept.get(url);
    if (known !== undefined) return known;
    original ??= read();
    const document = JSON.parse(original) as Document;
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
 * The URL of the API: the host that API Gateway serves and the path before the route (the stage, or
 * under a custom domain the mapping). It is never made from a header. Empty if the event does not
 * say.
 */
function serverUrl(event: APIGatewayProxyEvent): string {
  const { resource } = event;
  const { domainName, path } = contextOf(event);
  if (!domainName || !path?.endsWith(resource)) return '';
  const scheme = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::|$)/.test(domainName) ? 'http' : 'https';
  return `${scheme}://${domainName}${path.slice(0, -resource.length)}`;
}

/** The document is not worth a longer wait; the next request for it asks again. */
const DISCOVERY_MS = 2000;
const MAX_CONFIGURATION_BYTES = 512 * 1024;

const configurationSchema = z.object({ token_endpoint: z.string() });

/**
 * Finds where partners get their tokens. A container that has found it does not ask again.
 *
 * @param tokenUrl the token URL, if the stack makes the issuer
 * @param issuer the issuer that the stage config names; its OpenID configuration has the token URL
 * @returns undefined if the issuer does not tell
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
 */
export function publicTokenUrl({
  tokenUrl,
  issuer,
}: {
  readonly tokenUrl: string | undefined;
  readonly issuer: string | undefined;
}): () => Promise<string | undefined> {
  let known = tokenUrl;
  return async () => {
    if (known === undefined && issuer !== undefined) known = await discover(issuer);
    return known;
  };
}

async function discover(issuer: string): Promise<string | undefined> {
  const url = parseSecureUrl(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)?.href;
  if (url === undefined) return undefined;
  const deadline = createDeadline(Number.POSITIVE_INFINITY, { longestMs: DISCOVERY_MS });
  const request = { url, method: 'GET', headers: { accept: 'application/json' } } as const;
  try {
    const { status, text } = await send(request, { maxBytes: MAX_CONFIGURATION_BYTES, deadline });
    const found = z.safeParse(configurationSchema, status === 200 ? parseJson(text) : undefined);
    return found.success ? parseSecureUrl(found.data.token_endpoint)?.href : undefined;
  } catch {
    // The document is served without it.
    return undefined;
  } finally {
    deadline.dispose();
  }
}
