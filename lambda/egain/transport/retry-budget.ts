import type { Clock } from '../../platform/clock.ts';

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
