import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { foreignCaller } from './callers.ts';

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
 * Serves on loopback, programs of this machine alone: what a web page of elsewhere may have sent is
 * answered 403. A handler that fails costs its own request and nothing else.
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
    const foreign = foreignCaller(request);
    if (foreign !== undefined) return refuseForeign(response, foreign);
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

function refuseForeign(response: ServerResponse, header: string): void {
  sendJson(response, 403, {
    error: 'forbidden',
    error_description: `${header} names another place. This server is for programs of this machine, which call it 127.0.0.1, localhost or [::1], and not for web pages of elsewhere.`,
  });
}

/** Reads a body whole; `undefined` when it is longer than `limit` bytes. */
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
