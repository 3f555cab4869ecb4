import { createHash, hash } from 'node:crypto';
import type { Account } from '../egain/account.ts';
import { asFault, Fault, isFault } from '../faults.ts';
import type { Clock } from '../platform/clock.ts';
import type { Deadline } from '../platform/deadline.ts';
import { createSingleFlight } from '../platform/single-flight.ts';
import type { Telemetry } from '../platform/telemetry.ts';

/** All accounts at one moment. */
export interface Snapshot {
  readonly accounts: readonly Account[];
  /** When the walk began, in milliseconds since the epoch: nothing in it is older than that. */
  readonly fetchedAt: number;
  /** SHA-256 of the content, base64url; the order in which eGain sent the accounts is no part. */
  readonly hash: string;
}

export interface SnapshotAnswer {
  readonly snapshot: Snapshot;
  /** There already and fresh; waited for; or past its freshness, because renewing it failed. */
  readonly state: 'hit' | 'miss' | 'stale';
  /** Whole seconds since `fetchedAt`. */
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

export interface SnapshotOptions {
  /** Whether a snapshot past its freshness may stand in after a failure. Default true. */
  readonly stale?: boolean;
}

export interface SnapshotStoreOptions {
  /** Fetches all accounts, or throws a Fault. */
  readonly fetchAccounts: (deadline: Deadline) => Promise<readonly Account[]>;
  readonly freshSeconds: number;
  /** How old a snapshot may be that stands in after a failure. */
  readonly staleSeconds: number;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** Keeps the last good snapshot, and has it renewed by one caller at a time. */
export function createSnapshotStore(options: SnapshotStoreOptions): SnapshotStore {
  const { fetchAccounts, clock, telemetry } = options;
  const freshMs = options.freshSeconds * 1000;
  const staleMs = options.staleSeconds * 1000;
  const flight = createSingleFlight<Snapshot>();
  let kept: Snapshot | undefined;

  const age = (snapshot: Snapshot) => Math.max(0, clock.now() - snapshot.fetchedAt);

  const answer = (snapshot: Snapshot, state: SnapshotAnswer['state']): SnapshotAnswer => ({
    snapshot,
    state,
    ageSeconds: Math.floor(age(snapshot) / 1000),
    freshSecondsLeft: Math.max(0, Math.floor((freshMs - age(snapshot)) / 1000)),
    freshSeconds: options.freshSeconds,
  });

  const renew = async (deadline: Deadline): Promise<Snapshot> => {
    const fetchedAt = clock.now();
    try {
      kept = createSnapshot(await fetchAccounts(deadline), fetchedAt);
      return kept;
    } catch (error) {
      // Whom eGain has shut out, or restricted, shall not go on showing what it knew before.
      if (isFault(error, ...SHUT_OUT)) kept = undefined;
      telemetry.warn('The accounts could not be fetched', {
        code: asFault(error).code,
        reason: error instanceof Fault ? error.message : 'an unexpected error',
      });
      throw error;
    }
  };

  return {
    async get(deadline, { stale = true } = {}) {
      if (kept !== undefined && age(kept) < freshMs) return answer(kept, 'hit');
      try {
        return answer(await flight.run(deadline, () => renew(deadline)), 'miss');
      } catch (error) {
        if (!stale || kept === undefined || age(kept) > staleMs) throw error;
        return answer(kept, 'stale');
      }
    },
  };
}

/** eGain refuses the credentials, or grants them too little. */
const SHUT_OUT = ['egainCredentialsRefused', 'egainScopeInsufficient'] as const;

/** A snapshot whose hash is made when it is first asked for: most answers need none. */
export function createSnapshot(accounts: readonly Account[], fetchedAt: number): Snapshot {
  let made: string | undefined;
  return {
    accounts,
    fetchedAt,
    get hash() {
      made ??= contentHash(accounts);
      return made;
    },
  };
}

/** Each account has its keys in the schema's order, so equal ones have equal JSON. */
function contentHash(accounts: readonly Account[]): string {
  const digests = accounts.map((account) => hash('sha256', JSON.stringify(account), 'base64url'));
  const whole = createHash('sha256');
  for (const digest of digests.toSorted()) whole.update(digest);
  return whole.digest('base64url');
}
