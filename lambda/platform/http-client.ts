import type { Agent, IncomingMessage, RequestOptions } from 'node:http';
import { readAwsKeys } from './config.ts';
import { type Deadline, systemClock } from './deadline.ts';

/** A request that the product sends: to eGain, its token endpoint, the issuer or AWS. */
export interface HttpCall {
  /** `http` or `https`. */
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface CallOptions {
  /** The most that the body of a 2xx may hold, in bytes, decoded or not. */
  readonly maxBytes: number;
  /** Its signal ends the waiting, and its clock measures it. */
  readonly deadline: Pick<Deadline, 'signal' | 'clock'>;
  /** Called before the request is sent once more over a new connection. What it throws ends the call. */
  readonly onReconnect?: () => Promise<void>;
  /**
   * Whether the request may be sent once more where a kept connection was closed under it: then
   * nobody knows whether it has been carried out. Default true.
   */
  readonly mayRepeat?: boolean;
}

/** Header values by their names in lower case; several values of one name are joined by commas. */
type AnswerHeaders = Readonly<Record<string, string>>;

/** Why a body could not be read. Its status and headers count all the same. */
export type UnreadBody = 'too-large' | 'not-utf-8' | 'undecodable' | 'cut-off';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** The body, decoded and without a byte order mark; null where it could not be read. */
  readonly text: string | null;
  readonly unread?: UnreadBody;
}

/** There was no connection, or it broke before the answer was whole. */
export class ConnectionFailed extends Error {
  override readonly name = 'ConnectionFailed';
  /** The system's or Node.js's error code. */
  readonly code: string | undefined;
  /** The connection was kept from an earlier request, and the server had closed it meanwhile. */
  readonly wasClosed: boolean;

  constructor(code: string | undefined, wasClosed = false) {
    super('the connection failed');
    this.code = code;
    this.wasClosed = wasClosed;
  }
}

/** What came is no answer that an HTTP client may read: a malformed head, or another protocol. */
export class UnreadableAnswer extends Error {
  override readonly name = 'UnreadableAnswer';
  /** The code of Node.js's parser, as `HPE_INVALID_CONSTANT`; `UPGRADE` for a 101; `INTERIM` for endless 1xx. */
  readonly code: string;

  constructor(code: string) {
    super('the answer is not HTTP');
    this.code = code;
  }
}

/** How long a server has to take a connection, at whichever of its addresses. */
const CONNECT_MS = 10_000;
/** How long each address of a name has before the next is tried. Node.js gives it 250 ms. */
const ADDRESS_MS = 2000;
/** A connection that was idle for so long is not used again. A server of Node.js's closes it after 5 s. */
const MAX_IDLE_MS = 4000;
/** Node.js reads heads of 16 KB by default. */
const MAX_HEAD_BYTES = 65_536;
/** What the body of an error may hold: an envelope of 30 rows of 255 characters is far below it. */
const MAX_ERROR_BYTES = 256 * 1024;
/** How long to wait for the body of an error, whose status says the most. */
const ERROR_BODY_MS = 2000;
const MAX_CODINGS = 4;
/** Of interim answers (1xx) before one answer. More are a flood, in which no timer runs on time. */
const MAX_INTERIM = 20;
/** What Node.js reports when a server had closed a connection that was kept for reuse. */
const CLOSED: ReadonlySet<string | undefined> = new Set(['ECONNRESET', 'EPIPE']);

export type Send = typeof send;

/**
 * Sends a request and reads the answer whole, as text. Does not follow redirects, since credentials
 * must not leave for another origin. Keeps connections, and sends once more over a new one where a
 * kept one had been closed meanwhile, as is usual after a container was frozen.
 *
 * @throws ConnectionFailed, UnreadableAnswer
 * @throws the signal's reason when it aborts
 */
export async function send(call: HttpCall, options: CallOptions): Promise<HttpAnswer> {
  const { body, ...answer } = await exchange(call, options);
  if (typeof body === 'string') return { ...answer, text: null, unread: body };
  try {
    return { ...answer, text: new TextDecoder('utf-8', { fatal: true }).decode(body) };
  } catch {
    return { ...answer, text: null, unread: 'not-utf-8' };
  }
}

