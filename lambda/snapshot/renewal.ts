import { randomUUID } from 'node:crypto';
import type { Account } from '../egain/account.ts';
import { Fault, toFault } from '../faults.ts';
import { type Clock, cancellable, type Deadline, within } from '../platform/deadline.ts';
import { log } from '../platform/log.ts';
import { count } from '../platform/metrics.ts';
import { type SharedKeys, type Table, TableAway } from '../platform/table.ts';
import { type Snapshot, writeParts, writeSnapshot } from './content.ts';
import {
  afterFailure,
  type Content,
  LOCK_MS,
  lockOwner,
  type SharedState,
  type State,
} from './shared-state.ts';

const EXTEND_MS = 3000;
const DAY_MS = 86_400_000;
/** Parts are written again after a day, and a snapshot is shown for a day at most. */
const PART_LIFE_MS = 3 * DAY_MS;

export interface RenewalOptions {
  /** The page walk. Throws a Fault. */
  readonly fetchAccounts: (deadline: Deadline) => Promise<readonly Account[]>;
  readonly shared: SharedState;
  readonly table: Table;
  readonly keys: SharedKeys;
  readonly clock: Clock;
}

/**
 * Renews the snapshot for all containers under the lock, and puts into the shared state what came of
 * it: a content or a failure.
 *
 * @param looked the state on which the renewal was decided
 * @param unreadable the hash of a content whose parts are there but cannot be read
 * @returns the snapshot, and when its page walk began; undefined where another container has the
 *   lock, or was faster
 * @throws Fault, as `fetchAccounts` does
 */
export async function renewSnapshot(
  options: RenewalOptions,
  deadline: Deadline,
  looked: State,
  unreadable: string | undefined,
): Promise<{ readonly snapshot: Snapshot; readonly fetchedAt: number } | undefined> {
  const { fetchAccounts, clock } = options;
  const walk = cancellable(deadline);
  const lost = new Error('another container has the lock');
  const lock = await takeLock(options, looked, () => walk.cancel(lost));
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
    await lock.settle((state) => afterFailure(state, fault, clock.now() - fetchedAt, clock.now()));
    const reason = error instanceof Fault ? error.message : 'an unexpected error';
    log.warn('The accounts could not be fetched', { code: fault.code, reason });
    throw error;
  }

  const snapshot = writeSnapshot(accounts);
  const stored = await store(snapshot, lock.earlier, unreadable, deadline, options);
  const settled = await lock.settle(({ content }) => ({
    content: stored === undefined ? content : { ...stored, fetchedAt },
  }));
  count(settled ? 'Renewals' : 'LocksLost');
  return { snapshot, fetchedAt };
}

/**
 * Writes the parts of a content, where they are not in the table already.
 *
 * @param earlier the content that the shared state names
 * @returns undefined where they cannot be written; the snapshot is then this container's own
 */
async function store(
  snapshot: Snapshot,
  earlier: Content | undefined,
  unreadable: string | undefined,
  deadline: Deadline,
  { table, keys, clock }: RenewalOptions,
): Promise<Omit<Content, 'fetchedAt'> | undefined> {
  const { hash } = snapshot;
  const now = clock.now();
  const isThere = earlier?.hash === hash && hash !== unreadable && now - earlier.writtenAt < DAY_MS;
  if (isThere) return earlier;
  try {
    const writing = writeParts(snapshot, now + PART_LIFE_MS, table, keys);
    return { hash, parts: await within(writing, deadline), writtenAt: now };
  } catch (error) {
    if (error instanceof TableAway || error instanceof Fault) return undefined;
    throw error;
  }
}

/**
 * Takes the lock: the right to renew the snapshot for all containers, extended until it is settled.
 * Nobody may have it, nor have fetched the accounts since this container looked. While the table is
 * away, each container has a lock of its own.
 *
 * @param onLost called when another container turns out to have the lock
 */
async function takeLock({ shared, clock }: RenewalOptions, looked: State, onLost: () => void) {
  /** Unlike the owner of every other lock, earlier ones of this container included. */
  const owner = randomUUID();
  const locked = (state: State): State => ({
    ...state,
    lock: { owner, until: clock.now() + LOCK_MS },
  });
  const taken = await shared.update(({ state }) => {
    const isFree = lockOwner(state, clock.now()) === undefined;
    const isNews = state.content?.fetchedAt !== looked.content?.fetchedAt;
    return isFree && !isNews ? locked(state) : undefined;
  });
  if (taken === undefined) return undefined;

  /** Changes the state while the lock is this container's. */
  const update = (change: (state: State) => State) =>
    shared.update(({ state, shared: isShared }) =>
      !isShared || state.lock?.owner === owner ? change(state) : undefined,
    );
  let callOff: (() => void) | undefined;
  let extending: Promise<void> = Promise.resolve();
  const extendLater = () => {
    callOff = clock.after(EXTEND_MS, () => {
      extending = update(locked).then((seen) => (seen === undefined ? onLost() : extendLater()));
    });
  };
  if (taken.shared) extendLater();

  return {
    /** What the shared state named when the lock was taken. */
    earlier: taken.state.content,
    /** Writes the outcome and gives the lock back; false where another container has it. */
    async settle(change: (state: State) => State): Promise<boolean> {
      await extending;
      callOff?.();
      const settled = await update((state) => ({ ...change(state), lock: undefined }));
      return settled !== undefined;
    },
  };
}
