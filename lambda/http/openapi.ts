import type { APIGatewayProxyEvent } from 'aws-lambda';
import * as z from 'zod/mini';
import type { readPublicSettings } from '../platform/config.ts';
import { createDeadline } from '../platform/deadline.ts';
import { send } from '../platform/http-client.ts';
import { parseJson, parseSecureUrl } from '../platform/parse.ts';
import { baseUrlOf } from './request.ts';
import { createRepresentation, type Representation } from './response.ts';

/** The parts of the OpenAPI document that differ between deployments. */
interface Document {
  readonly info: { readonly contact: { url?: string } };
  servers?: readonly object[];
  readonly components?: {
    readonly securitySchemes?: Readonly<Record<string, { readonly flows?: Flows }>>;
  };
}
type Flows = Readonly<Record<string, { tokenUrl?: string }>>;

/**
 * Serves the OpenAPI document with the URLs of this deployment. While an issuer does not tell where
 * it gives tokens, the document keeps its own token URL.
 *
 * @param read reads the document as it was made
 */
export function openApiDocument(
  read: () => string,
  { issuer, contactUrl, ...settings }: Partial<ReturnType<typeof readPublicSettings>>,
): (event: APIGatewayProxyEvent) => Promise<Representation> {
  let { tokenUrl } = settings;
  let original: string | undefined;

  return async (event) => {
    if (issuer !== undefined) tokenUrl ??= await findTokenUrl(issuer);
    original ??= read();
    const document = JSON.parse(original) as Document;
    const url = baseUrlOf(event);
    if (url !== '') document.servers = [{ url }];
    if (contactUrl !== undefined) document.info.contact.url = contactUrl;
    for (const { flows = {} } of Object.values(document.components?.securitySchemes ?? {})) {
      for (const flow of Object.values(flows)) if (tokenUrl) flow.tokenUrl = tokenUrl;
    }
    return createRepresentation(JSON.stringify(document), 'Ask the operator for it.');
  };
}

/** The document is not worth a longer wait; the next request for it asks again. */
const DISCOVERY_MS = 2000;
const MAX_CONFIGURATION_BYTES = 512 * 1024;

const configurationSchema = z.object({ token_endpoint: z.string() });

/**
 * Where the issuer's OpenID configuration says that it gives tokens.
 *
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
 */
async function findTokenUrl(issuer: string): Promise<string | undefined> {
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
