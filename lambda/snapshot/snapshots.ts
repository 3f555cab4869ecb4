import { randomUUID } from 'node:crypto';
import type { Account } from '../egain/account.ts';
import { BudgetSpent } from '../egain/call-budget.ts';
import { Fault, isFault, toFault } from '../faults.ts';
import type { ServiceConfig } from '../platform/config.ts';
import {
  type CancellableDeadline,
  type Clock,
  cancellable,
  type Deadline,
  pause,
  within,
} from '../platform/deadline.ts';
import { type GuardedTable, type SharedKeys, TableAway } from '../platform/table.ts';
import { note } from '../platform/log.ts';
import { count } from '../platform/metrics.ts';
import type { Telemetry } from '../platform/telemetry.ts';
import {
  readParts,
  type Snapshot,
  type WrittenSnapshot,
  writeParts,
  writeSnapshot,
} from './content.ts';
import { faultOf, rememberedOf } from './failure.ts';
import {
  type Board,
  type Content,
  type Current,
  createBoard,
  type HeldLease,
  type Seen,
  type Settled,
  takeLease,
} from './shared-state.ts';

export interface SnapshotsOptions {
  /** Fetches all accounts, or throws a Fault. */
  readonly fetchAccounts: (deadline: Deadline, walk: WalkOptions) => Promise<readonly Account[]>;
  readonly config: Pick<ServiceConfig, 'freshSeconds' | 'staleSeconds' | 'refreshSeconds'>;
  /** What the containers share by; without it this one is alone. */
  readonly table: GuardedTable | undefined;
  readonly keys: SharedKeys;
  readonly forecast?: WalkForecast | undefined;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Tells this container's leases from all others. */
  readonly containerId?: string;
}

/** The snapshot of one container: in memory, over a table that all containers share. */
export function createSnapshots(options: SnapshotsOptions): RenewableStore {
  const { config, table, keys, clock, telemetry, containerId = randomUUID() } = options;
  const staleMs = config.staleSeconds * 1000;
  const common = { table, keys, staleMs, clock, telemetry };
  const board = createBoard(table, keys.current, clock);
  let leases = 0;
  const nextOwner = () => {
    leases += 1;
    return `${containerId}/${leases}`;
  };
  return createSnapshotStore({
    ...config,
    memory: createMemory({ ...common, board }),
    walk: createWalker({ ...common, board, nextOwner, fetchAccounts: options.fetchAccounts }),
    forecast: options.forecast,
    clock,
    telemetry,
  });
}

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
type WalkForecast = (calls: number) => Promise<number>;

