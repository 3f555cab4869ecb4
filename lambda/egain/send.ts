import { readDateTime } from '../platform/date-time.ts';
import { type Deadline, pause } from '../platform/deadline.ts';
import {
  type AnswerHeaders,
  BeginTimeout,
  ConnectionFailed,
  type HttpAnswer,
  type HttpCall,
  type Send,
  send as sendOverNetwork,
} from '../platform/http-client.ts';
import { type LogFields, log } from '../platform/log.ts';
import { count, type MetricName } from '../platform/metrics.ts';
import { BudgetSpent, type CallBudget } from './call-budget.ts';

/** One request to eGain, ready to send. */
export interface UpstreamRequest extends HttpCall {
  /** The most that the body of a 2xx may hold, in decoded bytes. */
  readonly maxBytes: number;
  /** Whether an answer is worth another attempt though its status does not say so. */
  readonly isTransient?: (answer: UpstreamResponse) => boolean;
}

/** The server answered. */
export interface UpstreamResponse extends HttpAnswer {
  readonly kind: 'response';
}

/** No whole answer came. */
interface NetworkError {
  readonly kind: 'network-error';
  readonly during: 'connection' | 'body';
  /** The system's or Node.js's error code, or UNKNOWN. */
  readonly errorCode: string;
  /** The connection was kept from earlier, and the server had closed it meanwhile. */
  readonly wasClosed: boolean;
}

/** The caller's time ran out first, or the time within which the answer had to begin. */
interface Timeout {
  readonly kind: 'timeout';
  readonly of: 'deadline' | 'first-byte';
  readonly waitedMs: number;
}

export type AttemptResult = UpstreamResponse | NetworkError | Timeout;

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
   * Sends the request within the deadline. An attempt over a kept connection that the server had
   * closed is not counted.
   *
   * @throws BudgetSpent when no call may be made in the caller's time
   * @throws the signal's reason when the work was cancelled, or time ran out during a pause
   */
  send(request: UpstreamRequest, deadline: Deadline): Promise<UpstreamResult>;
}

export interface UpstreamOptions {
  /** The server's name in the log. */
  readonly name: 'accounts' | 'token';
  /** Counts its attempts. */
  readonly metric: MetricName;
  /** Takes the milliseconds of each attempt. */
  readonly latencyMetric?: MetricName;
  readonly budget: RetryBudget;
  /** What all containers together may ask of eGain, where that is limited. */
  readonly calls?: Pick<CallBudget, 'take'> | undefined;
  /** In place of the network. */
  readonly send?: Send | undefined;
  /** From 0 up to 1, for the jitter of pauses. */
  readonly random?: () => number;
}

