import { BudgetSpent } from '../egain/transport/call-budget.ts';
import { isFault } from '../faults.ts';
import type { Clock } from '../platform/clock.ts';
import { type Deadline, pause, within } from '../platform/deadline.ts';
import type { Telemetry } from '../platform/telemetry.ts';
import type { Seen } from './shared/board.ts';
import { faultOf } from './shared/failure-memory.ts';
import type { Kept, Memory } from './shared/memory.ts';
import { STAND_IN_AFTER_MS, type Walk } from './shared/walker.ts';
import type { Snapshot } from './snapshot.ts';

export type { Snapshot };

export interface SnapshotAnswer {
  readonly snapshot: Snapshot;
  /**
   * There already and fresh; waited for; or past its freshness, because another renews it, or
   * renewing it failed.
   */
  readonly state: 'hit' | 'miss' | 'stale';
  /** Whole seconds since the walk began. */
  readonly ageSeconds: number;
  /** Whole seconds, 0 when stale. */
  readonly freshSecondsLeft: number;
  /** How long a snapshot is fresh, whole seconds. */
  readonly freshSeconds: number;
}

export interface SnapshotStore {
  /**
   * The accounts, no older than the configured freshness where eGain lets itself be asked.
   *
   * @throws Fault when they cannot be had and no earlier snapshot may stand in
   */
  get(deadline: Deadline, options?: SnapshotOptions): Promise<SnapshotAnswer>;
}

/** The store, and what its container does beside answering. */
export interface RenewableStore extends SnapshotStore {
  /** Reads what the containers share ahead of the first request. Asks nothing of eGain. */
  warmUp(): Promise<{ readonly usable: boolean }>;
  /**
   * Renews the snapshot ahead of time, as a schedule does, where nobody else is doing it.
   *
   * @returns `recent` where it was renewed in the latter half of the schedule's period
   * @throws Fault when renewing it fails, or is not to be tried yet
   */
  renew(deadline: Deadline): Promise<'renewed' | 'recent' | 'elsewhere'>;
}

export interface SnapshotOptions {
  /** Whether a snapshot past its freshness may stand in. Default true. */
  readonly stale?: boolean;
}

/** How long eGain's budget of calls would make a walk take; 0 where nothing is in its way. */
export type WalkForecast = (calls: number) => Promise<number>;

