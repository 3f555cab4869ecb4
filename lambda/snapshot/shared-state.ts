import * as z from 'zod/mini';
import { FAULT_NAMES } from '../faults.ts';
import type { Clock } from '../platform/deadline.ts';
import { type GuardedTable, TableAway } from '../platform/table.ts';

/** All moments are milliseconds since the epoch, by the clock of the container that wrote them. */
const stateSchema = z.object({
  /** The content of the snapshot. */
  content: z.optional(
    z.object({
      hash: z.string(),
      /** How many parts it has in the table. */
      parts: z.number().check(z.int(), z.positive(), z.maximum(10_000)),
      /** When the parts were last written: the table drops them after some days. */
      writtenAt: z.number(),
      /** When the page walk began. */
      fetchedAt: z.number(),
    }),
  ),
  /** Who renews the snapshot for all containers, and until when that counts. */
  lock: z.optional(z.object({ owner: z.string(), until: z.number() })),
  /** The last page walk, where it failed. */
  failure: z.optional(
    z.object({
      fault: z.enum(FAULT_NAMES),
      /** The code that callers see; eGain's own where that was passed on. */
      code: z.string(),
      /** Whether eGain has refused the credentials since the last page walk that succeeded. */
      shutOut: z.boolean(),
      /** How many page walks have failed in a row. */
      count: z.number(),
      /** Until then nobody asks eGain. */
      until: z.number(),
    }),
  ),
  /** Until then the stage's budget of calls does not allow a page walk. */
  budgetSpentUntil: z.optional(z.number()),
});

/** What the containers share about the snapshot: one item, since a conditional write sees one. */
export type State = Readonly<z.infer<typeof stateSchema>>;
export type Content = NonNullable<State['content']>;
export type Failure = NonNullable<State['failure']>;

/** The state as this container knows it. */
export interface Seen {
  readonly state: State;
  /** The version of the table's item; undefined where there is none. */
  readonly version: number | undefined;
  /** False while the table is away: the state is then this container's own. */
  readonly shared: boolean;
}

/** The state in the table and, while the table is away, in the container's own memory. */
export interface SharedState {
  /** Never throws: while the table is away, what was known last counts. */
  read(): Promise<Seen>;
  /**
   * Replaces the state by what `change` makes of it, and tries again when another container was
   * faster.
   *
   * @param change returns undefined to leave the state as it is; called anew for every try
   * @returns undefined where `change` declined, or others were faster every time
   */
  update(change: (seen: Seen) => State | undefined): Promise<Seen | undefined>;
}

/** The table drops an item that nobody has written for so long. */
const KEEP_MS = 30 * 86_400_000;
const TRIES = 4;

/** The shared state under a key of the table. */
export function createSharedState(table: GuardedTable, key: string, clock: Clock): SharedState {
  let last: Seen = { state: {}, version: undefined, shared: false };

  const goOnAlone = (state: State): Seen => {
    last = { state, version: undefined, shared: false };
    return last;
  };

  const read = async (): Promise<Seen> => {
    try {
      const item = await table.read(key);
      last = { state: parseState(item?.body), version: item?.version, shared: true };
    } catch (error) {
      if (!(error instanceof TableAway)) throw error;
      // The lock of another container means nothing to one that is alone.
      if (last.shared) goOnAlone({ ...last.state, lock: undefined });
    }
    return last;
  };

  /** @returns undefined when another container was faster */
  const write = async (state: State, seen: number | undefined): Promise<Seen | undefined> => {
    // No version comes twice, not even where the table was emptied in between.
    const version = Math.max((seen ?? 0) + 1, clock.now());
    const item = { version, body: JSON.stringify(state), expiresAt: clock.now() + KEEP_MS };
    try {
      if (!(await table.replace(key, item, seen, true))) return undefined;
      last = { state, version, shared: true };
      return last;
    } catch (error) {
      if (!(error instanceof TableAway)) throw error;
      return goOnAlone(state);
    }
  };

  return {
    read,
    async update(change) {
      for (let tries = 0; tries < TRIES; tries += 1) {
        const isCached = tries === 0 && last.shared;
        const seen = isCached ? last : await read();
        const state = change(seen);
        if (state === undefined) {
          // What is cached may be out of date, so the table decides.
          if (isCached) continue;
          return undefined;
        }
        const written = seen.shared ? await write(state, seen.version) : goOnAlone(state);
        if (written !== undefined) return written;
      }
      return undefined;
    },
  };
}

/** What an item's text says; nothing where it cannot be read. */
function parseState(body: string | undefined): State {
  try {
    return z.safeParse(stateSchema, JSON.parse(body ?? '')).data ?? {};
  } catch {
    return {};
  }
}
