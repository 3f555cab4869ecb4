import type { IncomingHttpHeaders, IncomingMessage, RequestOptions } from 'node:http';
import { pipeline, type Readable } from 'node:stream';
import type { Clock } from './clock.ts';

export interface OutgoingRequest {
  /** `http` or `https`. */
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The head of an answer, with the body still to be read, or destroyed. */
export interface IncomingAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Decoded, where the server encoded it. */
  readonly body: Readable;
}

/** A server that takes no connection for so long is given up. */
const CONNECT_MS = 10_000;

/**
 * Sends a request and gives the answer's head. Redirects are not followed, and connections are
 * kept. Not by `fetch`: loading that takes a third of a cold start.
 *
 * @throws the system's or Node's error, with a `code`; an AbortError when the signal aborts, then
 *   or while the body is read
 */
export async function sendRequest(
  request: OutgoingRequest,
  signal: AbortSignal,
  clock: Clock,
): Promise<IncomingAnswer> {
  const message = await send(request, signal, clock);
  const { statusCode: status = 0, headers } = message;
  return { status, headers, body: await decoded(message) };
}

function send(
  { url, method, headers, body }: OutgoingRequest,
  signal: AbortSignal,
  clock: Clock,
): Promise<IncomingMessage> {
  const options: RequestOptions = {
    method,
    headers: { 'user-agent': 'egain-accounts', 'accept-encoding': 'gzip, br', ...headers },
    signal,
  };
  // Not imported: an import of node:http also loads fetch, which it exports parts of.
  const { request } = url.startsWith('https:')
    ? process.getBuiltinModule('node:https')
    : process.getBuiltinModule('node:http');
  return new Promise((resolve, reject) => {
    const outgoing = request(url, options, resolve);
    outgoing.once('error', reject);
    // A kept connection can also break once the answer is through.
    outgoing.on('error', () => undefined);
    outgoing.once('socket', (socket) => {
      if (!socket.connecting) return;
      const late = () => outgoing.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' }));
      const callOff = clock.after(CONNECT_MS, late);
      outgoing.once('close', callOff);
      socket.once('connect', callOff);
    });
    outgoing.end(body);
  });
}

async function decoded(message: IncomingMessage): Promise<Readable> {
  const encoding = message.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity') return message;
  const { createBrotliDecompress, createUnzip } = await import('node:zlib');
  const decoder = encoding === 'br' ? createBrotliDecompress() : createUnzip();
  return pipeline(message, decoder, () => undefined);
}
