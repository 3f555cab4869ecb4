import * as z from 'zod/mini';
import { BudgetSpent } from '../egain/call-budget.ts';
import { SHUT_OUT } from '../egain/failure.ts';
import { FAULT_NAMES, Fault, type FaultName } from '../faults.ts';
import type { Clock } from '../platform/deadline.ts';
import { parseJson } from '../platform/parse.ts';
import { nextVersion, SKEW_MS, type Table, TableAway, unlessAway } from '../platform/table.ts';

/**
 * All moments are milliseconds since the epoch: those of the content by the clock of the container
 * that fetched it, the others by that of the container that wrote the item.
 */
const stateSchema = z.object({
  /** The content of the snapshot. */
  content: z.optional(
    z.object({
      // A part's key holds it, and the key of an item has 2048 bytes at most.
      hash: z.string().check(z.maxLength(64)),
      /** How many parts it has in the table. A second is enough to read the most. */
      parts: z.number().check(z.int(), z.positive(), z.maximum(1000)),
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

export interface Seen {
  readonly state: State;
  /** The version of the table's item; undefined where there is none. */
  readonly version: number | undefined;
  /** False while the table is away: the state is then this container's own. */
  readonly shared: boolean;
}

/** The lock of a container that dies, or is frozen, ends after this. */
export const LOCK_MS = 10_000;

/** Who has the lock, while it counts. */
export function lockOwner({ lock }: State, now: number): string | undefined {
  return lock !== undefined && now < lock.until ? lock.owner : undefined;
}

/**
 * The state with the end of lock, failure and budget by this container's own clock. A moment that no
 * container can have written makes it none.
 */
function byOwnClock(state: State, aheadMs: number, now: number): State {
  const { lock, failure, budgetSpentUntil = 0 } = state;
  const begins = [
    lock && lock.until - LOCK_MS,
    failure && failure.until - longestWaitMs(failure.fault),
    budgetSpentUntil - LONGEST_STATED_MS,
  ];
  if (begins.some((moment = 0) => moment - aheadMs > now + SKEW_MS)) return {};
  return {
    ...state,
    lock: lock && { ...lock, until: lock.until - aheadMs },
    failure: failure && { ...failure, until: failure.until - aheadMs },
    budgetSpentUntil: budgetSpentUntil === 0 ? undefined : budgetSpentUntil - aheadMs,
  };
}

/** After this the table drops an item that nobody has written. */
const KEEP_MS = 30 * 86_400_000;
const TRIES = 4;

export type SharedState = ReturnType<typeof createSharedState>;

/** The state in the table and, while that is away, in the container's own memory. Never throws. */
export function createSharedState(table: Table, key: string, clock: Clock) {
  let last: Seen = { state: {}, version: undefined, shared: false };

  /** When the content that was fetched in the future, by another clock, was seen first. */
  let fromFuture = { fetchedAt: 0, seenAt: 0 };

  const goOnAlone = (state: State): Seen => {
    last = { state, version: undefined, shared: false };
    return last;
  };

  /** The state as it is now; while the table is away, as it was known last. */
  const read = async (): Promise<Seen> => {
    try {
      const { version, body, aheadMs = 0 } = (await table.read(key)) ?? {};
      const written = z.safeParse(stateSchema, parseJson(body)).data ?? {};
      last = { state: byOwnClock(written, aheadMs, clock.now()), version, shared: true };
    } catch (error) {
      if (!(error instanceof TableAway)) throw error;
      // The lock of another container means nothing to one that is alone.
      if (last.shared) goOnAlone({ ...last.state, lock: undefined });
    }
    return last;
  };

  /** @returns undefined when another container was faster */
  const write = async (state: State, seen: number | undefined): Promise<Seen | undefined> => {
    const version = nextVersion(seen, clock.now());
    const item = { version, body: JSON.stringify(state), expiresAt: clock.now() + KEEP_MS };
    // What a page walk has brought is worth a try even where the table has just failed.
    const isWritten = await table.replace(key, item, seen, true).catch(unlessAway);
    if (isWritten === undefined) return goOnAlone(state);
    if (isWritten) last = { state, version, shared: true };
    return isWritten ? last : undefined;
  };

  /**
   * Replaces the state, and tries again when another container was faster. Whoever may replace it
   * and cannot, again and again, goes on alone.
   *
   * @param change returns undefined to leave the state as it is; called anew for every try
   * @returns undefined where `change` declined
   */
  const update = async (change: (seen: Seen) => State | undefined): Promise<Seen | undefined> => {
    let state: State | undefined = {};
    for (let tries = 0; tries < TRIES; tries += 1) {
      const isCached = tries === 0 && last.shared;
      const seen = isCached ? last : await read();
      state = change(seen);
      // What is cached may be out of date, so the table decides.
      if (state === undefined && isCached) continue;
      if (state === undefined) return undefined;
      const written = seen.shared ? await write(state, seen.version) : goOnAlone(state);
      if (written !== undefined) return written;
    }
    return state && goOnAlone(state);
  };

  /** As `read` or `update` has seen it last. */
  const known = (): Seen => last;

  /**
   * When a content was fetched, by this container's own clock. The future counts as the moment when
   * the content was seen first: then nobody knows how old it is.
   */
  const dateOf = ({ fetchedAt }: Content) => {
    const isKnown = fetchedAt === fromFuture.fetchedAt;
    if (!isKnown && fetchedAt <= clock.now() + SKEW_MS) return { fetchedAt, isGuessed: false };
    if (!isKnown) fromFuture = { fetchedAt, seenAt: clock.now() };
    return { fetchedAt: fromFuture.seenAt, isGuessed: true };
  };

  return { read, update, known, dateOf };
}

/** How long eGain is left alone after a failure, and at most after several in a row. */
const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 30_000;
/** And at most where eGain says for how long. */
const LONGEST_STATED_MS = 3_600_000;
const longestWaitMs = (kind: FaultName) =>
  kind === 'egainThrottled' ? LONGEST_STATED_MS : LONGEST_WAIT_MS;
/** That eGain did not answer in less time than this says nothing about it. */
const TELLING_MS = 4500;

/** What says nothing about eGain: our own set-up and our own faults. */
const NOT_EGAINS: ReadonlySet<FaultName> = new Set([
  'misconfigured',
  'secretStoreUnavailable',
  'internalError',
  'egainLeftAlone',
]);

/**
 * The state after a page walk that failed: the containers leave eGain alone for 2 s, for twice as
 * long after each further failure, up to 30 s, or for as long as eGain says.
 *
 * @param walkedMs how long the page walk was given
 */
export function afterFailure(state: State, fault: Fault, walkedMs: number, now: number): State {
  const statedMs = (fault.retryAfterSeconds ?? 0) * 1000;
  if (fault instanceof BudgetSpent) return { ...state, budgetSpentUntil: now + statedMs };
  const { kind, code } = fault;
  const tooShort = kind === 'timedOut' && walkedMs < TELLING_MS;
  if (tooShort || NOT_EGAINS.has(kind)) return state;

  const { failure: earlier } = state;
  const count = (earlier?.count ?? 0) + 1;
  const ownMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (count - 1));
  const waitMs = (kind === 'egainThrottled' && statedMs) || ownMs;
  // A refusal counts until a page walk succeeds, whatever fails after it.
  const shutOut = SHUT_OUT.includes(kind) || earlier?.shutOut === true;
  return { ...state, failure: { fault: kind, code, shutOut, count, until: now + waitMs } };
}

/**
 * What a caller is told while a failure is remembered. Refused credentials keep their own code:
 * waiting does not mend them, and operators watch for that code.
 */
export function faultOf(failure: Failure, now: number): Fault {
  const reason = `a page walk failed with ${failure.code}; failures in a row: ${failure.count}`;
  if (SHUT_OUT.includes(failure.fault)) return new Fault(failure.fault, { reason });
  return new Fault('egainLeftAlone', {
    retryAfterSeconds: Math.max(1, Math.ceil((failure.until - now) / 1000)),
    details: [{ key: 'cause', value: failure.code }],
    reason,
  });
}
