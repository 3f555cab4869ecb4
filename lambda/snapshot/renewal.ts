import { randomUUID } from 'node:crypto';
import type { Account } from '../egain/account.ts';
import { BudgetSpent } from '../egain/call-budget.ts';
import { Fault, toFault } from '../faults.ts';
import { type Clock, cancellable, type Deadline, within } from '../platform/deadline.ts';
import { log } from '../platform/log.ts';
import { count } from '../platform/metrics.ts';
import { type GuardedTable, type SharedKeys, TableAway } from '../platform/table.ts';
import { type WrittenSnapshot, writeParts, writeSnapshot } from './content.ts';
import { rememberedOf } from './failure.ts';
import type { Content, Seen, SharedState, State } from './shared-state.ts';

/** The lock of a container that dies, or is frozen, ends after this. */
export const LOCK_MS = 10_000;
const EXTEND_MS = 3000;
const DAY_MS = 86_400_000;
/** Parts are written again after a day, so that they are there for as long as the state names them. */
const PART_LIFE_MS = 3 * DAY_MS;

export interface RenewalOptions {
  /** The page walk. Throws a Fault. */
  readonly fetchAccounts: (deadline: Deadline) => Promise<readonly Account[]>;
  readonly shared: SharedState;
  /** Where the parts are written. */
  readonly table: GuardedTable;
  readonly keys: SharedKeys;
  /** How old a snapshot may be that is still shown, in milliseconds. */
  readonly staleMs: number;
  readonly clock: Clock;
}

/** What a page walk has brought. */
interface Renewed extends WrittenSnapshot {
  /** When the page walk began. */
  readonly fetchedAt: number;
}

/**
 * Renews the snapshot for all containers: under the lock, and with what came of it in the shared
 * state, be that a content or a failure.
 *
 * @param looked the state on which the renewal was decided
 * @param unreadable the hash of a content whose parts are there but cannot be read
 * @returns undefined where another container has the lock, or was faster
 * @throws Fault, as `fetchAccounts` does
 */
export type Renew = (
  deadline: Deadline,
  looked: State,
  unreadable: string | undefined,
) => Promise<Renewed | undefined>;

export function createRenewal(options: RenewalOptions): Renew {
  const { fetchAccounts, shared, clock } = options;
  const containerId = randomUUID();
  let locks = 0;

  return async (deadline, looked, unreadable) => {
    locks += 1;
    const walk = cancellable(deadline);
    const lost = new Error('another container has the lock');
    const owner = `${containerId}/${locks}`;
    const lock = await takeLock(shared, owner, looked, clock, () => walk.cancel(lost));
    if (lock === undefined) return undefined;

    const fetchedAt = clock.now();
    let accounts: readonly Account[];
    try {
      accounts = await fetchAccounts(walk);
    } catch (error) {
      if (error === lost) {
        count('LocksLost');
        return undefined;
      }
      const fault = toFault(error);
      await lock.settle((state) => withFailure(state, fault, fetchedAt, clock.now()));
      const reason = error instanceof Fault ? error.message : 'an unexpected error';
      log.warn('The accounts could not be fetched', { code: fault.code, reason });
      throw error;
    }

    const written = writeSnapshot(accounts);
    const stored = lock.taken.shared
      ? await store(written, lock.taken.state.content, unreadable, deadline, options)
      : undefined;
    const settled = await lock.settle(({ content }) => ({
      content: stored === undefined ? content : { ...stored, fetchedAt },
    }));
    count(settled ? 'Renewals' : 'LocksLost');
    return { ...written, fetchedAt };
  };
}

/** The state after a page walk that failed. */
function withFailure(state: State, fault: Fault, fetchedAt: number, now: number): State {
  if (fault instanceof BudgetSpent) {
    return { ...state, budgetSpentUntil: now + (fault.retryAfterSeconds ?? 0) * 1000 };
  }
  const failure = rememberedOf(fault, now - fetchedAt, state.failure, now);
  return { ...state, failure: failure ?? state.failure };
}

/**
 * Writes the parts of a content, where they are not in the table already.
 *
 * @param earlier the content that the shared state names
 * @returns undefined where they cannot be written; the snapshot is then this container's own
 */
async function store(
  written: WrittenSnapshot,
  earlier: Content | undefined,
  unreadable: string | undefined,
  deadline: Deadline,
  { table, keys, staleMs, clock }: RenewalOptions,
): Promise<Omit<Content, 'fetchedAt'> | undefined> {
  const { hash } = written.snapshot;
  const now = clock.now();
  const isThere = earlier?.hash === hash && hash !== unreadable && now - earlier.writtenAt < DAY_MS;
  if (isThere) return earlier;
  try {
    const writing = writeParts(written, now + PART_LIFE_MS + staleMs, table, keys);
    return { hash, parts: await within(writing, deadline), writtenAt: now };
  } catch (error) {
    if (error instanceof TableAway || error instanceof Fault) return undefined;
    throw error;
  }
}

/** The right to renew the snapshot for all containers, extended until it is settled. */
interface Lock {
  /** The state with which it was taken. */
  readonly taken: Seen;
  /**
   * Gives the lock back, and writes what came of the renewal.
   *
   * @returns false where another container has the lock: then nothing is written
   */
  settle(change: (state: State) => State): Promise<boolean>;
}

/**
 * Takes the lock, where nobody has it and nobody has fetched the accounts since this container
 * looked. While the table is away, each container has a lock of its own.
 *
 * @param owner unlike the owner of every other lock, earlier ones of this container included
 * @param onLost called when another container turns out to have the lock
 */
async function takeLock(
  shared: SharedState,
  owner: string,
  looked: State,
  clock: Clock,
  onLost: () => void,
): Promise<Lock | undefined> {
  const locked = (state: State): State => ({
    ...state,
    lock: { owner, until: clock.now() + LOCK_MS },
  });
  const isMine = (seen: Seen) => !seen.shared || seen.state.lock?.owner === owner;
  let settling = false;
  let callOff: (() => void) | undefined;
  let extending: Promise<void> = Promise.resolve();

  const extend = async () => {
    const extended = await shared.update((seen) => (isMine(seen) ? locked(seen.state) : undefined));
    if (extended === undefined) onLost();
    else if (!settling) extendLater();
  };
  const extendLater = () => {
    callOff = clock.after(EXTEND_MS, () => {
      extending = extend();
    });
  };

  const taken = await shared.update(({ state }) => {
    const isFree = lockOwner(state, clock.now()) === undefined;
    const isNews = state.content?.fetchedAt !== looked.content?.fetchedAt;
    return isFree && !isNews ? locked(state) : undefined;
  });
  if (taken === undefined) return undefined;
  if (taken.shared) extendLater();
  return {
    taken,
    async settle(change) {
      settling = true;
      callOff?.();
      await extending;
      const settled = await shared.update((seen) =>
        isMine(seen) ? { ...change(seen.state), lock: undefined } : undefined,
      );
      return settled !== undefined;
    },
  };
}

/** Who has the lock, as far as it still counts. */
export function lockOwner({ lock }: State, now: number): string | undefined {
  return lock !== undefined && now < lock.until ? lock.owner : undefined;
}
