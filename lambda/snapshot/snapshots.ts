import { BudgetSpent } from '../egain/call-budget.ts';
import { SHUT_OUT } from '../egain/failure.ts';
import { isFault } from '../faults.ts';
import { SCHEDULE_LATE_MS, type ServiceConfig } from '../platform/config.ts';
import { type Deadline, pause, within } from '../platform/deadline.ts';
import { log, note } from '../platform/log.ts';
import { count } from '../platform/metrics.ts';
import { SKEW_MS, unlessAway } from '../platform/table.ts';
import { readParts, type Snapshot } from './content.ts';
import { type RenewalOptions, renewSnapshot } from './renewal.ts';
import {
  type Content,
  createSharedState,
  type Failure,
  faultOf,
  lockOwner,
  type State,
} from './shared-state.ts';

export interface SnapshotAnswer {
  readonly snapshot: Snapshot;
  /**
   * `hit`: it was there and fresh. `miss`: the caller waited for it. `stale`: it is past its
   * freshness, because another request renews it or renewing it failed.
   */
  readonly state: 'hit' | 'miss' | 'stale';
  /** Whole seconds since the page walk began. */
  readonly ageSeconds: number;
  /** For how many seconds after its page walk it counts as fresh, or until its schedule is due. */
  readonly freshSeconds: number;
  /** Whether it is stale while eGain is left alone: after a failure, or with the budget spent. */
  readonly leftAlone: boolean;
}

export interface SnapshotOptions {
  /** Whether the answer may be stale. Default true. */
  readonly stale?: boolean;
  /**
   * Whether a snapshot is the one that the caller goes on with. One that is not is given only where
   * the table has no newer one, which another container may have made since. Default: each is.
   */
  readonly isWanted?: (snapshot: Snapshot) => boolean;
}

export interface SnapshotsOptions extends Omit<RenewalOptions, 'shared'> {
  readonly config: Pick<ServiceConfig, 'freshSeconds' | 'staleSeconds' | 'refreshSeconds'>;
}

/** The snapshot in a container's memory. */
interface Kept {
  readonly snapshot: Snapshot;
  /** When its page walk began, by the clock of the container that made it. */
  readonly fetchedAt: number;
  /** By how many milliseconds that clock may be ahead; Infinity where the time is a guess. */
  readonly skewMs: number;
}

interface Caller {
  readonly deadline: Deadline;
  readonly mayBeStale: boolean;
  /** Since when it has waited for another container's renewal. */
  waitsSince?: number;
  /** How long until it looks at the table again; it grows. */
  pollMs: number;
}

/**
 * Where a stale answer is allowed, nobody waits longer for a page or for another container: a task
 * waits for its pages as long as it lives, and has the lock all the while.
 */
const PATIENCE_MS = 5000;
/**
 * Reuse the last look at the table for 250 ms where it allows an answer at once, however many
 * partners ask. A refusal that another container has met is learned that much later.
 */
const LOOK_AGAIN_MS = 250;
const FIRST_POLL_MS = 50;
const LONGEST_POLL_MS = 500;

export type Snapshots = ReturnType<typeof createSnapshots>;