/** As `send`, but with the body's bytes, or why they could not be read. */
async function exchange(call: HttpCall, options: CallOptions) {
  options.deadline.signal.throwIfAborted();
  const message = await begin(call, options).catch(async (error: unknown) => {
    const mayRepeat = options.mayRepeat ?? true;
    if (!mayRepeat || !(error instanceof ConnectionFailed && error.wasClosed)) throw error;
    await options.onReconnect?.();
    return begin(call, options, 0);
  });
  const { statusCode: status = 0 } = message;
  const headers: AnswerHeaders = Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [name, [value].flat().join(', ')]),
  );
  return { status, headers, body: await readBody(message, options) };
}

/** The system's or Node.js's code of an error. Its message may quote a header, so it is not used. */
export function errorCode(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : undefined;
}

function begin(
  { url, method, headers, body }: HttpCall,
  { deadline: { signal, clock } }: CallOptions,
  maxIdleMs = MAX_IDLE_MS,
): Promise<IncomingMessage> {
  const scheme = url.startsWith('https:') ? 'https' : 'http';
  const options: RequestOptions = {
    method,
    headers: { 'user-agent': 'egain-accounts', 'accept-encoding': 'gzip, br', ...headers },
    signal,
    agent: agentOf(scheme, maxIdleMs),
    maxHeaderSize: MAX_HEAD_BYTES,
  };
  return new Promise((resolve, reject) => {
    const outgoing = nodeModule(scheme).request(url, options);
    let answer: IncomingMessage | undefined;
    let failure: unknown;
    outgoing.once('response', (message) => {
      answer = message;
      resolve(message);
    });
    // Without a listener Node.js would drop the connection, and tell nobody.
    outgoing.once('upgrade', (_, socket) => {
      socket.destroy();
      reject(new UnreadableAnswer('UPGRADE'));
    });
    let interim = 0;
    outgoing.on('information', () => {
      interim += 1;
      if (interim <= MAX_INTERIM) return;
      outgoing.destroy();
      reject(new UnreadableAnswer('INTERIM'));
    });
    // Stays on: a connection can also break, and the body turn out malformed, after the head has come.
    outgoing.on('error', (error) => {
      failure = error;
      if (answer?.complete === false) answer.destroy(error);
    });
    // It comes after every error, and whatever else may end a request.
    outgoing.once('close', () => {
      const code = failure === undefined ? 'ECONNRESET' : errorCode(failure);
      if (signal.aborted) reject(signal.reason);
      else if (isMalformed(code)) reject(new UnreadableAnswer(code));
      else reject(new ConnectionFailed(code, outgoing.reusedSocket && CLOSED.has(code)));
    });
    outgoing.once('socket', (socket) => {
      if (!socket.connecting) return;
      const callOff = clock.after(CONNECT_MS, () =>
        outgoing.destroy(Object.assign(new Error('no connection'), { code: 'ETIMEDOUT' })),
      );
      outgoing.once('close', callOff);
      socket.once('connect', callOff);
    });
    outgoing.end(body);
  });
}

/**
 * Loading fetch costs 30 to 50 ms of every cold start, and an import of node:http loads it too,
 * because node:http exports parts of it.
 */
function nodeModule(scheme: 'http' | 'https') {
  return scheme === 'https'
    ? process.getBuiltinModule('node:https')
    : process.getBuiltinModule('node:http');
}

const agents = new Map<string, Agent>();
/** When a connection was kept for reuse, in milliseconds since the epoch. */
const keptAt = new WeakMap<object, number>();

/**
 * What keeps the connections, of which it closes those that have been idle for as long. Its own timer
 * does not run while the container is frozen, and by then the other side has closed them, or what is
 * in between has forgotten them.
 */
function agentOf(scheme: 'http' | 'https', maxIdleMs: number): Agent {
  let agent = agents.get(scheme);
  if (agent === undefined) {
    agent = new (nodeModule(scheme).Agent)({
      keepAlive: true,
      timeout: MAX_IDLE_MS,
      autoSelectFamilyAttemptTimeout: ADDRESS_MS,
    });
    const keep = agent.keepSocketAlive.bind(agent);
    agent.keepSocketAlive = (socket) => {
      keptAt.set(socket, Date.now());
      return keep(socket);
    };
    agents.set(scheme, agent);
  }
  for (const socket of Object.values(agent.freeSockets).flatMap((sockets = []) => sockets)) {
    if (Date.now() - (keptAt.get(socket) ?? 0) >= maxIdleMs) socket.destroy();
  }
  return agent;
}

/** Whether a code is that of Node.js's HTTP parser. */
function isMalformed(code: string | undefined): code is string {
  return code?.startsWith('HPE_') === true;
}

