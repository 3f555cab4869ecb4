import * as z from 'zod/mini';
import { Fault } from '../faults.ts';
import { type Clock, type Deadline, pause } from '../platform/deadline.ts';
import { count } from '../platform/metrics.ts';
import { parseJson } from '../platform/parse.ts';
import { type Item, nextVersion, SKEW_MS, type Table, unlessAway } from '../platform/table.ts';

const MINUTE_MS = 60_000;
/** Calls are noted by the second in which they were reserved. */
const SLOT_MS = 1000;
/** How much later than its reservation a call may reach eGain: a connection takes up to 10 s. */
const ON_ITS_WAY_MS = 10_000;
/** Calls noted within this may all reach eGain within one minute. */
export const WINDOW_MS = MINUTE_MS + SKEW_MS + SLOT_MS + ON_ITS_WAY_MS;
/** A call is made within a second of its reservation, or is reserved again. */
const PROMPT_MS = 1000;
/** How often the count is written before a container goes on alone, the first few at once. */
const TRIES = 10;
const PROMPT_TRIES = 3;
const FIRST_PAUSE_MS = 10;
const KEEP_MS = 3_600_000;

/** The stage's budget allows no call in the caller's time. Says nothing about eGain. */
export class BudgetSpent extends Fault {
  override readonly name: string = 'BudgetSpent';

  /** @param waitMs how long until the budget may allow a page walk */
  constructor(waitMs: number, reason: string) {
    super('egainThrottled', {
      developerMessage:
        "This service's own budget of calls to eGain is spent for now; eGain itself is not throttling.",
      retryAfterSeconds: Math.min(3600, Math.max(1, Math.ceil(waitMs / 1000))),
      reason: `the budget of calls is spent: ${reason}`,
    });
  }
}

/** What all containers together may ask of eGain. */
export type CallBudget = ReturnType<typeof createCallBudget>;

interface CallBudgetOptions {
  readonly callsPerMinute: number;
  readonly table: Table;
  /** Of the item that holds the count. */
  readonly key: string;
  readonly clock: Clock;
}

/** How many calls were reserved in which second, the earliest first. */
type Slots = readonly (readonly [second: number, calls: number])[];

interface Noted {
  readonly slots: Slots;
  /** False while the table is away. */
  readonly isShared: boolean;
  /** Of the table's item; undefined where there is none. */
  readonly version: number | undefined;
}

const secondOf = (ms: number) => Math.floor(ms / SLOT_MS);

const slotsSchema = z.array(
  z.tuple([z.number().check(z.int()), z.number().check(z.int(), z.positive())]),
);

/**
 * A budget that no minute exceeds, wherever the minute begins: calls are noted in the table before
 * they are made, and count for as long as they may share a minute with a later call. What clocks,
 * slots and connections may blur is added to the minute, so a fifth is left unused in the long run.
 * While the table is away, each container keeps the whole budget by itself.
 */
