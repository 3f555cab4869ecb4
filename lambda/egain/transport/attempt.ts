import type { Clock } from '../../platform/clock.ts';
import type { Deadline } from '../../platform/deadline.ts';
import {
  BeginTimeout,
  ConnectionFailed,
  type HttpRequest,
  type HttpResponse,
  type Send,
  type SendOptions,
  send as sendOverNetwork,
} from '../../platform/http-client.ts';

/** One request to eGain, ready to send. */
export interface UpstreamRequest extends HttpRequest {
  /** The most that the body of a 2xx may hold, in decoded bytes. */
  readonly maxBytes: number;
  /** Whether a response is to be tried again though its status does not say so. */
  readonly isTransient?: (response: UpstreamResponse) => boolean;
}

/** The server answered. */
export interface UpstreamResponse extends HttpResponse {
  readonly kind: 'response';
}

/** No whole response came. */
interface NetworkError {
  readonly kind: 'network-error';
  readonly during: 'connection' | 'body';
  /** The system's or Node's error code, or UNKNOWN. */
  readonly errorCode: string;
  /** Whether it went over a connection kept from an earlier request. */
  readonly reusedSocket: boolean;
}

/** The caller's time ran out first, or the time within which the response had to begin. */
interface Timeout {
  readonly kind: 'timeout';
  readonly of: 'deadline' | 'begin';
  readonly waitedMs: number;
}

export type AttemptResult = UpstreamResponse | NetworkError | Timeout;

interface AttemptOptions extends Pick<SendOptions, 'beginWithinMs' | 'fresh'> {
  /** In place of the network. */
  readonly send?: Send | undefined;
}

/**
 * Sends one request and reads the response whole, within the deadline. What it means is for others
 * to judge. A status counts even where its body cannot be read, but a 2xx that was cut off under way
 * is no response.
 *
 * @throws the signal's reason when the work was cancelled before the deadline
 */
export async function attempt(
  request: UpstreamRequest,
  deadline: Deadline,
  clock: Clock,
  { send = sendOverNetwork, ...options }: AttemptOptions = {},
): Promise<AttemptResult> {
  const { maxBytes } = request;
  const began = clock.now();
  const timeout = (of: Timeout['of']): Timeout => ({
    kind: 'timeout',
    of,
    waitedMs: clock.now() - began,
  });
  try {
    const response = await send(request, { ...options, maxBytes, deadline, clock });
    const { status, unread } = response;
    if (unread === 'cut-off' && status >= 200 && status < 300) {
      return networkError('body', 'ECONNRESET', false);
    }
    return { kind: 'response', ...response };
  } catch (error) {
    if (deadline.signal.aborted) {
      if (deadline.remaining() > 0) throw deadline.signal.reason;
      return timeout('deadline');
    }
    if (error instanceof BeginTimeout) return timeout('begin');
    if (!(error instanceof ConnectionFailed)) throw error;
    return networkError('connection', error.code ?? 'UNKNOWN', error.reusedSocket);
  }
}

function networkError(
  during: NetworkError['during'],
  code: string,
  reusedSocket: boolean,
): NetworkError {
  return { kind: 'network-error', during, errorCode: code, reusedSocket };
}
