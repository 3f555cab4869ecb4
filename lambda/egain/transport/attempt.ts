import type { Readable } from 'node:stream';
import type { Clock } from '../../platform/clock.ts';
import type { Deadline } from '../../platform/deadline.ts';
import { type OutgoingRequest, sendRequest } from '../../platform/http-client.ts';

/** One request to eGain, ready to send. */
export interface UpstreamRequest extends OutgoingRequest {
  /** The most that a body with status 200 may hold, in decoded bytes. */
  readonly maxBytes: number;
}

/** The headers of an answer; one that came repeatedly is one list. */
export interface AnswerHeaders {
  /** The header's value, whatever the case of its name; null where there is none. */
  get(name: string): string | null;
}

/** The server answered, headers and body. */
export interface Answer {
  readonly kind: 'answer';
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** Null when the body was not to be read: too large, or not UTF-8. */
  readonly text: string | null;
  readonly tooLarge: boolean;
}

/** No whole answer came. */
interface Broken {
  readonly kind: 'broken';
  readonly what: 'connection' | 'body';
  /** The system's or Node's error code, or UNKNOWN. */
  readonly errorCode: string;
}

/** The caller's time ran out first. */
interface Late {
  readonly kind: 'late';
  readonly waitedMs: number;
}

export type Outcome = Answer | Broken | Late;

/** What an error body may hold: an envelope of 30 rows of 255 characters is far below it. */
const MAX_ERROR_BYTES = 256 * 1024;

/**
 * Sends one request and reads the answer whole, within the deadline. What the answer means is
 * for others to judge. Redirects are not followed: a bearer token must not leave for another
 * origin.
 *
 * @throws the signal's reason when the work was cancelled before the deadline
 */
export async function exchange(
  request: UpstreamRequest,
  deadline: Deadline,
  clock: Clock,
): Promise<Outcome> {
  const { signal } = deadline;
  const began = clock.now();
  let what: Broken['what'] = 'connection';
  try {
    signal.throwIfAborted();
    const { status, headers: received, body } = await sendRequest(request, signal, clock);
    what = 'body';
    const headers = { get: (name: string) => valueOf(received[name.toLowerCase()]) };
    const cap = status === 200 ? request.maxBytes : MAX_ERROR_BYTES;
    return { kind: 'answer', status, headers, ...(await readBody(body, cap)) };
  } catch (error) {
    if (!signal.aborted) return { kind: 'broken', what, errorCode: errorCode(error) ?? 'UNKNOWN' };
    if (deadline.remaining() > 0) throw signal.reason;
    return { kind: 'late', waitedMs: clock.now() - began };
  }
}

function valueOf(header: string | readonly string[] | undefined): string | null {
  return header === undefined ? null : [header].flat().join(', ');
}

/** Counts decoded bytes as they come, so that a small compressed body cannot fill the memory. */
async function readBody(
  body: Readable,
  maxBytes: number,
): Promise<Pick<Answer, 'text' | 'tooLarge'>> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text: string | null = '';
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    // Leaving the loop destroys the stream, and with it the transfer.
    if (bytes > maxBytes) return { text: null, tooLarge: true };
    text = decodeNext(decoder, text, chunk);
  }
  return { text: decodeNext(decoder, text), tooLarge: false };
}

function decodeNext(
  decoder: InstanceType<typeof TextDecoder>,
  text: string | null,
  chunk?: Uint8Array,
): string | null {
  if (text === null) return null;
  try {
    return (
      text + (chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true }))
    );
  } catch {
    return null;
  }
}

/** The system's or Node's code of an error; nothing of its message, which may quote a header. */
export function errorCode(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : undefined;
}
