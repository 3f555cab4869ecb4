import type { IncomingMessage, RequestOptions } from 'node:http';
import { pipeline, type Readable, type Transform } from 'node:stream';
import type { Clock, Deadline } from './deadline.ts';

export interface HttpRequest {
  /** `http` or `https`. */
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface SendOptions {
  /** The most that the body of a 2xx may hold, in decoded bytes. */
  readonly maxBytes: number;
  /** Its signal ends the waiting. */
  readonly deadline: Pick<Deadline, 'signal'>;
  readonly clock: Clock;
  /** How long to wait for the response's head, in milliseconds. */
  readonly firstByteMs?: number;
  /** Over a new connection, whatever connections are kept. */
  readonly fresh?: boolean;
}

/** The headers of a response; one that came repeatedly is one list. */
export interface ResponseHeaders {
  /** The header's value, whatever the case of its name; null where there is none. */
  get(name: string): string | null;
}

/** Why a body could not be read; its status and headers hold all the same. */
export type UnreadBody = 'too-large' | 'not-utf-8' | 'undecodable' | 'cut-off';

export interface HttpResponse {
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** The body, decoded and without a byte order mark; null where it could not be read. */
  readonly text: string | null;
  readonly unread?: UnreadBody;
}

/** No connection, or none that held until the response began. */
export class ConnectionFailed extends Error {
  override readonly name = 'ConnectionFailed';
  /** The system's or Node's error code. */
  readonly code: string | undefined;
  /** Whether it went over a connection kept from an earlier request. */
  readonly reusedSocket: boolean;

  constructor(cause: unknown, reusedSocket: boolean) {
    super('the connection failed', { cause });
    this.code = errorCode(cause);
    this.reusedSocket = reusedSocket;
  }
}

/** The response did not begin within `firstByteMs`. */
export class BeginTimeout extends Error {
  override readonly name = 'BeginTimeout';
}

/** A server that takes no connection for so long is given up. */
const CONNECT_MS = 10_000;
/** What the body of an error may hold: an envelope of 30 rows of 255 characters is far below it. */
const MAX_ERROR_BYTES = 256 * 1024;
/** How long the body of an error is waited for, whose status says the most of it. */
const ERROR_BODY_MS = 5000;
/** A body is seldom encoded twice, and never for a good reason more often. */
const MAX_CODINGS = 4;

/**
 * Sends a request and reads the response whole. Redirects are not followed, since credentials must
 * not leave for another origin, and connections are kept. Not by `fetch`: loading that takes a
 * third of a cold start.
 *
 * @throws ConnectionFailed, BeginTimeout
 * @throws the signal's reason when it aborts
 */
export async function send(request: HttpRequest, options: SendOptions): Promise<HttpResponse> {
  const { signal } = options.deadline;
  signal.throwIfAborted();
  const message = await begin(request, options);
  const { statusCode: status = 0, headers } = message;
  const body = await readBody(message, options);
  return { status, headers: { get: (name) => valueOf(headers[name.toLowerCase()]) }, ...body };
}

/** As `send` does. */
export type Send = typeof send;

/** The system's or Node's code of an error; nothing of its message, which may quote a header. */
export function errorCode(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : undefined;
}

function begin(
  { url, method, headers, body }: HttpRequest,
  { deadline: { signal }, clock, firstByteMs, fresh = false }: SendOptions,
): Promise<IncomingMessage> {
  const options: RequestOptions = {
    method,
    headers: { 'user-agent': 'egain-accounts', 'accept-encoding': 'gzip, br', ...headers },
    signal,
    ...(fresh && { agent: false }),
  };
  // Not imported: an import of node:http also loads fetch, which it exports parts of.
  const { request } = url.startsWith('https:')
    ? process.getBuiltinModule('node:https')
    : process.getBuiltinModule('node:http');
  return new Promise((resolve, reject) => {
    const outgoing = request(url, options, (message) => {
      stopWaiting();
      resolve(message);
    });
    const giveUp = () => outgoing.destroy(new BeginTimeout('the response did not begin in time'));
    const stopWaiting =
      firstByteMs === undefined ? () => undefined : clock.after(firstByteMs, giveUp);
    // Stays on: a kept connection can also break once the response is through.
    outgoing.on('error', (error) => {
      stopWaiting();
      if (signal.aborted) reject(signal.reason);
      else if (error instanceof BeginTimeout) reject(error);
      else reject(new ConnectionFailed(error, outgoing.reusedSocket));
    });
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

/** Counts decoded bytes as they come, so that a small compressed body cannot fill the memory. */
async function readBody(
  message: IncomingMessage,
  { maxBytes, deadline: { signal }, clock }: SendOptions,
): Promise<Pick<HttpResponse, 'text' | 'unread'>> {
  const { statusCode: status = 0 } = message;
  const succeeded = status >= 200 && status < 300;
  const most = succeeded ? maxBytes : Math.min(maxBytes, MAX_ERROR_BYTES);
  const late = () => message.destroy(new Error('the body did not come in time'));
  const callOff = succeeded ? () => undefined : clock.after(ERROR_BODY_MS, late);
  const body = decode(message);
  if (body === undefined) {
    callOff();
    message.destroy();
    return { text: null, unread: 'undecodable' };
  }
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  let bytes = 0;
  try {
    for await (const chunk of body.stream as AsyncIterable<Buffer>) {
      bytes += chunk.byteLength;
      // Leaving the loop destroys the stream, and with it the transfer.
      if (bytes > most) return { text: null, unread: 'too-large' };
      text += decoder.decode(chunk, { stream: true });
    }
    return { text: text + decoder.decode() };
  } catch {
    signal.throwIfAborted();
    return { text: null, unread: body.failure() ?? 'not-utf-8' };
  } finally {
    callOff();
  }
}

interface DecodedBody {
  readonly stream: Readable;
  /** What broke the stream; undefined while nothing has. */
  failure(): UnreadBody | undefined;
}

/**
 * Undoes the content codings that are known, the last one first. What is not known, or empty, is
 * taken for no coding at all, as servers send `utf-8` or `none` there.
 *
 * @returns undefined where there are too many
 * @see RFC 9110, section 8.4
 */
function decode(message: IncomingMessage): DecodedBody | undefined {
  const names = (message.headers['content-encoding'] ?? '').toLowerCase().split(',');
  const known = names.map((name) => DECODERS.get(name.trim())).filter((make) => make !== undefined);
  if (known.length > MAX_CODINGS) return undefined;
  let failure: UnreadBody | undefined;
  message.once('error', () => {
    failure ??= 'cut-off';
  });
  const decoders = known.toReversed().map((make) => make());
  for (const decoder of decoders) {
    decoder.once('error', () => {
      failure ??= 'undecodable';
    });
  }
  const last = decoders.at(-1);
  // The reader of the last one learns of an error there.
  if (last !== undefined) pipeline([message, ...decoders], () => undefined);
  return { stream: last ?? message, failure: () => failure };
}

/** What ends early for a decoder, as gzip without its trailer does, is given as far as it goes. */
const unzip = (): Transform => {
  const { constants, createUnzip } = process.getBuiltinModule('node:zlib');
  return createUnzip({ finishFlush: constants.Z_SYNC_FLUSH });
};
const DECODERS: ReadonlyMap<string, () => Transform> = new Map([
  ['br', () => process.getBuiltinModule('node:zlib').createBrotliDecompress()],
  ['deflate', unzip],
  ['gzip', unzip],
  ['x-gzip', unzip],
]);

function valueOf(header: string | readonly string[] | undefined): string | null {
  return header === undefined ? null : [header].flat().join(', ');
}