/** The snapshot of one container: in memory, over a table that all containers share. */
export function createSnapshots(options: SnapshotsOptions) {
  const { config, table, keys, clock } = options;
  const freshMs = config.freshSeconds * 1000;
  const staleMs = config.staleSeconds * 1000;
  const { refreshSeconds = 0 } = config;
  const refreshMs = refreshSeconds * 1000;
  /** Up to this age the schedule counts as kept, where there is one, and the renewal is left to it. */
  const scheduledMs = refreshMs && Math.min(staleMs, 2 * refreshMs + SCHEDULE_LATE_MS);
  /** A snapshot of this age can wait for the next run. */
  const recentMs = Math.min(refreshMs / 2, SCHEDULE_LATE_MS);
  /** Up to this age nobody waits while another request renews the snapshot. */
  const renewedMs = Math.max(2 * freshMs, scheduledMs);

  const shared = createSharedState(table, keys.state, clock);
  let kept: Kept | undefined;
  /** Nothing is shown that was fetched until then: eGain has refused the credentials. */
  let refusedAt = Number.NEGATIVE_INFINITY;
  /** The hash of a content whose parts are in the table but cannot be read. */
  let unreadable: string | undefined;
  /** What the last look at the shared state showed. */
  let looked: State = {};
  let lookedAt = Number.NEGATIVE_INFINITY;
  /** This container's own renewal, while there is one. */
  let renewing: Promise<Kept | undefined> | undefined;
  /** The owner of the lock for which a caller of this container has waited in vain. */
  let outwaited = '';

  const ageOf = ({ fetchedAt }: Kept) => Math.max(0, clock.now() - fetchedAt);

  const remembered = (): Failure | undefined => {
    const { failure } = looked;
    return failure && clock.now() < failure.until ? failure : undefined;
  };

  const budgetWaitMs = (): number => (looked.budgetSpentUntil ?? 0) - clock.now();

  const isLeftAlone = () => remembered() !== undefined || budgetWaitMs() > 0;

  const answer = (from: Kept, state: SnapshotAnswer['state']): SnapshotAnswer => {
    const ageMs = ageOf(from);
    const ageSeconds = Math.floor(ageMs / 1000);
    const isScheduled = refreshMs > 0 && ageMs <= scheduledMs;
    const isStale = state === 'stale' && !isScheduled;
    return {
      snapshot: from.snapshot,
      state: isStale || state === 'miss' ? state : 'hit',
      ageSeconds,
      // A renewal that is late is due in a second.
      freshSeconds: isScheduled ? Math.max(refreshSeconds, ageSeconds + 1) : config.freshSeconds,
      leftAlone: isStale && isLeftAlone(),
    };
  };

  /** A partner learns by `Age` how old it is; a task gets none that may be older than it seems. */
  const fresh = (mayBeStale: boolean): Kept | undefined => {
    if (kept === undefined) return undefined;
    const skewMs = mayBeStale ? 0 : kept.skewMs;
    return ageOf(kept) + skewMs < freshMs ? kept : undefined;
  };

  const stale = (mayBeStale: boolean, longestMs: number): SnapshotAnswer | undefined => {
    if (!mayBeStale || kept === undefined) return undefined;
    const skewMs = Math.min(kept.skewMs, SKEW_MS);
    return ageOf(kept) + skewMs <= longestMs ? answer(kept, 'stale') : undefined;
  };

  /**
   * Keeps a snapshot, unless a later one is there. The same content stays the same object: the views
   * made of it remain useful.
   */
  const keep = (snapshot: Snapshot, fetchedAt: number, skewMs: number): Kept => {
    if (kept !== undefined && kept.fetchedAt > fetchedAt) return kept;
    const known = kept?.snapshot.hash === snapshot.hash ? kept.snapshot : snapshot;
    kept = { snapshot: known, fetchedAt, skewMs };
    return kept;
  };

  /** Takes the content that the shared state names into memory, where it is newer. */
  const adopt = async (content: Content): Promise<void> => {
    const { hash, parts } = content;
    const { fetchedAt, isGuessed } = shared.dateOf(content);
    const isNewer = kept === undefined || fetchedAt > kept.fetchedAt;
    if (!isNewer || clock.now() - fetchedAt + SKEW_MS > staleMs) return;
    const known = kept?.snapshot.hash === hash ? kept.snapshot : undefined;
    const snapshot = known ?? (await readParts(hash, parts, table, keys).catch(unlessAway));
    if (snapshot === null) {
      unreadable = hash;
      log.warn('The shared snapshot cannot be read', { hash });
    }
    const skewMs = isGuessed ? Number.POSITIVE_INFINITY : SKEW_MS;
    if (snapshot && fetchedAt > refusedAt) keep(snapshot, fetchedAt, skewMs);
  };

  /** Reads what the containers share, and the snapshot that it names. */
  const look = async (): Promise<void> => {
    // The container may be frozen before it has what it reads.
    const now = clock.now();
    looked = (await shared.read()).state;
    lookedAt = now;
    if (looked.failure?.shutOut === true) kept = undefined;
    else if (looked.content !== undefined) await adopt(looked.content);
  };

  /** @returns undefined where another container renews the snapshot */
  const renewHere = async (deadline: Deadline): Promise<Kept | undefined> => {
    try {
      const renewed = await renewSnapshot({ ...options, shared }, deadline, looked, unreadable);
      if (renewed === undefined) return undefined;
      unreadable = undefined;
      return keep(renewed.snapshot, renewed.fetchedAt, 0);
    } catch (error) {
      if (isFault(error, ...SHUT_OUT)) {
        kept = undefined;
        // The shared state, where it tells of the refusal, tells of its end too. Otherwise what another
        // container fetched before may have a time that is ahead of this clock.
        const { state, shared: isShared } = shared.known();
        const isTold = isShared && state.failure?.shutOut === true;
        refusedAt = isTold ? Number.NEGATIVE_INFINITY : clock.now() + SKEW_MS;
      }
      throw error;
    } finally {
      renewing = undefined;
      // This container, or a faster one, has changed the shared state.
      lookedAt = Number.NEGATIVE_INFINITY;
    }
  };

  /** Up to which age a stale answer spares the caller a wait, as things stand. */
  const spareMs = (): number => {
    if (isLeftAlone()) return staleMs;
    const owner = lockOwner(looked, clock.now());
    if (owner === undefined && renewing === undefined) return scheduledMs;
    // A renewal after a failure may well fail too, and one that hangs may go on hanging.
    const isDoubtful = looked.failure !== undefined || owner === outwaited;
    return isDoubtful ? staleMs : renewedMs;
  };

  /** Whether the answer does not depend on what is new in the table. */
  const isKnown = ({ mayBeStale }: Caller): boolean => {
    // While a failure is remembered nobody asks eGain, so nothing is new.
    if (fresh(mayBeStale) !== undefined || remembered() !== undefined) return true;
    return clock.now() - lookedAt < LOOK_AGAIN_MS && stale(mayBeStale, spareMs()) !== undefined;
  };

  /** The answer that needs no waiting, or the fault that makes waiting useless. */
  const answerAtOnce = ({ mayBeStale, waitsSince }: Caller): SnapshotAnswer | undefined => {
    const ready = fresh(mayBeStale);
    if (ready !== undefined) return answer(ready, waitsSince === undefined ? 'hit' : 'miss');

    const failure = remembered();
    if (failure !== undefined) count('RememberedFailures');
    const instead = stale(mayBeStale, spareMs());
    if (instead === undefined && failure !== undefined) throw faultOf(failure, clock.now());
    return instead;
  };

  /** Waits a little for another container's renewal, or gives a stale answer after 5 s. */
  const waitForOther = async (
    owner: string,
    caller: Caller,
  ): Promise<SnapshotAnswer | undefined> => {
    if (caller.waitsSince === undefined) count('RenewalWaits');
    caller.waitsSince ??= clock.now();
    const instead = stale(caller.mayBeStale, staleMs);
    const leftMs = caller.waitsSince + PATIENCE_MS - clock.now();
    if (instead !== undefined && leftMs <= 0) {
      outwaited = owner;
      return instead;
    }
    const ms = instead === undefined ? caller.pollMs : Math.min(caller.pollMs, leftMs);
    caller.pollMs = Math.min(LONGEST_POLL_MS, caller.pollMs * 1.6);
    await pause(ms, caller.deadline);
    return undefined;
  };

  /** The outcome of this container's own renewal, which the caller begins or joins. */
  const renewOrJoin = async ({
    deadline,
    mayBeStale,
    waitsSince,
  }: Caller): Promise<SnapshotAnswer | undefined> => {
    const joined = renewing;
    const hasSpare = stale(mayBeStale, staleMs) !== undefined;
    const patienceMs = PATIENCE_MS - (waitsSince === undefined ? 0 : clock.now() - waitsSince);
    try {
      renewing ??= renewHere(hasSpare ? { ...deadline, patienceMs } : deadline);
      const renewed = await (joined === undefined ? renewing : within(joined, deadline));
      // The renewal may have begun longer ago than a snapshot is fresh.
      if (joined !== undefined && fresh(mayBeStale) === undefined) return undefined;
      return renewed && answer(renewed, 'miss');
    } catch (error) {
      const starterLate = joined !== undefined && isFault(error, 'timedOut');
      if (starterLate && !deadline.signal.aborted) return undefined;
      const instead = stale(mayBeStale, staleMs);
      if (instead === undefined) throw error;
      return instead;
    }
  };

  /** What there is to wait for: this container's renewal, another's, the budget, or a new renewal. */
  const nextStep = (caller: Caller): Promise<SnapshotAnswer | undefined> => {
    if (renewing !== undefined) return renewOrJoin(caller);
    const owner = lockOwner(looked, clock.now());
    if (owner !== undefined) return waitForOther(owner, caller);
    const waitMs = budgetWaitMs();
    return waitMs > 0 ? waitForBudget(waitMs, caller.deadline) : renewOrJoin(caller);
  };

  return {
    /** @throws Fault where the accounts cannot be fetched and no stale answer may stand in */
    async get(
      deadline: Deadline,
      { stale: mayBeStale = true, isWanted = () => true }: SnapshotOptions = {},
    ): Promise<SnapshotAnswer> {
      const caller: Caller = { deadline, mayBeStale, pollMs: FIRST_POLL_MS };
      let mayBeBehind = true;
      for (;;) {
        if (!isKnown(caller)) await look();
        const answered = answerAtOnce(caller) ?? (await nextStep(caller));
        if (answered === undefined) deadline.signal.throwIfAborted();
        else if (isWanted(answered.snapshot) || !mayBeBehind) return answered;
        else {
          mayBeBehind = false;
          if (clock.now() - lookedAt >= LOOK_AGAIN_MS) await look();
        }
      }
    },

    /** @returns whether the first request can do without a page walk of this container */
    async warmUp(): Promise<boolean> {
      await look();
      return fresh(true) !== undefined || lockOwner(looked, clock.now()) !== undefined;
    },

    /**
     * Renews the snapshot ahead of time, where no other container is doing it.
     *
     * @returns `recent` where it was renewed so short a time ago that the next run is no later for it
     * @throws Fault where renewing it fails, or a failure is remembered
     */
    async renew(deadline: Deadline): Promise<'renewed' | 'recent' | 'elsewhere'> {
      await look();
      const { content, failure } = looked;
      const fetchedAt = content && shared.dateOf(content).fetchedAt;
      const isRecent = fetchedAt !== undefined && clock.now() - fetchedAt < recentMs;
      if (isRecent && failure === undefined) return 'recent';
      const last = remembered();
      if (last !== undefined) {
        count('RememberedFailures');
        throw faultOf(last, clock.now());
      }
      renewing = renewHere(deadline);
      return (await renewing) === undefined ? 'elsewhere' : 'renewed';
    },
  };
}

/** Waits a little for the budget of calls, where the caller has the time until it is restored. */
async function waitForBudget(waitMs: number, deadline: Deadline): Promise<undefined> {
  if (waitMs < deadline.remaining()) {
    await pause(Math.min(waitMs, LONGEST_POLL_MS), deadline);
    return undefined;
  }
  count('CallsDeferred');
  throw new BudgetSpent(waitMs, 'an earlier page walk found it spent');
}

/** Notes and counts where the accounts came from. What is neither a miss nor stale is a hit. */
export function noteSnapshot({ state, ageSeconds }: SnapshotAnswer): void {
  note({ snapshot: state, ageSeconds });
  count('SnapshotAge', ageSeconds);
  if (state === 'miss') count('CacheMisses');
  if (state === 'stale') count('StaleAnswers');
}
