import * as z from 'zod/mini';
import { FAULT_NAMES } from '../../faults.ts';

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
export function parseCurrent(body: string): Current {
  try {
    return z.safeParse(currentSchema, JSON.parse(body)).data ?? NOTHING;
  } catch {
    return NOTHING;
  }
}
