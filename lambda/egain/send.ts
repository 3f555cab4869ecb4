import { Fault, type FaultOptions } from '../faults.ts';
import { readDateTime } from '../platform/date-time.ts';
import { type Clock, type Deadline, pause } from '../platform/deadline.ts';
import {
  BeginTimeout,
  ConnectionFailed,
  type HttpRequest,
  type HttpResponse,
  type ResponseHeaders,
  type Send,
  type SendOptions,
  send as sendOverNetwork,
} from '../platform/http-client.ts';
import type { MetricName } from '../platform/metrics.ts';
import type { LogFields, Telemetry } from '../platform/telemetry.ts';
import { BudgetSpent, type CallBudget } from './call-budget.ts';

/** What came of a request after all its attempts. */
export interface UpstreamResult {
  /** Of the last attempt. */
  readonly result: AttemptResult;
  /** The server asked for a wait that the caller has no time for. */
  readonly waitTooLong: boolean;
}

/** A server that requests are sent to, up to three times each. */
export interface Upstream {
  /**
   * Sends the request, up to three times, within the deadline. A connection that had been closed
   * while it was kept counts for none of them.
   *
   * @throws BudgetSpent when no call may be made in the caller's time
   * @throws the signal's reason when the work was cancelled, or time ran out during a pause
   */
  send(request: UpstreamRequest, deadline: Deadline): Promise<UpstreamResult>;
}

export interface UpstreamOptions {
  /** How the log calls it. */
  readonly name: 'accounts' | 'token';
  /** Counts its attempts. */
  readonly metric: MetricName;
  /** Takes the milliseconds of each attempt. */
  readonly latencyMetric?: MetricName;
  readonly budget: RetryBudget;
  /** What all containers together may ask of eGain, where that is limited. */
  readonly calls?: CallBudget | undefined;
  /** In place of the network. */
  readonly send?: Send | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly telemetry: Telemetry;
}

/** An upstream, with the container's budget for retries. */
export function createUpstream(options: UpstreamOptions): Upstream {
  const { name, clock, telemetry, send } = options;

  const measured = async (
    request: UpstreamRequest,
    deadline: Deadline,
    fresh: boolean,
    timeToBegin: () => number,
  ): Promise<AttemptResult> => {
    await options.calls?.take(deadline);
    const firstByteMs = timeToBegin();
    const began = clock.now();
    telemetry.count(options.metric);
    try {
      return await attempt(request, deadline, clock, {
        fresh,
        send,
        ...(Number.isFinite(firstByteMs) && { firstByteMs }),
      });
    } finally {
      if (options.latencyMetric) telemetry.count(options.latencyMetric, clock.now() - began);
    }
  };

  return {
    async send(request, deadline) {
      const beginBy = clock.now() + (deadline.firstByteMs ?? Number.POSITIVE_INFINITY);
      const timeToBegin = () => Math.max(0, beginBy - clock.now());
      let result: AttemptResult | undefined;
      let fresh = false;
      for (let attempts = 1; ; ) {
        try {
          result = await measured(request, deadline, fresh, timeToBegin);
        } catch (error) {
          // The budget was spent under way: what came before says more than that it was.
          if (result && error instanceof BudgetSpent) return { result, waitTooLong: false };
          throw error;
        }
        const decision = decideRetry({
          result,
          attempts,
          transient: result.kind === 'response' && (request.isTransient?.(result) ?? false),
          timeLeftMs: Math.min(deadline.remaining(), timeToBegin()),
          now: clock.now(),
          random: options.random(),
        });
        fresh = decision.kind === 'reconnect';
        const again = fresh || (decision.kind === 'retry' && options.budget.take());
        const afterMs = decision.kind === 'retry' ? decision.afterMs : 0;
        if (result.kind !== 'response' || result.status !== 200 || again) {
          telemetry.warn('An upstream request failed', {
            upstream: name,
            attempt: attempts,
            ...describe(result),
            ...(again ? { retryAfterMs: Math.round(afterMs) } : {}),
          });
        }
        if (!again) return { result, waitTooLong: decision.kind === 'wait-too-long' };
        if (fresh) continue;
        attempts += 1;
        await pause(afterMs, deadline);
      }
    },
  };
}

function describe(result: AttemptResult): LogFields {
  const { kind } = result;
  if (kind === 'response') return { status: result.status, unread: result.unread };
  if (kind === 'timeout') return { timeout: result.of, waitedMs: result.waitedMs };
  return { networkError: result.during, errorCode: result.errorCode };
}

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

interface AttemptOptions extends Pick<SendOptions, 'firstByteMs' | 'fresh'> {
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

const MAX_ATTEMPTS = 3;
const BASE_MS = 100;
/** A wait that leaves less than this for the attempt after it is not worth beginning. */
const WORTHWHILE_MS = 250;

const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);
/** What Node.js reports when the server had closed a connection that was kept for reuse. */
const CLOSED_SOCKET: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);

