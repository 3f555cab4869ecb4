import { createDeadline, type Deadline, LONGEST_MS } from '../../lambda/platform/deadline.ts';
import { createManualClock, type ManualClock } from './manual-clock.ts';

/** Pauses between attempts are shorter than this; deadlines, and what extends a lock, are not. */
const PAUSE_MS = 2900;

export interface VirtualClock extends ManualClock {
  /** The same time, by which nothing passes by itself, however short. */
  readonly still: ManualClock;
}

/**
 * A manual clock by which pauses, which are short, pass by themselves: the code under test waits
 * for real sockets in between, so a test cannot tell when to let them pass.
 */
export function createVirtualClock(startsAt = Date.UTC(2026, 0, 1)): VirtualClock {
  const clock = createManualClock(startsAt);
  return {
    ...clock,
    still: clock,
    after(ms, callback) {
      const at = clock.now() + ms;
      let waiting = true;
      const callOff = clock.after(ms, () => {
        waiting = false;
        callback();
      });
      if (ms < PAUSE_MS) {
        setImmediate(() => {
          if (waiting) clock.advance(Math.max(0, at - clock.now()));
        });
      }
      return () => {
        waiting = false;
        callOff();
      };
    },
    get waiting() {
      return clock.waiting;
    },
  };
}

/** A deadline that passes only when the test moves the clock, while pauses before it pass by themselves. */
export function createTestDeadline(
  remainingMs: number,
  clock: VirtualClock,
  longestMs = LONGEST_MS,
): Deadline {
  return { ...createDeadline(remainingMs, { clock: clock.still, longestMs }), clock };
}