export function createCallBudget({ callsPerMinute, table, key, clock }: CallBudgetOptions) {
  let queue: Promise<unknown> = Promise.resolve();
  /** Calls of this container that are noted and not made yet. */
  let reserved = { second: 0, calls: 0, until: 0 };
  /** What this container itself has noted, in the table or, while that is away, only here. */
  let own: Slots = [];
  /** The version of an item that cannot be read, and when it was seen first. */
  let unreadable: { version: number | undefined; second: number } = {
    version: Number.NaN,
    second: 0,
  };

  /**
   * The calls that an item notes. One that cannot be read, or has no version, or is of a time to come,
   * counts as full for as long as calls made when it was seen first would count.
   */
  const slotsOf = ({ version, body }: Item): Slots => {
    const slots = z.safeParse(slotsSchema, parseJson(body)).data;
    const latest = secondOf(clock.now() + SKEW_MS);
    if (version !== undefined && slots?.every(([second]) => second <= latest)) return slots;
    if (unreadable.version !== version) unreadable = { version, second: secondOf(clock.now()) };
    return [[unreadable.second, callsPerMinute]];
  };

  /** What counts beside the calls that this container has reserved. */
  const read = async (): Promise<Noted> => {
    const found = await table.read(key).then(
      (item) => ({ item }),
      (error: unknown) => unlessAway(error),
    );
    const item = found?.item;
    const since = clock.now() - WINDOW_MS;
    own = own.filter(([second]) => (second + 1) * SLOT_MS > since);
    const noted = item === undefined ? [] : slotsOf(item);
    const recent = noted.filter(([second]) => (second + 1) * SLOT_MS > since);
    return {
      isShared: found !== undefined,
      version: item?.version,
      slots: withCalls(withAtLeast(recent, own), reserved.second, -reserved.calls),
    };
  };

  /** Notes so many calls as reserved now; false where another container was faster. */
  const write = async ({ isShared, version, slots }: Noted, calls: number): Promise<boolean> => {
    const now = clock.now();
    const second = secondOf(now);
    if (isShared) {
      const item = {
        version: nextVersion(version, now),
        body: JSON.stringify(withCalls(slots, second, calls)),
        expiresAt: now + KEEP_MS,
      };
      // Where the table has gone away, it does not matter whether it has noted them.
      const isWritten = await table.replace(key, item, version).catch(unlessAway);
      if (isWritten === false) return false;
    }
    own = withCalls(withCalls(own, reserved.second, -reserved.calls), second, calls);
    reserved = { second, calls, until: now + PROMPT_MS };
    return true;
  };

  /**
   * @param again how many calls the caller will make again where it is refused
   * @returns how long until so many calls fit, in milliseconds
   * @throws BudgetSpent where that is too long for the caller
   */
  const waitFor = (slots: Slots, calls: number, deadline: Deadline, again: number): number => {
    const waitMs = untilFree(slots, calls, callsPerMinute, clock.now());
    if (waitMs === 0) return 0;
    count('CallsDeferred');
    const { patienceMs = Number.POSITIVE_INFINITY } = deadline;
    if (waitMs < Math.min(deadline.remaining(), patienceMs)) return waitMs;
    const retryMs = untilFree(slots, calls + again, callsPerMinute, clock.now());
    throw new BudgetSpent(retryMs, `the caller cannot wait for ${calls} more`);
  };

  /** Reserves `more` calls, and those already reserved anew, as soon as there is room for them. */
  const reserveMore = async (more: number, deadline: Deadline, again = 0): Promise<void> => {
    for (let tries = 1; ; ) {
      deadline.signal.throwIfAborted();
      const noted = await read();
      const calls = reserved.calls + more;
      const waitMs = waitFor(noted.slots, calls, deadline, again);
      if (waitMs > 0) {
        await pause(waitMs, deadline);
        continue;
      }
      // Where others are faster every time, or the item cannot be replaced, as if it were away.
      const isShared = noted.isShared && tries <= TRIES;
      if (await write({ ...noted, isShared }, calls)) return;
      if (tries > PROMPT_TRIES) await pause(FIRST_PAUSE_MS * 2 ** (tries - PROMPT_TRIES), deadline);
      tries += 1;
    }
  };

  /** One after the other: the item is one, and those who come first are served first. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = queue.then(work);
    queue = turn.catch(() => undefined);
    return turn;
  };

  return {
    /**
     * Takes one call: one that is reserved, else one more, for which it waits where it has to.
     * Called right before each call is made.
     *
     * @throws BudgetSpent where there is none in the caller's time
     */
    take: (deadline: Deadline): Promise<void> =>
      inTurn(async () => {
        while (reserved.calls === 0 || clock.now() > reserved.until) {
          await reserveMore(reserved.calls === 0 ? 1 : 0, deadline);
        }
        reserved = { ...reserved, calls: reserved.calls - 1 };
      }),

    /**
     * Reserves the further calls of a page walk in one write, so that a walk that does not fit into
     * the caller's time ends before it makes them. Where they are more than a minute's worth, it
     * only checks that they fit: `take` then takes them as the minutes go by.
     *
     * @throws BudgetSpent as `take` does
     */
    reserve: (calls: number, deadline: Deadline): Promise<void> =>
      inTurn(async () => {
        // A page walk that is tried again asks for page 1 again.
        if (calls <= callsPerMinute) await reserveMore(calls, deadline, 1);
        else waitFor((await read()).slots, calls, deadline, 1);
      }),

    /** Gives back what is reserved and was not taken. Never throws. */
    async release(): Promise<void> {
      try {
        await inTurn(async () => {
          for (let tries = 0; tries < TRIES && reserved.calls > 0; tries += 1) {
            if (await write(await read(), 0)) return;
          }
        });
      } catch {
        // The calls then count for as long as if they had been made.
      }
    },
  };
}

/** The slots with more calls, or fewer, in that second. */
function withCalls(slots: Slots, second: number, more: number): Slots {
  const others = slots.filter(([other]) => other !== second);
  const calls = (slots.find(([other]) => other === second)?.[1] ?? 0) + more;
  if (calls <= 0) return others;
  return [...others, [second, calls] as const].toSorted(([a], [b]) => a - b);
}

/** The slots, with no fewer calls in a second than the others have. */
function withAtLeast(slots: Slots, others: Slots): Slots {
  return others.reduce((all, [second, calls]) => {
    const missing = calls - (all.find(([other]) => other === second)?.[1] ?? 0);
    return missing > 0 ? withCalls(all, second, missing) : all;
  }, slots);
}

/** How long until so many more calls fit, each as soon as an earlier one stops counting. */
function untilFree(slots: Slots, calls: number, perMinute: number, now: number): number {
  let free = perMinute - slots.reduce((sum, [, made]) => sum + made, 0);
  if (calls <= free) return 0;
  for (const [second, made] of slots) {
    free += made;
    if (calls <= free) return (second + 1) * SLOT_MS + WINDOW_MS - now;
  }
  // More than fit into one window: what these calls themselves take has to pass first.
  const rounds = Math.ceil((calls - free) / perMinute);
  const last = slots.at(-1)?.[0];
  const begins = last === undefined ? now : (last + 1) * SLOT_MS + WINDOW_MS;
  return begins - now + rounds * WINDOW_MS;
}
