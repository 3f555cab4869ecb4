import * as z from 'zod/mini';
import type { Clock } from '../../platform/clock.ts';
import { type GuardedTable, TableAway } from '../../platform/table/guarded-table.ts';

const sharedTokenSchema = z.object({
  /** Visible characters alone: anything else cannot stand in a header. */
  value: z.string().check(z.regex(/^[\x21-\x7e]+$/)),
  /** The version of the secret that it was granted for. */
  secretVersion: z.string(),
  /** Milliseconds since the epoch, by the clock of the container that asked for it. */
  renewAt: z.number(),
  endsAt: z.number(),
});

/** A token as containers share it, so that eGain's token endpoint sees one call a token's life. */
export type SharedToken = Readonly<z.infer<typeof sharedTokenSchema>>;

/** Where containers leave tokens for each other. Never throws: without it, each has its own. */
export interface TokenShelf {
  read(): Promise<SharedToken | undefined>;
  /** Leaves it there, unless another container has left one since the last `read`. */
  write(token: SharedToken): Promise<void>;
}

/** The shelf in the table. The token is encrypted at rest, as all of the table is. */
export function createTokenShelf(table: GuardedTable, key: string, clock: Clock): TokenShelf {
  let seen: number | undefined;

  return {
    async read() {
      try {
        const item = await table.read(key);
        seen = item?.version;
        return item && parseToken(item.body);
      } catch (error) {
        if (error instanceof TableAway) return undefined;
        throw error;
      }
    },

    async write(token) {
      const version = Math.max((seen ?? 0) + 1, clock.now());
      const item = { version, body: JSON.stringify(token), expiresAt: token.endsAt };
      try {
        if (await table.replace(key, item, seen)) seen = version;
      } catch (error) {
        if (!(error instanceof TableAway)) throw error;
      }
    },
  };
}

function parseToken(body: string): SharedToken | undefined {
  try {
    return z.safeParse(sharedTokenSchema, JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}
