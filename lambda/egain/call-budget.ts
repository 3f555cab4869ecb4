import * as z from 'zod/mini';
import { Fault } from '../faults.ts';
import { type Clock, type Deadline, pause } from '../platform/deadline.ts';
import { type GuardedTable, type Item, TableAway } from '../platform/table.ts';
import type { Telemetry } from '../platform/telemetry.ts';

const MINUTE_MS = 60_000;
/** By how much two containers' clocks may differ. */
const SKEW_MS = 5000;
/** Calls are noted by the second that they were reserved in. */
const SLOT_MS = 1000;
/** How much later than its reservation a call may reach eGain: a connection is made first. */
const ON_ITS_WAY_MS = 10_000;
/** Calls noted within this may all reach eGain within one minute. */
export const WINDOW_MS = MINUTE_MS + SKEW_MS + SLOT_MS + ON_ITS_WAY_MS;
/** A reservation that took longer to come back is void: the call would be later still. */
const PROMPT_MS = 1000;
/** Where the table, which holds the count, is away. */
const AWAY_SECONDS = 10;
const KEEP_MS = 3_600_000;

/** The budget allows no call in the caller's time. Says nothing about eGain. */
export class BudgetSpent extends Fault {
  override readonly name: string = 'BudgetSpent';

  constructor(retryAfterSeconds: number, reason: string) {
    super('egainThrottled', { retryAfterSeconds, reason });
  }
}

/** What all containers together may ask of eGain. */
export interface CallBudget {
  /**
   * Takes one call, or waits for one. To be called right before the call is made.
   *
   * @throws BudgetSpent when there is none in the caller's time, or none can be taken safely
   */
  take(deadline: Deadline): Promise<void>;
  /** How long it would take to make that many calls from now on, in milliseconds. */
  forecast(calls: number): Promise<number>;
}

export interface CallBudgetOptions {
  readonly callsPerMinute: number;
  readonly table: GuardedTable;
  /** Of the item that holds the count. */
  readonly key: string;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** How many calls were reserved in which second, the earliest first. */
type Slots = readonly (readonly [second: number, calls: number])[];

const slotsSchema = z.array(z.tuple([z.number(), z.number()]));

/**
 * A budget that no minute exceeds, wherever the minute begins: calls are noted in the table before
 * they are made, and count for as long as they may share a minute with a later one. Whatever clocks,
 * slots and connections may blur is added to the minute, so in the long run a fifth is left unused.
 */
export function createCallBudget(options: CallBudgetOptions): CallBudget {
  const { callsPerMinute, table, key, clock, telemetry } = options;
  let queue: Promise<unknown> = Promise.resolve();
  let known: { readonly item: Item | undefined } | undefined;

  const slotsOf = (item: Item | undefined): Slots => {
    const since = clock.now() - WINDOW_MS;
    return parseSlots(item?.body).filter(([second]) => (second + 1) * SLOT_MS > since);
  };

  const read = async (): Promise<Slots> => {
    known ??= { item: await table.read(key) };
    return slotsOf(known.item);
  };

  /** Notes one call; false when another has noted one meanwhile. */
  const note = async (slots: Slots): Promise<boolean> => {
    const seen = known?.item?.version;
    const now = clock.now();
    const item = {
      version: Math.max((seen ?? 0) + 1, now),
      body: JSON.stringify(withOneMore(slots, Math.floor(now / SLOT_MS))),
      expiresAt: now + KEEP_MS,
    };
    const written = await table.replace(key, item, seen).catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    known = written ? { item } : undefined;
    return written;
  };

  const reserve = async (deadline: Deadline): Promise<void> => {
    for (;;) {
      deadline.signal.throwIfAborted();
      const began = clock.now();
      const slots = await read();
      if (total(slots) < callsPerMinute) {
        if ((await note(slots)) && clock.now() - began <= PROMPT_MS) return;
        continue;
      }
      // Others may have noted more since, which only makes the wait longer.
      const waitMs = waitFor(slots, 1, callsPerMinute, clock.now());
      telemetry.count('CallsDeferred');
      if (waitMs >= Math.min(deadline.remaining(), deadline.firstByteMs ?? waitMs + 1)) {
        throw new BudgetSpent(Math.ceil(waitMs / 1000), "eGain's budget of calls is used up");
      }
      await pause(waitMs, deadline);
      known = undefined;
    }
  };

  const inTurn = async (earlier: Promise<unknown>, deadline: Deadline): Promise<void> => {
    await earlier;
    try {
      await reserve(deadline);
    } catch (error) {
      if (!(error instanceof TableAway)) throw error;
      telemetry.count('CallsDeferred');
      throw new BudgetSpent(AWAY_SECONDS, 'the table that counts calls to eGain is away');
    }
  };

  return {
    take(deadline) {
      // One after the other: the item is one, and those who come first are served first.
      const taken = inTurn(queue, deadline);
      queue = taken.catch(() => undefined);
      return taken;
    },

    async forecast(calls) {
      try {
        known = undefined;
        return waitFor(await read(), calls, callsPerMinute, clock.now());
      } catch (error) {
        if (error instanceof TableAway) return AWAY_SECONDS * 1000;
        throw error;
      }
    },
  };
}

function total(slots: Slots): number {
  return slots.reduce((sum, [, calls]) => sum + calls, 0);
}

function withOneMore(slots: Slots, second: number): Slots {
  const others = slots.filter(([other]) => other !== second);
  const calls = slots.find(([other]) => other === second)?.[1] ?? 0;
  return [...others, [second, calls + 1] as const].toSorted(([a], [b]) => a - b);
}

/** How long until so many more calls fit, each as soon as an earlier one stops counting. */
function waitFor(slots: Slots, calls: number, perMinute: number, now: number): number {
  let free = perMinute - total(slots);
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

function parseSlots(body: string | undefined): Slots {
  try {
    return z.safeParse(slotsSchema, JSON.parse(body ?? '[]')).data ?? [];
  } catch {
    return [];
  }
}
