import type { Account } from '../../egain/account.ts';
import { asFault, Fault } from '../../faults.ts';
import type { Clock } from '../../platform/clock.ts';
import {
  type CancellableDeadline,
  cancellable,
  type Deadline,
  within,
} from '../../platform/deadline.ts';
import type { GuardedTable } from '../../platform/table/guarded-table.ts';
import { TableAway } from '../../platform/table/guarded-table.ts';
import type { SharedKeys } from '../../platform/table/shared-keys.ts';
import type { Telemetry } from '../../platform/telemetry.ts';
import { type WrittenSnapshot, writeSnapshot } from '../snapshot.ts';
import type { Board, Seen } from './board.ts';
import type { Content, Current } from './current.ts';
import { rememberedOf } from './failure-memory.ts';
import { type HeldLease, type Settled, takeLease } from './lease.ts';
import { writeParts } from './parts.ts';

/** Parts are written anew before the table drops them. */
const REWRITE_MS = 86_400_000;
const PART_LIFE_MS = 3 * REWRITE_MS;

/** Nobody waits longer than this for a page to begin where a snapshot may stand in. */
export const STAND_IN_AFTER_MS = 5000;

/** What a walk tells while it goes on. */
export interface WalkOptions {
  /** How many calls the walk takes, as far as is known. */
  readonly onCalls: (calls: number) => void;
}

export interface Walked {
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
      ...(standIn && { beginWithinMs: STAND_IN_AFTER_MS }),
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
      await lease.settle(failed(asFault(error), clock.now() - fetchedAt, calls, clock.now()));
      telemetry.warn('The accounts could not be fetched', {
        code: asFault(error).code,
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
