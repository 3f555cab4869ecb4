import * as z from 'zod/mini';
import { FAULT_NAMES } from '../faults.ts';
import type { Clock } from '../platform/deadline.ts';
import { type GuardedTable, TableAway } from '../platform/table.ts';

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

/**
 * What the containers agree upon: which content the snapshot has, who renews it, and what failed.
 * One item, since a conditional write sees one, and these change together.
 */
const currentSchema = z.object({
  /** Grows with every commit; a walk that began at one revision may only make the next. */
  revision: z.number(),
  /** How many calls the last walk took, or would have taken as far as it came. */
  calls: z.number(),
  content: z.optional(
    z.object({
      hash: z.string(),
      /** In how many parts it lies. */
      parts: z.number().check(z.int(), z.positive(), z.maximum(10_000)),
      /** When the parts were last written: they do not last for ever. */
      writtenAt: z.number(),
      /** When the walk began, by the clock of its container. Milliseconds since the epoch. */
      fetchedAt: z.number(),
      /** From the walk's beginning to the commit, by that same clock. */
      walkMs: z.number(),
      /** The lease under which it was committed. */
      by: z.string(),
    }),
  ),
  lease: z.optional(z.object({ owner: z.string(), until: z.number() })),
  failure: z.optional(
    z.object({
      fault: z.enum(FAULT_NAMES),
      /** What callers see of it; eGain's own where that was passed on. */
      code: z.string(),
      /** Whether eGain has refused or restricted the credentials since the last walk's success. */
      shutOut: z.boolean(),
      /** How many walks have failed in a row. */
      count: z.number(),
      /** Until then nobody asks eGain. */
      until: z.number(),
    }),
  ),
});

export type Current = Readonly<z.infer<typeof currentSchema>>;
export type Content = NonNullable<Current['content']>;
export type Failure = NonNullable<Current['failure']>;

/** Where nothing has been agreed upon yet. */
export const NOTHING: Current = { revision: 0, calls: 0 };

/** What an item's text says; nothing, where it cannot be read. */
function parseCurrent(body: string): Current {
  try {
    return z.safeParse(currentSchema, JSON.parse(body)).data ?? NOTHING;
  } catch {
    return NOTHING;
  }
}

/** A holder that dies, or is frozen, is replaced after this. */
export const LEASE_MS = 10_000;
const EXTEND_MS = 3000;
/** A conflict with a write of one's own whose answer got lost is settled by looking again. */
const TRIES = 3;

/** What became of a write: everybody sees it; another has the lease; or the table is away. */
export type Settled = 'shared' | 'lost' | 'alone';

/** The right to walk for all containers, kept alive until it is settled. */
export interface HeldLease {
  readonly owner: string;
  /** What the board said when the lease was taken, or last extended. */
  readonly current: Current;
  /** Whether others know of it; else this container walks for itself. */
  readonly shared: boolean;
  /** Gives the lease back, and writes what came of it; nothing where another has it. */
  settle(change: (current: Current) => Current): Promise<Settled>;
}

/**
 * Takes the lease by a conditional write upon what was seen.
 *
 * @param owner told from every other lease, earlier ones of the same container too
 * @param onLost called when another turns out to have it
 * @returns undefined when somebody else was first
 */
export async function takeLease(
  board: Board,
  seen: Seen,
  owner: string,
  clock: Clock,
  onLost: () => void,
): Promise<HeldLease | undefined> {
  const leased = (current: Current): Current => ({
    ...current,
    lease: { owner, until: clock.now() + LEASE_MS },
  });
  const taken = await board.replace(seen, leased(seen.current));
  if (taken === undefined) return undefined;
  let held = taken;

  const write = async (change: (current: Current) => Current): Promise<Settled> => {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const next = await board.replace(held, change(held.current), true);
      if (next?.shared === false) return 'alone';
      if (next !== undefined) {
        held = next;
        return 'shared';
      }
      const now = await board.read();
      if (!now.shared) return 'alone';
      if (now.current.content?.by === owner) return 'shared';
      if (now.current.lease?.owner !== owner) return 'lost';
      held = now;
    }
    return 'lost';
  };

  let settling = false;
  let callOff: (() => void) | undefined;
  let extending: Promise<void> = Promise.resolve();
  const extend = async () => {
    if ((await write(leased)) === 'lost') onLost();
    else keepAlive();
  };
  const keepAlive = () => {
    if (settling) return;
    callOff = clock.after(EXTEND_MS, () => {
      extending = extend();
    });
  };
  if (taken.shared) keepAlive();

  return {
    owner,
    shared: taken.shared,
    get current() {
      return held.current;
    },
    async settle(change) {
      settling = true;
      callOff?.();
      await extending;
      return write((current) => change({ ...current, lease: undefined }));
    },
  };
}
