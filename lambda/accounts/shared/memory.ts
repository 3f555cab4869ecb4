import type { Clock } from '../../platform/clock.ts';
import { type GuardedTable, TableAway } from '../../platform/table/guarded-table.ts';
import type { SharedKeys } from '../../platform/table/shared-keys.ts';
import type { Telemetry } from '../../platform/telemetry.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Board, Seen } from './board.ts';
import type { Content } from './current.ts';
import { readParts } from './parts.ts';
import type { Walked } from './walker.ts';

/** By how much the clocks of two containers may differ. */
const SKEW_MS = 5000;

/** A container's snapshot. */
export interface Kept {
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
