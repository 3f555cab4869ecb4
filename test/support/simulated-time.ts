import type { Clock } from '../../lambda/platform/deadline.ts';

/** Time that passes from one event to the next, and in which processes die and freeze. */
export interface SimulatedTime {
  /** True milliseconds. */
  readonly now: number;
  after(ms: number, callback: () => void): void;
  /** Lets everything happen that is due until then. */
  run(until: number): Promise<void>;
}

export function createSimulatedTime(start = Date.UTC(2026, 0, 1)): SimulatedTime {
  const events: { at: number; callback: () => void }[] = [];
  let now = start;
  return {
    get now() {
      return now;
    },
    after(ms, callback) {
      const event = { at: now + Math.max(0, ms), callback };
      // Behind those of the same moment.
      const place = events.findLastIndex(({ at }) => at <= event.at);
      events.splice(place + 1, 0, event);
    },
    async run(until) {
      await settled();
      for (let next = events[0]; next !== undefined && next.at <= until; next = events[0]) {
        events.shift();
        now = next.at;
        next.callback();
        await settled();
      }
      now = Math.max(now, until);
    },
  };
}

/** Everything that follows without time passing has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** A container's process: its clock is wrong, and it may freeze or die at any wait. */
export interface SimulatedProcess {
  readonly clock: Clock;
  readonly alive: boolean;
  freeze(ms: number): void;
  kill(): void;
}

/** @param offsetMs how far its clock is ahead of the truth */
export function createProcess(time: SimulatedTime, offsetMs: number): SimulatedProcess {
  let alive = true;
  let frozenUntil = 0;

  const after = (ms: number, callback: () => void): (() => void) => {
    let waiting = true;
    const fire = () => {
      if (!waiting || !alive) return;
      if (time.now < frozenUntil) {
        time.after(frozenUntil - time.now, fire);
        return;
      }
      waiting = false;
      callback();
    };
    time.after(ms, fire);
    return () => {
      waiting = false;
    };
  };

  return {
    clock: { now: () => time.now + offsetMs, after },
    get alive() {
      return alive;
    },
    freeze(ms) {
      frozenUntil = Math.max(frozenUntil, time.now + ms);
    },
    kill() {
      alive = false;
    },
  };
}
