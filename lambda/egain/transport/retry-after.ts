import { Fault, type FaultOptions } from '../../faults.ts';
import { readDateTime } from '../../platform/date-time.ts';
import type { ResponseHeaders } from '../../platform/http-client.ts';

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
