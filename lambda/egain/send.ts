import { isFault } from '../faults.ts';
import { type Deadline, pause, withPatience } from '../platform/deadline.ts';
import {
  ConnectionFailed,
  type HttpAnswer,
  type HttpCall,
  type Send,
  send as sendOverNetwork,
  UnreadableAnswer,
} from '../platform/http-client.ts';
import { type LogFields, log } from '../platform/log.ts';
import { count } from '../platform/metrics.ts';
import { readDateTime } from '../platform/parse.ts';
import { BudgetSpent, type CallBudget } from './call-budget.ts';

/** One request to eGain, ready to send. */
export interface UpstreamRequest extends HttpCall {
  /** The most that the body of a 2xx may hold, in decoded bytes. */
  readonly maxBytes: number;
  /** Whether an answer is worth another attempt though its status does not say so. */
  readonly isTransient?: (answer: HttpAnswer) => boolean;
}

export interface UpstreamResponse extends HttpAnswer {
  readonly kind: 'response';
  /** The server asked for a wait that the caller has no time for. */
  readonly waitTooLong?: boolean;
}

/** What came of an attempt; of a request, what came of its last attempt. */
export type AttemptResult =
  | UpstreamResponse
  /** No whole answer came. The code is the system's or Node.js's, or UNKNOWN. */
  | {
      readonly kind: 'network-error';
      readonly during: 'connection' | 'body';
      readonly errorCode: string;
    }
  /** What came is not HTTP. The code is that of Node.js's parser, or UPGRADE. */
  | { readonly kind: 'unreadable'; readonly errorCode: string }
  /** The caller's time, or patience, ran out first. */
  | { readonly kind: 'timeout' };

/**
 * Sends a request to one server within the deadline, up to three times.
 *
 * @throws BudgetSpent when no call may be made in the caller's time
 * @throws the signal's reason when the work was cancelled
 */
export type Upstream = (request: UpstreamRequest, deadline: Deadline) => Promise<AttemptResult>;

export interface UpstreamOptions {
  /** What all containers together may ask of eGain, where that is limited. */
  readonly calls?: Pick<CallBudget, 'take'> | undefined;
  /** In place of the network. */
  readonly send?: Send | undefined;
  /** From 0 up to 1, for the jitter of pauses. */
  readonly random?: () => number;
}

/** Makes the way to one of eGain's servers. */
export function createUpstream(
  name: 'accounts' | 'token',
  { calls, send = sendOverNetwork, random = Math.random }: UpstreamOptions = {},
): Upstream {
  const attempt = async (request: UpstreamRequest, deadline: Deadline): Promise<AttemptResult> => {
    const takeCall = async () => {
      await calls?.take(deadline);
      count(name === 'token' ? 'TokenRequests' : 'UpstreamCalls');
    };
    await takeCall();
    const began = deadline.clock.now();
    try {
      const { maxBytes } = request;
      const answer = await send(request, { maxBytes, deadline, onReconnect: takeCall });
      if (isCancelled(deadline)) throw deadline.signal.reason;
      // A status counts even where its body cannot be read, but half a success is no answer.
      const isCutOff = answer.unread === 'cut-off' && answer.status >= 200 && answer.status < 300;
      if (isCutOff) return { kind: 'network-error', during: 'body', errorCode: 'ECONNRESET' };
      return { kind: 'response', ...answer };
    } catch (error) {
      if (error instanceof UnreadableAnswer) return { kind: 'unreadable', errorCode: error.code };
      if (!(error instanceof ConnectionFailed)) throw error;
      return { kind: 'network-error', during: 'connection', errorCode: error.code ?? 'UNKNOWN' };
    } finally {
      if (name === 'accounts') count('UpstreamLatency', deadline.clock.now() - began);
    }
  };

  /** @throws the signal's reason when the deadline passes */
  const attempts = async (request: UpstreamRequest, deadline: Deadline): Promise<AttemptResult> => {
    let last: AttemptResult | undefined;
    for (let made = 1; ; made += 1) {
      try {
        last = await attempt(request, deadline);
      } catch (error) {
        // The last attempt's result says more than that the budget does not allow another.
        if (last && error instanceof BudgetSpent) return last;
        throw error;
      }
      const transient = last.kind === 'response' && request.isTransient?.(last) === true;
      if (last.kind === 'response' && last.status === 200 && !transient) return last;
      const afterMs = decideRetry({
        result: last,
        attempts: made,
        transient,
        timeLeftMs: deadline.remaining(),
        now: deadline.clock.now(),
        random: random(),
      });
      const again = typeof afterMs === 'number';
      const retryAfterMs = again ? Math.round(afterMs) : undefined;
      report(last, { attempt: made, retryAfterMs });
      if (afterMs === 'wait-too-long' && last.kind === 'response') {
        return { ...last, waitTooLong: true };
      }
      if (!again) return last;
      await pause(afterMs, deadline);
    }
  };

  const report = (result: AttemptResult, more: LogFields = {}) =>
    log.warn('An upstream request failed', { upstream: name, ...more, ...describe(result) });

  return async (request, deadline) => {
    try {
      return await withPatience(deadline, (patient) => attempts(request, patient));
    } catch (error) {
      if (isCancelled(deadline) || !isFault(error, 'timedOut')) throw error;
      const result = { kind: 'timeout' } as const;
      report(result);
      return result;
    }
  };
}