export interface SnapshotStoreOptions {
  readonly memory: Memory;
  readonly walk: Walk;
  readonly freshSeconds: number;
  /** How old a snapshot may be that stands in after a failure. */
  readonly staleSeconds: number;
  /** How often a schedule renews the snapshot, where one does. */
  readonly refreshSeconds?: number | undefined;
  readonly forecast?: WalkForecast | undefined;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** How long a schedule may be late before requests renew the snapshot in its place. */
const SCHEDULE_LATE_MS = 60_000;
/** For so long the board is believed to say what it said, while it would spare the caller. */
const LOOK_AGAIN_MS = 250;
/** How soon the board is looked at again by who waits for another's renewal; it grows. */
const FIRST_POLL_MS = 50;
const LONGEST_POLL_MS = 500;

/** Answers from memory, and has it renewed by one container at a time. */
export function createSnapshotStore(options: SnapshotStoreOptions): RenewableStore {
  const { memory, walk, forecast, clock, telemetry } = options;
  const freshMs = options.freshSeconds * 1000;
  const staleMs = options.staleSeconds * 1000;
  const dueMs = (options.refreshSeconds ?? 0) * 500;
  const scheduledMs =
    options.refreshSeconds === undefined
      ? 0
      : Math.min(staleMs, 2 * options.refreshSeconds * 1000 + SCHEDULE_LATE_MS);
  /** Up to this age partners are answered while another renews. */
  const renewedMs = Math.max(2 * freshMs, scheduledMs);
  /** This container's own walk, while there is one. */
  let walking: Promise<Kept | undefined> | undefined;
  /** What the board said last, and when. */
  let last: { readonly seen: Seen; readonly at: number } | undefined;
  /** Whose walk has been waited for long enough. */
  let outwaited: string | undefined;

  const note = (seen: Seen): Seen => {
    last = { seen, at: clock.now() };
    return seen;
  };

  const answer = ({ snapshot, fetchedAt }: Kept, state: SnapshotAnswer['state']) => {
    const ageMs = Math.max(0, clock.now() - fetchedAt);
    return {
      snapshot,
      state,
      ageSeconds: Math.floor(ageMs / 1000),
      freshSecondsLeft: Math.max(0, Math.floor((freshMs - ageMs) / 1000)),
      freshSeconds: options.freshSeconds,
    };
  };

  /** A partner may be told of the clocks' difference by `Age`; a task is never off by it. */
  const fresh = (stale: boolean): Kept | undefined => {
    const { kept } = memory;
    if (kept === undefined) return undefined;
    const since = stale ? kept.fetchedAt : kept.notBefore;
    return clock.now() - since < freshMs ? kept : undefined;
  };

  const walkOnce = (seen: Seen, deadline: Deadline, standIn: boolean) => {
    walking = (async () => {
      try {
        const walked = await walk(seen, deadline, standIn, memory.doubted);
        return walked === undefined ? undefined : memory.keep(walked);
      } catch (error) {
        if (isFault(error, 'egainCredentialsRefused', 'egainScopeInsufficient'))
          memory.forget(seen);
        throw error;
      } finally {
        walking = undefined;
      }
    })();
    return walking;
  };

  /** What is kept, where a snapshot of that age may stand in for one that is fresh. */
  const standIn = (stale: boolean, longestMs: number): SnapshotAnswer | undefined => {
    const { kept } = memory;
    const may = stale && kept !== undefined && clock.now() - kept.notBefore <= longestMs;
    return may ? answer(kept, 'stale') : undefined;
  };

  /** What the board said last, where to look again would change nothing yet. */
  const known = (stale: boolean): Seen | undefined => {
    if (last === undefined) return undefined;
    const { seen, at } = last;
    const now = clock.now();
    const { failure } = seen.current;
    // While it counts nobody asks eGain, so there is nothing new to be seen.
    if (failure !== undefined && now < failure.until) return seen;
    const longestMs = isLeased(seen, now) ? renewedMs : scheduledMs;
    const does = now - at < LOOK_AGAIN_MS && standIn(stale, longestMs) !== undefined;
    return does ? seen : undefined;
  };

  /** The answer of who has not to wait; throws where there is nothing to wait for. */
  const atOnce = (seen: Seen, stale: boolean, waited: boolean): SnapshotAnswer | undefined => {
    const ready = fresh(stale);
    if (ready !== undefined) return answer(ready, waited ? 'miss' : 'hit');
    const now = clock.now();
    const { failure } = seen.current;
    if (failure !== undefined && now < failure.until) {
      telemetry.count('RememberedFailures');
      const instead = standIn(stale, staleMs);
      if (instead === undefined) throw faultOf(failure, now);
      return instead;
    }
    const spared = walking !== undefined || isLeased(seen, now) || memory.isNewer(seen);
    if (!spared) return standIn(stale, scheduledMs);
    // Who tries again after a failure waits alone: it may well fail again. So does who hangs.
    const hangs = outwaited !== undefined && seen.current.lease?.owner === outwaited;
    return standIn(stale, failure !== undefined || hangs ? staleMs : renewedMs);
  };

  /** Stands in while eGain's budget of calls does not allow a walk in the caller's time. */
  const stretched = async (
    { current: { calls } }: Seen,
    deadline: Deadline,
    stale: boolean,
  ): Promise<SnapshotAnswer | undefined> => {
    const waitMs = (await forecast?.(Math.max(1, calls))) ?? 0;
    const instead = standIn(stale, staleMs);
    const longestMs = instead === undefined ? deadline.remaining() : STAND_IN_AFTER_MS;
    if (waitMs === 0 || waitMs < longestMs) return undefined;
    telemetry.count('CallsDeferred');
    if (instead === undefined) {
      throw new BudgetSpent(Math.ceil(waitMs / 1000), 'a walk would pass the budget of calls');
    }
    telemetry.count('StretchedAnswers');
    return instead;
  };

  /** The outcome of this container's walk, under way or begun; undefined when to look again. */
  const walked = async (
    seen: Seen,
    deadline: Deadline,
    stale: boolean,
  ): Promise<SnapshotAnswer | undefined> => {
    const others = walking;
    try {
      const kept = await (others === undefined
        ? walkOnce(seen, deadline, standIn(stale, staleMs) !== undefined)
        : within(others, deadline));
      // It may have begun longer ago than what it has brought is fresh.
      if (others !== undefined && !stale && fresh(stale) === undefined) return undefined;
      return kept && answer(kept, 'miss');
    } catch (error) {
      // Who began it had less time than this caller has.
      const early = others !== undefined && isFault(error, 'timedOut');
      if (early && !deadline.signal.aborted) return undefined;
      const instead = standIn(stale, staleMs);
      if (instead === undefined) throw error;
      if (error instanceof BudgetSpent) telemetry.count('StretchedAnswers');
      return instead;
    }
  };

  const slow = async (deadline: Deadline, stale: boolean): Promise<SnapshotAnswer> => {
    let pollMs = FIRST_POLL_MS;
    let waitsSince: number | undefined;
    for (;;) {
      const seen = known(stale) ?? note(await memory.look());
      const ready = atOnce(seen, stale, waitsSince !== undefined);
      if (ready !== undefined) return ready;
      if (walking === undefined && seen.shared && isLeased(seen, clock.now())) {
        if (waitsSince === undefined) telemetry.count('RenewalWaits');
        waitsSince ??= clock.now();
        const instead = standIn(stale, staleMs);
        const leftMs = waitsSince + STAND_IN_AFTER_MS - clock.now();
        if (instead !== undefined && leftMs <= 0) {
          outwaited = seen.current.lease?.owner;
          return instead;
        }
        await pause(instead === undefined ? pollMs : Math.min(pollMs, leftMs), deadline, clock);
        pollMs = Math.min(LONGEST_POLL_MS, pollMs * 1.6);
        continue;
      }
      const outcome =
        (walking === undefined ? await stretched(seen, deadline, stale) : undefined) ??
        (await walked(seen, deadline, stale));
      if (outcome !== undefined) return outcome;
      deadline.signal.throwIfAborted();
    }
  };

  return {
    async get(deadline, { stale = true } = {}) {
      const ready = fresh(stale);
      return ready === undefined ? slow(deadline, stale) : answer(ready, 'hit');
    },

    async warmUp() {
      const seen = note(await memory.look());
      return { usable: fresh(true) !== undefined || isLeased(seen, clock.now()) };
    },

    async renew(deadline) {
      const seen = await memory.look();
      const now = clock.now();
      const { content, failure } = seen.current;
      if (content !== undefined && !failure && now - content.fetchedAt < dueMs) return 'recent';
      if (failure !== undefined && now < failure.until) {
        telemetry.count('RememberedFailures');
        throw faultOf(failure, now);
      }
      if (isLeased(seen, now)) return 'elsewhere';
      return (await walkOnce(seen, deadline, false)) === undefined ? 'elsewhere' : 'renewed';
    },
  };
}

/** Whether a container is walking, for all that its lease tells. */
function isLeased({ current: { lease } }: Seen, now: number): boolean {
  return lease !== undefined && now < lease.until;
}
