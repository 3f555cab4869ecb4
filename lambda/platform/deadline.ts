import type { Context } from 'aws-lambda';
import { Fault, isFault } from '../faults.ts';

/** The time and its timers, so that a simulation can set them. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back after `ms` milliseconds; the function it returns calls that off. */
  after(ms: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** What is kept back of the caller's time, to write the answer. */
export const ANSWER_MS = 1000;
/** API Gateway gives up after 29 s, whatever the function may take. */
export const LONGEST_MS = 25_000;

/** The moment by which one invocation must have its result. */
export interface Deadline {
  /** The time by which the invocation's waits pass. */
  readonly clock: Clock;
  /** Aborts when the deadline passes; its `reason` is a Fault `504-901`. */
  readonly signal: AbortSignal;
  /**
   * How long, in milliseconds, one answer of another service may take, its retries included. Set
   * where the caller can do with something older instead.
   */
  readonly patienceMs?: number;
  /** Milliseconds left, never negative. */
  remaining(): number;
  /** Calls the timer off, when the invocation ends. */
  dispose(): void;
}

interface DeadlineOptions {
  /** The most that the caller waits, in milliseconds. Default: what API Gateway waits. */
  readonly longestMs?: number;
  readonly clock?: Clock | undefined;
}

/** The deadline of an invocation: its remaining time less 1 s for the answer. */
export function createDeadline(
  remainingMs: number,
  { longestMs = LONGEST_MS, clock = systemClock }: DeadlineOptions = {},
): Deadline {
  const ms = Math.max(0, Math.min(remainingMs - ANSWER_MS, longestMs)) || 0;
  const at = clock.now() + ms;
  const controller = new AbortController();
  const pass = () => controller.abort(new Fault('timedOut'));
  if (ms === 0) pass();
  const dispose = clock.after(ms, pass);
  const remaining = () => Math.max(0, at - clock.now());
  return { clock, signal: controller.signal, remaining, dispose };
}

/** Works under the deadline of an invocation. A context without a remaining time gets `LONGEST_MS`. */
export async function withDeadline<T>(
  context: Partial<Pick<Context, 'getRemainingTimeInMillis'>>,
  work: (deadline: Deadline) => Promise<T>,
  options?: DeadlineOptions,
): Promise<T> {
  const remainingMs = context.getRemainingTimeInMillis?.() ?? LONGEST_MS + ANSWER_MS;
  const deadline = createDeadline(remainingMs, options);
  try {
    return await work(deadline);
  } finally {
    deadline.dispose();
  }
}

/** A timer that comes so late shows that the container was frozen, or its processor busy. */
const STOOD_STILL_MS = 500;

/**
 * Waits for another service no longer than the deadline's `patienceMs`. Work whose time ran out while
 * the container stood still is done once more: what it waited for may have come long ago, or its
 * connection is dead, so nothing is known about the other side.
 *
 * @param work gets a deadline that passes with the patience
 * @returns throws what the work throws; a Fault `504-901` where it ends with its deadline
 */
export async function withPatience<T>(
  deadline: Deadline,
  work: (deadline: Deadline) => Promise<T>,
  isRepeated = false,
): Promise<T> {
  const { clock, patienceMs } = deadline;
  if (patienceMs === undefined) return work(deadline);
  const endsAt = clock.now() + patienceMs;
  const patient = cancellable(deadline);
  let again = false;
  const dispose = clock.after(patienceMs, () => {
    again = clock.now() - endsAt > STOOD_STILL_MS && !isRepeated;
    patient.cancel(new Fault('timedOut'));
  });
  const remaining = () => Math.max(0, Math.min(deadline.remaining(), endsAt - clock.now()));
  try {
    return await work({ ...patient, remaining, dispose });
  } catch (error) {
    if (!again || deadline.signal.aborted) throw error;
  } finally {
    dispose();
  }
  return withPatience(deadline, work, true);
}

/** The same deadline, which also ends on `cancel`, for work whose result is no longer wanted. */
export function cancellable(deadline: Deadline): Deadline & { cancel(reason: unknown): void } {
  const controller = new AbortController();
  return {
    ...deadline,
    signal: AbortSignal.any([deadline.signal, controller.signal]),
    cancel: (reason) => controller.abort(reason),
  };
}

/**
 * The outcome of work that cannot be aborted itself: another caller's flight, a library's pauses.
 *
 * @throws the signal's reason (a Fault `504-901`) when the deadline comes first
 */
export async function within<T>(work: Promise<T>, { signal }: Deadline): Promise<T> {
  const done = new AbortController();
  const passed = new Promise<never>((_, reject) => {
    const pass = () => reject(signal.reason);
    if (signal.aborted) pass();
    else signal.addEventListener('abort', pass, { once: true, signal: done.signal });
  });
  try {
    return await Promise.race([work, passed]);
  } finally {
    done.abort();
  }
}

/** @throws the signal's reason when the deadline passes first, or the work is cancelled */
export function pause(ms: number, { signal, clock }: Deadline): Promise<void> {
  return new Promise((resolve, reject) => {
    const pass = () => {
      callOff();
      reject(signal.reason);
    };
    const callOff = clock.after(ms, () => {
      signal.removeEventListener('abort', pass);
      resolve();
    });
    if (signal.aborted) pass();
    else signal.addEventListener('abort', pass, { once: true });
  });
}

/**
 * Makes of some work one that is done once at a time: under the caller's deadline, or shared with
 * who began it. Work that ended only because its starter's time was up begins anew for those with
 * time left; nothing is remembered of what has ended.
 *
 * @returns throws what the work throws; the deadline's Fault `504-901` to whoever's time is up
 */
export function singleFlight<T>(
  work: (deadline: Deadline) => Promise<T>,
): (deadline: Deadline) => Promise<T> {
  let underway: Promise<T> | undefined;

  return async (deadline) => {
    for (;;) {
      if (underway === undefined) {
        // Not raced against the deadline: the work knows it, and must not go on when its starter goes.
        underway = work(deadline).finally(() => {
          underway = undefined;
        });
        return underway;
      }
      try {
        return await within(underway, deadline);
      } catch (error) {
        const isStarterLate = isFault(error, 'timedOut') && !deadline.signal.aborted;
        if (!isStarterLate) throw error;
      }
    }
  };
}