/** An upstream, with the container's budget for retries. */
export function createUpstream(options: UpstreamOptions): Upstream {
  const { name, metric, latencyMetric, budget, calls, random = Math.random } = options;
  const { send = sendOverNetwork } = options;

  const attempt = async (
    request: UpstreamRequest,
    deadline: Deadline,
    how: { readonly fresh: boolean; readonly firstByteBy: number },
  ): Promise<AttemptResult> => {
    await calls?.take(deadline);
    const { clock } = deadline;
    const began = clock.now();
    count(metric);
    try {
      const firstByteMs = Math.max(0, how.firstByteBy - began);
      const answer = await send(request, {
        maxBytes: request.maxBytes,
        deadline,
        fresh: how.fresh,
        ...(Number.isFinite(firstByteMs) && { firstByteMs }),
      });
      // A status counts even where its body cannot be read, but half a success is no answer.
      const { status, unread } = answer;
      const isCutOff = unread === 'cut-off' && status >= 200 && status < 300;
      return isCutOff ? networkError('body', 'ECONNRESET') : { kind: 'response', ...answer };
    } catch (error) {
      return failedAttempt(error, deadline, clock.now() - began);
    } finally {
      if (latencyMetric) count(latencyMetric, clock.now() - began);
    }
  };

  return {
    async send(request, deadline) {
      const { clock } = deadline;
      const firstByteBy = clock.now() + (deadline.firstByteMs ?? Number.POSITIVE_INFINITY);
      let last: AttemptResult | undefined;
      let fresh = false;
      for (let attempts = 1; ; ) {
        try {
          last = await attempt(request, deadline, { fresh, firstByteBy });
        } catch (error) {
          // The last attempt's result says more than that the budget does not allow another.
          if (last && error instanceof BudgetSpent) return { result: last, waitTooLong: false };
          throw error;
        }
        const result = last;
        const decision = decideRetry({
          result,
          attempts,
          transient: result.kind === 'response' && (request.isTransient?.(result) ?? false),
          timeLeftMs: Math.min(deadline.remaining(), firstByteBy - clock.now()),
          now: clock.now(),
          random: random(),
        });
        fresh = decision.kind === 'reconnect';
        const again = fresh || (decision.kind === 'retry' && budget.take(clock.now()));
        const afterMs = decision.kind === 'retry' ? decision.afterMs : 0;
        if (result.kind !== 'response' || result.status !== 200 || again) {
          log.warn('An upstream request failed', {
            upstream: name,
            attempt: attempts,
            ...describe(result),
            ...(again && { retryAfterMs: Math.round(afterMs) }),
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

/** @throws the error where it says nothing about the server: the work was cancelled, or a defect */
function failedAttempt(error: unknown, deadline: Deadline, waitedMs: number): AttemptResult {
  if (deadline.signal.aborted) {
    if (deadline.remaining() > 0) throw deadline.signal.reason;
    return { kind: 'timeout', of: 'deadline', waitedMs };
  }
  if (error instanceof BeginTimeout) return { kind: 'timeout', of: 'first-byte', waitedMs };
  if (!(error instanceof ConnectionFailed)) throw error;
  return networkError('connection', error.code, error.wasClosed);
}

function networkError(
  during: NetworkError['during'],
  errorCode = 'UNKNOWN',
  wasClosed = false,
): NetworkError {
  return { kind: 'network-error', during, errorCode, wasClosed };
}

function describe(result: AttemptResult): LogFields {
  const { kind } = result;
  if (kind === 'response') return { status: result.status, unread: result.unread };
  if (kind === 'timeout') return { timeout: result.of, waitedMs: result.waitedMs };
  return { networkError: result.during, errorCode: result.errorCode };
}

const MAX_ATTEMPTS = 3;
const BASE_MS = 100;
/** A wait that leaves less than this for the attempt after it is not worth beginning. */
const WORTHWHILE_MS = 250;

export interface RetrySituation {
  readonly result: AttemptResult;
  /** Attempts made so far, this one included. */
  readonly attempts: number;
  /** Whether the answer is worth another attempt though its status does not say so. */
  readonly transient: boolean;
  readonly timeLeftMs: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** From 0 up to 1. */
  readonly random: number;
}

export type RetryDecision =
  | { readonly kind: 'retry'; readonly afterMs: number }
  /** The kept connection had been closed, so this was no attempt. */
  | { readonly kind: 'reconnect' }
  /** There is nothing to retry, or the attempts are spent. */
  | { readonly kind: 'accept' }
  /** The server asks for a longer wait than the caller has time for. */
  | { readonly kind: 'wait-too-long' };

/**
 * The one rule for what is tried again, and when. It reads nothing but its argument.
 *
 * Every request that comes here may be repeated: a GET changes nothing, and a token that was
 * granted and lost is only one more token. There is no circuit breaker: a failed walk is remembered
 * for all containers instead.
 */
export function decideRetry(situation: RetrySituation): RetryDecision {
  const { result, attempts, transient, timeLeftMs, now, random } = situation;

  // The caller's time cannot be extended.
  if (result.kind === 'timeout') return { kind: 'accept' };

  // Usual after a container was frozen, and says nothing about the server. A new connection cannot
  // have been closed before, so this ends.
  if (result.kind === 'network-error' && result.wasClosed) return { kind: 'reconnect' };

  const isResponse = result.kind === 'response';
  if (isResponse && !isRetryable(result.status) && !transient) return { kind: 'accept' };

  // A request before the time that the server named would be turned away, and counted.
  const stated = isResponse ? statedWait(result.status, result.headers, now) : undefined;
  if (stated !== undefined && stated + WORTHWHILE_MS > timeLeftMs) return { kind: 'wait-too-long' };

  if (attempts >= MAX_ATTEMPTS) return { kind: 'accept' };

  // Full jitter, added to a wait that the server named as well: containers that failed together
  // must not come back together.
  const backOff = random * BASE_MS * 2 ** (attempts - 1);
  const afterMs = (stated ?? 0) + backOff;
  return afterMs < timeLeftMs ? { kind: 'retry', afterMs } : { kind: 'accept' };
}

/** Any 5xx may pass, Cloudflare's 52x too; 501 and 505 say that the server never will. */
function isRetryable(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

const SECONDS = /^\d{1,12}(?:\.\d{1,9})?$/;
/** A number of seconds above this counts from the epoch. It is the year 2001. */
const EPOCH_SECONDS = 1e9;

/**
 * How long a server asks to be left alone: `Retry-After` (seconds or an HTTP date), else eGain's
 * `X-RateLimit-Reset` (seconds from now or since the epoch, or a date). The latter counts on a 429
 * alone, since other answers carry it as mere information.
 *
 * @param now milliseconds since the epoch
 * @returns milliseconds, 0 for a moment that has passed; undefined where nothing readable is said
 * @see RFC 9110, sections 5.6.7 and 10.2.3
 */
export function statedWait(
  status: number,
  headers: AnswerHeaders,
  now: number,
): number | undefined {
  const reset = status === 429 ? headers.get('x-ratelimit-reset') : null;
  const at = momentOf(headers.get('retry-after'), now) ?? momentOf(reset, now);
  return at === undefined ? undefined : Math.max(0, at - now);
}

function momentOf(text: string | null, now: number): number | undefined {
  if (text === null) return undefined;
  if (SECONDS.test(text)) return Number(text) * 1000 + (Number(text) > EPOCH_SECONDS ? 0 : now);
  const date = new Date(text);
  const isHttpDate = !Number.isNaN(date.getTime()) && date.toUTCString() === text;
  return isHttpDate ? date.getTime() : readDateTime(text);
}

const CAPACITY = 20;
const REFILL_MS = 1000;

/** A token bucket that every retry of a container is paid from. */
export interface RetryBudget {
  /**
   * Takes one retry; false when there is none left.
   *
   * @param now milliseconds since the epoch
   */
  take(now: number): boolean;
}

/**
 * 20 retries at once, and one more each second: enough for a bad moment, and an end to the
 * tripling of every call when the upstream is down for long.
 */
export function createRetryBudget(): RetryBudget {
  let left = CAPACITY;
  let countedAt = Number.POSITIVE_INFINITY;
  return {
    take(now) {
      left = Math.min(CAPACITY, left + Math.max(0, now - countedAt) / REFILL_MS);
      countedAt = now;
      if (left < 1) return false;
      left -= 1;
      return true;
    },
  };
}
