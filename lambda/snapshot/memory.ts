import type { Clock } from '../platform/deadline.ts';
import { log } from '../platform/log.ts';
import { type GuardedTable, type SharedKeys, TableAway } from '../platform/table.ts';
import { readParts, type Snapshot } from './content.ts';
import type { Content } from './shared-state.ts';

/** A snapshot in a container's memory. */
export interface Kept {
  readonly snapshot: Snapshot;
  /** When its page walk began, by the clock of the container that made it. */
  readonly fetchedAt: number;
  /** Whether another container made it. */
  readonly foreign: boolean;
}

/** The snapshot in a container's memory, which never goes back to an older one. */
export interface Memory {
  /** The hash of a content whose parts are in the table but cannot be read. */
  readonly unreadable: string | undefined;
  /**
   * The snapshot, if it is younger than this.
   *
   * @param exact whether it must be so by every container's clock, and not by this one's alone
   */
  youngerThan(ms: number, exact: boolean): Kept | undefined;
  /** Milliseconds since the page walk began. */
  ageOf(kept: Kept): number;
  /** Reads the content that the shared state names, where it is newer. */
  adopt(content: Content): Promise<void>;
  /** Keeps what this container has fetched, unless it has learnt of something newer meanwhile. */
  keep(snapshot: Snapshot, fetchedAt: number): Kept;
  /** Forgets the snapshot: eGain has refused the credentials to another container. */
  forget(): void;
  /** Forgets the snapshot, and whatever was fetched before: eGain has refused the credentials. */
  refuse(): void;
}

export interface MemoryOptions {
  readonly table: GuardedTable;
  readonly keys: SharedKeys;
  /** How old a snapshot may be that is still shown, in milliseconds. */
  readonly staleMs: number;
  readonly clock: Clock;
}

/** By how much the clocks of two containers may differ. */
const SKEW_MS = 5000;

export function createMemory({ table, keys, staleMs, clock }: MemoryOptions): Memory {
  let kept: Kept | undefined;
  let unreadable: string | undefined;
  let refusedAt = Number.NEGATIVE_INFINITY;

  const ageOf = ({ fetchedAt }: Kept) => Math.max(0, clock.now() - fetchedAt);
  const isNewer = (fetchedAt: number) => fetchedAt > Math.max(refusedAt, kept?.fetchedAt ?? 0);
  /** The same object for the same content: the views made of it remain useful. */
  const known = (hash: string) => (kept?.snapshot.hash === hash ? kept.snapshot : undefined);

  const load = async (hash: string, parts: number): Promise<Snapshot | undefined> => {
    try {
      const snapshot = await readParts(hash, parts, table, keys);
      unreadable = snapshot === undefined ? hash : undefined;
      if (snapshot === undefined) log.warn('The shared snapshot cannot be read', { hash });
      return snapshot;
    } catch (error) {
      if (error instanceof TableAway) return undefined;
      throw error;
    }
  };

  return {
    get unreadable() {
      return unreadable;
    },
    ageOf,

    youngerThan(ms, exact) {
      if (kept === undefined) return undefined;
      const blurMs = exact && kept.foreign ? SKEW_MS : 0;
      return ageOf(kept) + blurMs < ms ? kept : undefined;
    },

    async adopt({ hash, parts, fetchedAt }) {
      const isShown = clock.now() - fetchedAt + SKEW_MS <= staleMs;
      if (!isShown || !isNewer(fetchedAt)) return;
      const snapshot = known(hash) ?? (await load(hash, parts));
      // This container may have fetched something newer meanwhile.
      if (snapshot !== undefined && isNewer(fetchedAt)) {
        kept = { snapshot, fetchedAt, foreign: true };
      }
    },

    keep(snapshot, fetchedAt) {
      if (kept === undefined || fetchedAt > kept.fetchedAt) {
        kept = { snapshot: known(snapshot.hash) ?? snapshot, fetchedAt, foreign: false };
      }
      return kept;
    },

    forget() {
      kept = undefined;
    },

    refuse() {
      kept = undefined;
      // What another container fetched before may have a time that is ahead of this clock.
      refusedAt = clock.now() + SKEW_MS;
    },
  };
}
