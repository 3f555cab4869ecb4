import type { Clock } from '../../lambda/platform/deadline.ts';

/** A clock that stands still until the test moves it. */
export interface ManualClock extends Clock {
  /** Moves on by `ms`, and calls back whatever falls due, each at its time. */
  advance(ms: number): void;
  /** Moves on by `ms` as for a frozen container: what falls due is called back at the end. */
  freeze(ms: number): void;
  /** How many callbacks are waiting. */
  readonly waiting: number;
}

export function createManualClock(start = Date.UTC(2026, 0, 31, 8)): ManualClock {
  let now = start;
  const timers = new Set<{ at: number; callback: () => void }>();
  /** Calls back what is due, as if it were then. */
  const fire = (timesOf: (at: number) => number) => {
    const end = now;
    const due = () => [...timers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
    for (let next = due(); next !== undefined; next = due()) {
      timers.delete(next);
      now = timesOf(next.at);
      next.callback();
    }
    now = end;
  };
  return {
    now: () => now,
    after(ms, callback) {
      const timer = { at: now + ms, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      const began = now;
      now += ms;
      fire((at) => Math.max(began, at));
    },
    freeze(ms) {
      const end = now + ms;
      now = end;
      fire(() => end);
    },
    get waiting() {
      return timers.size;
    },
  };
}