export interface RetrySituation {
  readonly result: AttemptResult;
  /** Attempts made so far, this one included. */
  readonly attempts: number;
  /** Whether the response is to be tried again though its status does not say so. */
  readonly transient: boolean;
  readonly timeLeftMs: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** From 0 up to 1. */
  readonly random: number;
}

export type RetryDecision =
  | { readonly kind: 'retry'; readonly afterMs: number }
  /** The connection had been closed before the request: it was no attempt. */
  | { readonly kind: 'reconnect' }
  /** Nothing to retry, or the attempts are spent. */
  | { readonly kind: 'accept' }
  /** The server asks for a longer wait than the caller has time for. */
  | { readonly kind: 'wait-too-long' };

/**
 * The one rule for what is tried again, and when. It reads nothing but its argument.
 *
 * Every request that comes here may be repeated: a GET changes nothing, and a token that was
 * granted and lost is only one more token.
 */
export function decideRetry(situation: RetrySituation): RetryDecision {
  const { result, attempts, timeLeftMs, random } = situation;

  // The time is the caller's, not ours to extend.
  if (result.kind === 'timeout') return { kind: 'accept' };

  // A connection kept from earlier had been closed meanwhile, which is usual after a container was
  // frozen: it says nothing about the server. A new connection cannot have been, so this ends.
  if (
    result.kind === 'network-error' &&
    result.during === 'connection' &&
    result.reusedSocket &&
    CLOSED_SOCKET.has(result.errorCode)
  ) {
    return { kind: 'reconnect' };
  }

  // Success, and what will be no better a second time: any other 4xx, a redirect.
  if (result.kind === 'response') {
    const retryable = RETRYABLE_STATUSES.has(result.status) || situation.transient;
    if (!retryable) return { kind: 'accept' };
  }
  const stated =
    result.kind === 'response'
      ? statedWait(result.status, result.headers, situation.now)
      : undefined;

  // Coming back before the time the server named would only be turned away, and counted.
  if (stated !== undefined && stated + WORTHWHILE_MS > timeLeftMs) return { kind: 'wait-too-long' };

  if (attempts >= MAX_ATTEMPTS) return { kind: 'accept' };

  // Full jitter, so that containers which failed together do not come back together. It is added
  // to a wait that the server named, for the same reason.
  const backOff = random * BASE_MS * 2 ** (attempts - 1);
  const afterMs = (stated ?? 0) + backOff;
  return afterMs < timeLeftMs ? { kind: 'retry', afterMs } : { kind: 'accept' };
}

/**
 * How long a server asks to be left alone: `Retry-After` (whole seconds, or an HTTP date in the
 * one form that RFC 9110 lets servers send), else eGain's `X-RateLimit-Reset` (a date-time), which
 * counts on a 429 alone, since other responses carry it as mere information. Read strictly: what is
 * not exactly of its form is as good as absent.
 *
 * @param now milliseconds since the epoch
 * @returns milliseconds, 0 for a moment that has passed; undefined where nothing is said
 * @see RFC 9110, sections 5.6.7 and 10.2.3
 */
export function statedWait(
  status: number,
  headers: ResponseHeaders,
  now: number,
): number | undefined {
  const retryAfter = headers.get('retry-after');
  if (retryAfter !== null) {
    if (/^\d+$/.test(retryAfter)) return Number(retryAfter) * 1000;
    const at = new Date(retryAfter);
    if (!Number.isNaN(at.getTime()) && at.toUTCString() === retryAfter) {
      return Math.max(0, at.getTime() - now);
    }
  }
  const reset = headers.get('x-ratelimit-reset');
  const at = status === 429 && reset !== null ? readDateTime(reset) : undefined;
  return at === undefined ? undefined : Math.max(0, at - now);
}

const UNSTATED_SECONDS = 10;
const LONGEST_SECONDS = 3600;

/**
 * The fault for a response by which eGain, or its token endpoint, throttles: with the wait that it
 * asks for in whole seconds, from 1 to 3600, or 10 where it asks for none.
 */
export function throttled(
  status: number,
  headers: ResponseHeaders,
  now: number,
  options: FaultOptions,
): Fault {
  const waitMs = statedWait(status, headers, now) ?? UNSTATED_SECONDS * 1000;
  const seconds = Math.min(LONGEST_SECONDS, Math.max(1, Math.ceil(waitMs / 1000)));
  return new Fault('egainThrottled', { ...options, retryAfterSeconds: seconds });
}

const CAPACITY = 20;
const REFILL_MS = 1000;

/** A token bucket that every retry of a container is paid from. */
export interface RetryBudget {
  /** Takes one retry; false when there is none left. */
  take(): boolean;
}

/**
 * 20 retries at once, and one more each second: enough for a bad moment, and an end to the
 * tripling of every call when the upstream is down for long.
 */
export function createRetryBudget(clock: Clock): RetryBudget {
  let left = CAPACITY;
  let countedAt = clock.now();
  return {
    take() {
      const now = clock.now();
      left = Math.min(CAPACITY, left + Math.max(0, now - countedAt) / REFILL_MS);
      countedAt = now;
      if (left < 1) return false;
      left -= 1;
      return true;
    },
  };
}
