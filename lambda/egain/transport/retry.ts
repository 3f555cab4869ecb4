import type { AttemptResult } from './attempt.ts';
import { statedWait } from './retry-after.ts';

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
