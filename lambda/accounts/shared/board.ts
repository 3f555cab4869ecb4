import type { Clock } from '../../platform/clock.ts';
import { type GuardedTable, TableAway } from '../../platform/table/guarded-table.ts';
import { type Current, NOTHING, parseCurrent } from './current.ts';

/** An item that nobody has renewed for so long is nobody's. */
const KEEP_MS = 30 * 86_400_000;

/** What a container saw on the board. */
export interface Seen {
  readonly current: Current;
  /** The version of the item; undefined where there is none, or none in reach. */
  readonly version: number | undefined;
  /** Whether it stands in the table, for all to see, or is this container's alone. */
  readonly shared: boolean;
}

/** Where containers read what they agree upon, and write it under each other's eyes. */
export interface Board {
  read(): Promise<Seen>;
  /**
   * Writes in the place of what was seen.
   *
   * @param insist also where the table has just failed
   * @returns what stands there now; undefined when somebody else has written meanwhile
   */
  replace(seen: Seen, next: Current, insist?: boolean): Promise<Seen | undefined>;
}

/**
 * The board in the table, and in the container's own memory while that is away, or where there is
 * none. Never throws: what is known last goes on counting.
 */
export function createBoard(table: GuardedTable | undefined, key: string, clock: Clock): Board {
  let alone: Seen = { current: NOTHING, version: undefined, shared: false };
  const note = (seen: Seen): Seen => {
    alone = { ...seen, shared: false };
    return seen;
  };

  return {
    async read() {
      if (table === undefined) return alone;
      try {
        const item = await table.read(key);
        const current = item === undefined ? NOTHING : parseCurrent(item.body);
        return note({ current, version: item?.version, shared: true });
      } catch (error) {
        if (error instanceof TableAway) return alone;
        throw error;
      }
    },

    async replace(seen, next, insist = false) {
      if (table === undefined || !seen.shared) {
        alone = { current: next, version: undefined, shared: false };
        return alone;
      }
      // Never one that was there before, not even where the table was emptied meanwhile.
      const version = Math.max((seen.version ?? 0) + 1, clock.now());
      const expiresAt = clock.now() + KEEP_MS;
      const item = { version, body: JSON.stringify(next), expiresAt };
      try {
        const written = await table.replace(key, item, seen.version, insist);
        return written ? note({ current: next, version, shared: true }) : undefined;
      } catch (error) {
        if (!(error instanceof TableAway)) throw error;
        alone = { current: next, version: undefined, shared: false };
        return alone;
      }
    },
  };
}