async function readBody(
  message: IncomingMessage,
  { maxBytes, deadline: { signal, clock } }: CallOptions,
): Promise<Buffer | UnreadBody> {
  const { statusCode: status = 0, headers } = message;
  const isSuccess = status >= 200 && status < 300;
  const most = isSuccess ? maxBytes : Math.min(maxBytes, MAX_ERROR_BYTES);
  const late = () => message.destroy(new Error('the body did not come in time'));
  const callOff = isSuccess ? undefined : clock.after(ERROR_BODY_MS, late);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      bytes += chunk.byteLength;
      // Leaving the loop destroys the stream, and with it the transfer.
      if (bytes > most) return 'too-large';
      chunks.push(chunk);
    }
  } catch (error) {
    // The head of an error says enough, however its body ends.
    if (!isSuccess) return 'cut-off';
    signal.throwIfAborted();
    const code = errorCode(error);
    if (isMalformed(code)) throw new UnreadableAnswer(code);
    return 'cut-off';
  } finally {
    callOff?.();
  }
  return decode(Buffer.concat(chunks), most, headers['content-encoding']);
}

/**
 * Undoes the content codings that are known, the last one first. Servers also send `utf-8`, `none`
 * or nothing there: such a name counts as no coding.
 *
 * @param most how many bytes it may give, so that a small body cannot fill the memory
 * @see RFC 9110, section 8.4
 */
function decode(body: Buffer, most: number, encoding = ''): Buffer | UnreadBody {
  const names = encoding.toLowerCase().split(',');
  const known = names.map((name) => DECODERS.get(name.trim())).filter((one) => one !== undefined);
  if (body.length === 0) return body;
  if (known.length > MAX_CODINGS) return 'undecodable';
  try {
    return known.toReversed().reduce((bytes, undo) => undo(bytes, most), body);
  } catch (error) {
    return errorCode(error) === 'ERR_BUFFER_TOO_LARGE' ? 'too-large' : 'undecodable';
  }
}

type Decoder = (body: Buffer, maxOutputLength: number) => Buffer;

/** Accepts a stream that ends early, such as gzip without its trailer. */
const unzip: Decoder = (body, maxOutputLength) => {
  const { constants, unzipSync } = process.getBuiltinModule('node:zlib');
  return unzipSync(body, { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH });
};
const DECODERS: ReadonlyMap<string, Decoder> = new Map([
  ['gzip', unzip],
  ['x-gzip', unzip],
  ['deflate', unzip],
  [
    'br',
    (body, maxOutputLength) =>
      process.getBuiltinModule('node:zlib').brotliDecompressSync(body, { maxOutputLength }),
  ],
]);

/** What the SDK's signer has made, ready to send. */
interface AwsRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number | undefined;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

/** The operations that change nothing, by the header that names them. */
const READS = /\.(?:Batch)?Get[A-Za-z]+$/;

/** BatchGetItem gives 16 MB of items, which are a third larger as base64. */
const MAX_AWS_BYTES = 32_000_000;

/**
 * The SDK's `requestHandler`, by this client: the SDK's own handler would bring HTTP/2, pools and
 * time-outs that no call of ours uses.
 */
const requestHandler = {
  metadata: { handlerProtocol: 'http/1.1' },

  async handle(
    { protocol, hostname, port, path, headers, body }: AwsRequest,
    { abortSignal }: { readonly abortSignal?: object | undefined } = {},
  ) {
    const signal = abortSignal instanceof AbortSignal ? abortSignal : new AbortController().signal;
    const { status, ...answer } = await exchange(
      {
        url: `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`,
        method: 'POST',
        headers: { 'accept-encoding': 'identity', ...headers },
        ...(body !== undefined && { body }),
      },
      {
        maxBytes: MAX_AWS_BYTES,
        deadline: { signal, clock: systemClock },
        mayRepeat: READS.test(headers['x-amz-target'] ?? ''),
      },
    );
    const isUnread = typeof answer.body === 'string';
    // A server's fault counts by its status. What else is said needs the body, which is never empty.
    const isCut = isUnread ? status < 500 : status < 300 && answer.body.length === 0;
    if (isCut) throw new ConnectionFailed('ECONNRESET');
    const bytes = isUnread ? new Uint8Array() : answer.body;
    return { response: { statusCode: status, headers: { ...answer.headers }, body: bytes } };
  },
};

/** The settings that every client of the SDK gets in a function. */
export const AWS_CLIENT = { requestHandler, credentials: async () => readAwsKeys() } as const;