interface SnapshotStoreOptions {
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
function createSnapshotStore(options: SnapshotStoreOptions): RenewableStore {
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
        await pause(instead === undefined ? pollMs : Math.min(pollMs, leftMs), deadline);
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

/** Parts are written anew before the table drops them. */
const REWRITE_MS = 86_400_000;
const PART_LIFE_MS = 3 * REWRITE_MS;

/** Nobody waits longer than this for a page to begin where a snapshot may stand in. */
const STAND_IN_AFTER_MS = 5000;

/** What a walk tells while it goes on. */
interface WalkOptions {
  /** How many calls the walk takes, as far as is known. */
  readonly onCalls: (calls: number) => void;
}

interface Walked {
  readonly written: WrittenSnapshot;
  /** When the walk began; milliseconds since the epoch. */
  readonly fetchedAt: number;
  /** The board's revision when it began. */
  readonly base: number;
  /** The revision that it became; undefined where it is this container's alone. */
  readonly revision: number | undefined;
}

export interface WalkerOptions {
  /** Fetches all accounts, or throws a Fault. */
  readonly fetchAccounts: (deadline: Deadline, options: WalkOptions) => Promise<readonly Account[]>;
  readonly board: Board;
  /** Where parts are written; the board's table. */
  readonly table: GuardedTable | undefined;
  readonly keys: SharedKeys;
  readonly staleMs: number;
  /** A name for each lease, unlike any other's. */
  readonly nextOwner: () => string;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/**
 * Walks for all containers: under a lease, and with its outcome on the board, be that a snapshot or
 * a failure.
 *
 * @param seen what the board said last
 * @param standIn whether a snapshot stands in when it fails, so that nobody need wait long
 * @param doubted the hash of content whose parts cannot be read
 * @returns undefined when another container has the lease, before the walk or by its end
 * @throws Fault, as `fetchAccounts` does
 */
export type Walk = (
  seen: Seen,
  deadline: Deadline,
  standIn: boolean,
  doubted?: string,
) => Promise<Walked | undefined>;

export function createWalker(options: WalkerOptions): Walk {
  const { fetchAccounts, board, table, keys, clock, telemetry } = options;

  /** The parts of a content, written where they are not there already. */
  const store = async (
    written: WrittenSnapshot,
    earlier: Content | undefined,
    doubted: string | undefined,
  ): Promise<Pick<Content, 'hash' | 'parts' | 'writtenAt'> | undefined> => {
    const { hash } = written.snapshot;
    const now = clock.now();
    const there =
      earlier?.hash === hash && hash !== doubted && now - earlier.writtenAt < REWRITE_MS;
    if (there) return earlier;
    if (table === undefined) return undefined;
    const expiresAt = now + PART_LIFE_MS + options.staleMs;
    return { hash, parts: await writeParts(written, expiresAt, table, keys), writtenAt: now };
  };

  const commit = async (
    lease: HeldLease,
    written: WrittenSnapshot,
    fetchedAt: number,
    calls: number,
    doubted: string | undefined,
    deadline: Deadline,
  ): Promise<{ settled: Settled; revision: number }> => {
    const base = lease.current;
    const done = (current: Current): Current => ({ ...current, calls, failure: undefined });
    // Also above every revision before the table was emptied, should that happen.
    const revision = Math.max(base.revision + 1, clock.now());
    if (!lease.shared) return { settled: await lease.settle(done), revision };
    try {
      const stored = await within(store(written, base.content, doubted), deadline);
      if (stored === undefined) throw new TableAway('there is no table for the parts');
      const { hash, parts, writtenAt } = stored;
      const settled = await lease.settle((current) => {
        const walkMs = Math.max(0, clock.now() - fetchedAt);
        const content = { hash, parts, writtenAt, fetchedAt, walkMs, by: lease.owner };
        return { ...done(current), revision, content };
      });
      return { settled, revision };
    } catch (error) {
      if (!(error instanceof TableAway || error instanceof Fault)) throw error;
      // The parts are not to be had by others, but eGain has answered.
      const settled = await lease.settle(done);
      return { settled: settled === 'lost' ? 'lost' : 'alone', revision };
    }
  };

  return async (seen, deadline, standIn, doubted) => {
    const lost = new Error('another container has the lease');
    const walk: CancellableDeadline = {
      ...cancellable(deadline),
      ...(standIn && { firstByteMs: STAND_IN_AFTER_MS }),
    };
    const owner = options.nextOwner();
    const lease = await takeLease(board, seen, owner, clock, () => walk.cancel(lost));
    if (lease === undefined) return undefined;

    const fetchedAt = clock.now();
    let calls = 0;
    const onCalls = (count: number) => {
      calls = Math.max(calls, count);
    };
    let accounts: readonly Account[];
    try {
      accounts = await fetchAccounts(walk, { onCalls });
    } catch (error) {
      if (error === lost) {
        telemetry.count('LeasesLost');
        return undefined;
      }
      await lease.settle(failed(toFault(error), clock.now() - fetchedAt, calls, clock.now()));
      telemetry.warn('The accounts could not be fetched', {
        code: toFault(error).code,
        reason: error instanceof Fault ? error.message : 'an unexpected error',
      });
      throw error;
    }
    const written = writeSnapshot(accounts);
    const { settled, revision } = await commit(lease, written, fetchedAt, calls, doubted, deadline);
    telemetry.count(settled === 'lost' ? 'LeasesLost' : 'Renewals');
    const base = seen.current.revision;
    return { written, fetchedAt, base, revision: settled === 'shared' ? revision : undefined };
  };
}

function failed(fault: Fault, walkedMs: number, calls: number, now: number) {
  return (current: Current): Current => ({
    ...current,
    calls: Math.max(calls, current.calls),
    failure: rememberedOf(fault, walkedMs, current.failure, now) ?? current.failure,
  });
}

/** By how much the clocks of two containers may differ. */
const SKEW_MS = 5000;

/** A container's snapshot. */
interface Kept {
  readonly snapshot: Snapshot;
  /** When its walk began, by this container's clock as far as can be told. */
  readonly fetchedAt: number;
  /** When its walk began at the earliest, whatever the other's clock says. */
  readonly notBefore: number;
}

/** The snapshot in a container's memory, which never goes back to an older one. */
export interface Memory {
  readonly kept: Kept | undefined;
  /** The hash of content on the board that cannot be read. */
  readonly doubted: string | undefined;
  /** Reads the board, and what is newer there; callers that come meanwhile share it. */
  look(): Promise<Seen>;
  /** Whether the board names something newer than what is kept. */
  isNewer(seen: Seen): boolean;
  /** Keeps what this container has walked itself, unless it may have learnt of a later walk. */
  keep(walked: Walked): Kept;
  /** Forgets what eGain no longer lets anybody show, as a walk after this look has found. */
  forget(seen: Seen): void;
}

export interface MemoryOptions {
  readonly board: Board;
  /** Where parts are read; the board's table. */
  readonly table: GuardedTable | undefined;
  readonly keys: SharedKeys;
  /** What is older is not worth reading. */
  readonly staleMs: number;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

export function createMemory(options: MemoryOptions): Memory {
  const { board, table, keys, clock, telemetry } = options;
  let kept: Kept | undefined;
  let doubted: string | undefined;
  /** What is kept, or has been given up, is of this revision; */
  let revision = 0;
  /** or, where no revision tells, of this moment by this container's clock. */
  let aloneAt = Number.NEGATIVE_INFINITY;
  /** When an older revision than the board's was last seen there. */
  let older = Number.NEGATIVE_INFINITY;
  let lookedAt = { revision: 0, at: Number.NEGATIVE_INFINITY };
  let looking: Promise<Seen> | undefined;

  const isNewer = ({ current: { content, revision: named } }: Seen) =>
    content !== undefined && named > revision && content.fetchedAt > aloneAt + SKEW_MS;

  /**
   * When the walk began. Clocks differ, but not causes from effects: it began `walkMs` and more
   * before it was read here, and not that long before an older revision was still to be seen.
   */
  const datesOf = ({ fetchedAt, walkMs }: Content) => {
    const earliest = older - walkMs;
    const estimate = Math.max(earliest, Math.min(fetchedAt, clock.now() - walkMs));
    return { fetchedAt: estimate, notBefore: Math.max(earliest, fetchedAt - SKEW_MS) };
  };

  const load = async ({ hash, parts }: Content): Promise<Snapshot | undefined> => {
    if (kept?.snapshot.hash === hash) return kept.snapshot;
    if (table === undefined) return undefined;
    try {
      const read = await readParts(hash, parts, table, keys);
      doubted = read === undefined ? hash : undefined;
      if (read === undefined) telemetry.warn('The shared snapshot cannot be read', { hash });
      return read;
    } catch (error) {
      if (error instanceof TableAway) return undefined;
      throw error;
    }
  };

  const adopt = async (seen: Seen) => {
    const { content, failure, revision: named } = seen.current;
    if (failure?.shutOut === true) {
      kept = undefined;
      revision = Math.max(revision, named);
    } else if (content !== undefined && isNewer(seen)) {
      const dates = datesOf(content);
      if (clock.now() - dates.notBefore > options.staleMs) return;
      const snapshot = await load(content);
      // What this container has walked meanwhile is newer.
      if (snapshot === undefined || !isNewer(seen)) return;
      kept = { snapshot, ...dates };
      revision = named;
      aloneAt = Number.NEGATIVE_INFINITY;
    }
  };

  const look = async (): Promise<Seen> => {
    const at = clock.now();
    const seen = await board.read();
    if (!seen.shared) return seen;
    if (seen.current.revision !== lookedAt.revision) older = lookedAt.at;
    lookedAt = { revision: seen.current.revision, at };
    await adopt(seen);
    return seen;
  };

  return {
    get kept() {
      return kept;
    },
    get doubted() {
      return doubted;
    },
    isNewer,
    look() {
      looking ??= look().finally(() => {
        looking = undefined;
      });
      return looking;
    },
    keep({ written, fetchedAt, base, revision: committed }) {
      // Another walk was committed meanwhile, and clocks that differ may not tell which began later.
      const maybeOlder = (known: Kept) => fetchedAt < known.fetchedAt + SKEW_MS;
      if (kept !== undefined && revision > (committed ?? base) && maybeOlder(kept)) return kept;
      // The same object for the same content: what was worked out from it goes on serving.
      const same = kept?.snapshot.hash === written.snapshot.hash ? kept.snapshot : undefined;
      kept = { snapshot: same ?? written.snapshot, fetchedAt, notBefore: fetchedAt };
      if (committed === undefined) aloneAt = fetchedAt;
      else {
        revision = committed;
        aloneAt = Number.NEGATIVE_INFINITY;
        doubted = undefined;
        lookedAt = { revision: committed, at: clock.now() };
      }
      return kept;
    },
    forget(seen) {
      kept = undefined;
      // Where others know of it too, the board's revision tells what came before.
      if (seen.shared) revision = Math.max(revision, seen.current.revision);
      else aloneAt = clock.now();
    },
  };
}

/**
 * Puts into the invocation's record, and counts, how the accounts were had and how old they are.
 * Every answer has its age, so what is neither a miss nor stale was a hit.
 */
export function noteSnapshot({ state, ageSeconds }: SnapshotAnswer): void {
  note({ snapshot: state, ageSeconds });
  count('SnapshotAge', ageSeconds);
  if (state === 'miss') count('CacheMisses');
  if (state === 'stale') count('StaleAnswers');
}
