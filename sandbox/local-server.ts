import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** An HTTP server on 127.0.0.1. */
export interface LocalServer {
  /** Without a slash at the end. */
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  /** Stops listening and cuts the connections that are open. */
  readonly close: () => Promise<void>;
}

/**
 * Serves programs of this machine on loopback; answers 403 to what a foreign web page may have sent.
 * A handler that fails costs its own request and nothing else.
 *
 * @param port 0 takes any free port.
 * @throws The system's error, with `code` `EADDRINUSE` when the port is taken.
 */
export function listen(
  handler: Handler,
  port = 0,
  options: ServerOptions = {},
): Promise<LocalServer> {
  const serve: RequestListener = (request, response) => {
    request.on('error', () => undefined);
    const foreign = foreignHeader(request);
    if (foreign !== undefined) {
      const error_description = `${foreign} names another place. This server answers programs of this machine, which call it 127.0.0.1, localhost or [::1], and no foreign web pages.`;
      return sendJson(response, 403, { error: 'forbidden', error_description });
    }
    Promise.resolve()
      .then(() => handler(request, response))
      .catch(() => (response.headersSent ? response.destroy() : sendJson(response, 500, {})));
  };
  const defaults = { keepAliveTimeout: 60_000, requireHostHeader: false };
  const server = createServer({ ...defaults, ...options }, serve);
  // Node would answer these by itself, as it would a request without Host.
  server.on('checkExpectation', serve);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      const bound = (server.address() as AddressInfo).port;
      resolve({
        url: `http://127.0.0.1:${bound}`,
        port: bound,
        server,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
}

/** This machine as a browser names it, with any port. */
const HERE = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/i;
const ORIGIN = /^https?:\/\/([^/]+)$/i;
/** The form of a request target that a proxy is sent. */
const ABSOLUTE_TARGET = /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)/i;

/**
 * The header that shows that a foreign web page may have made a browser send the request.
 *
 * `Host` shows a name that was made to lead to this machine (DNS rebinding). `Origin` shows a page of
 * another site, and is `null` for a sandboxed frame. `Sec-Fetch-Site` covers requests without
 * `Origin`, such as an image. Programs send none of these, or their own; some send no `Host`.
 *
 * @see https://www.w3.org/TR/fetch-metadata/
 */
function foreignHeader(request: IncomingMessage): 'Host' | 'Origin' | 'Sec-Fetch-Site' | undefined {
  // `headers` would keep the first value of each only.
  const sent = (name: string) => request.headersDistinct[name] ?? [];
  const [, target] = ABSOLUTE_TARGET.exec(request.url ?? '') ?? [];
  const hosts = [...sent('host'), ...(target === undefined ? [] : [target])];
  if (!hosts.every((host) => HERE.test(host))) return 'Host';
  const origins = sent('origin').map((origin) => ORIGIN.exec(origin)?.[1] ?? '');
  if (!origins.every((host) => HERE.test(host))) return 'Origin';
  const sites = sent('sec-fetch-site');
  return sites.some((site) => site.toLowerCase() === 'cross-site') ? 'Sec-Fetch-Site' : undefined;
}

/** Reads the whole body; `undefined` when it is longer than `limit` bytes. */
export async function readBody(
  request: IncomingMessage,
  limit = 1_000_000,
): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
    else if (size > limit * 4) return undefined;
  }
  return size > limit ? undefined : Buffer.concat(chunks);
}

/** Answers with `body` as JSON. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = JSON.stringify(body);
  response
    .writeHead(status, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(text),
      ...headers,
    })
    .end(text);
}

/** The client that a token request names, in the body or by Basic (RFC 6749 §2.3.1). */
export function clientOf(
  request: IncomingMessage,
  form: URLSearchParams,
): { readonly id: string; readonly secret: string } {
  const basic = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (basic === undefined) {
    return { id: form.get('client_id') ?? '', secret: form.get('client_secret') ?? '' };
  }
  const [id = '', ...secret] = Buffer.from(basic, 'base64').toString('utf8').split(':');
  return { id: formDecoded(id), secret: formDecoded(secret.join(':')) };
}

function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