/** Whether nobody wants the answer any more. */
function isCancelled(deadline: Deadline): boolean {
  return deadline.signal.aborted && deadline.remaining() > 0;
}

function describe(result: AttemptResult): LogFields {
  if (result.kind === 'response') return { status: result.status, unread: result.unread };
  if (result.kind === 'timeout') return { timeout: true };
  const during = result.kind === 'unreadable' ? 'answer' : result.during;
  return { networkError: during, errorCode: result.errorCode };
}

const MAX_ATTEMPTS = 3;
const BASE_MS = 100;
/** A wait that leaves less than this for the attempt after it is not worth beginning. */
const WORTHWHILE_MS = 250;

interface RetrySituation {
  readonly result: AttemptResult;
  /** Attempts made so far, this one included. */
  readonly attempts: number;
  /** As `isTransient` says. */
  readonly transient: boolean;
  readonly timeLeftMs: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** From 0 up to 1. */
  readonly random: number;
}

/**
 * The one rule for what is tried again, and when. Every request may be repeated: a GET changes
 * nothing, and a token that was granted and lost is only one more token. There is no circuit
 * breaker: a failed walk is remembered for all containers.
 *
 * @returns after how many milliseconds; else why not: there is nothing to retry or the attempts are
 *   spent, or the server asks for a longer wait than the caller has time for
 */
export function decideRetry(situation: RetrySituation): number | 'accept' | 'wait-too-long' {
  const { result, attempts, transient, timeLeftMs, now, random } = situation;

  // The caller's time cannot be extended, and what speaks no HTTP will not learn it.
  if (result.kind === 'timeout' || result.kind === 'unreadable') return 'accept';
  let statedMs = 0;
  if (result.kind === 'response') {
    const stated = statedWait(result, now);
    const isQuota = isThrottling(result) && stated !== undefined;
    if (!isRetryable(result.status) && !isQuota && !transient) return 'accept';
    // A request before the time that the server named would be turned away, and counted.
    if (stated !== undefined && stated + WORTHWHILE_MS > timeLeftMs) return 'wait-too-long';
    statedMs = stated ?? 0;
  }
  if (attempts >= MAX_ATTEMPTS) return 'accept';

  // Full jitter, added to a wait that the server named as well: containers that failed together
  // must not come back together.
  const afterMs = statedMs + random * BASE_MS * 2 ** (attempts - 1);
  return afterMs < timeLeftMs ? afterMs : 'accept';
}

/** Any 5xx may pass, Cloudflare's 52x too; 501 and 505 say that the server never will. */
function isRetryable(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

const SECONDS = /^\d{1,12}(?:\.\d{1,9})?$/;
/** The form of today, and the two obsolete ones that are still to be read: RFC 9110, section 5.6.7. */
const HTTP_DATE = /^[FMSTW][a-z]{2,8},? [\w :-]{15,30}$/;
/** A number of seconds above this counts from the epoch. It is the year 2001. */
const EPOCH_SECONDS = 1e9;

type Answered = Pick<HttpAnswer, 'status' | 'headers'>;

/** Whether an answer says that there were too many requests: some servers do so with a 403. */
export function isThrottling({ status, headers }: Answered): boolean {
  if (status !== 403) return status === 429;
  const left = Number.parseFloat(headers['x-ratelimit-remaining'] ?? '');
  return Boolean(headers['retry-after']) || left <= 0;
}

/**
 * How long a server asks to be left alone: `Retry-After`, else eGain's `X-RateLimit-Reset`, each in
 * seconds or as a date. The latter counts where the server throttles: other answers carry it as
 * information.
 *
 * @param now milliseconds since the epoch
 * @returns milliseconds, 0 for a moment that has passed; undefined where nothing readable is said
 * @see RFC 9110, sections 5.6.7 and 10.2.3
 */
export function statedWait(answer: Answered, now: number): number | undefined {
  const { headers } = answer;
  const reset = isThrottling(answer) ? headers['x-ratelimit-reset'] : undefined;
  const at = momentOf(headers['retry-after'], now) ?? momentOf(reset, now);
  return at === undefined ? undefined : Math.max(0, at - now);
}

function momentOf(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  if (SECONDS.test(text)) return Number(text) * 1000 + (Number(text) > EPOCH_SECONDS ? 0 : now);
  if (!HTTP_DATE.test(text)) return readDateTime(text);
  const date = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(date) ? undefined : date;
}
