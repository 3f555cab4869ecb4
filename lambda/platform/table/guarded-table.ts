import type { Clock } from '../clock.ts';
import type { Telemetry } from '../telemetry.ts';
import type { Item, NewItem, Table } from './table.ts';

/** What a request gives a call of the table. In one region a call takes some 5 ms. */
const CALL_MS = 250;
/** A container's first call makes the connection. */
const FIRST_MS = 1000;
/** A call that carries parts of a snapshot moves up to 16 MB. */
const BULK_MS = 1000;
/** How long the table is left alone after a failure. */
export const AWAY_MS = 10_000;

/** The table cannot be used at the moment; never told to a caller. */
export class TableAway extends Error {
  override readonly name = 'TableAway';
}

/**
 * The table as a container uses it: quickly or not at all. Each method throws `TableAway` when the
 * table fails, takes too long, or has failed less than 10 s ago; a container then goes on alone.
 */
export interface GuardedTable {
  read(key: string): Promise<Item | undefined>;
  /**
   * As `Table.replace`.
   *
   * @param insist also where the table has just failed: what a walk has brought is worth a try
   */
  replace(key: string, item: NewItem, seen: number | undefined, insist?: boolean): Promise<boolean>;
  readBytes(keys: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>>;
  writeBytes(key: string, bytes: Uint8Array, expiresAt: number): Promise<void>;
}

/** Puts the guard before a table. */
export function guardTable(table: Table, clock: Clock, telemetry: Telemetry): GuardedTable {
  let awayUntil = Number.NEGATIVE_INFINITY;
  let called = false;

  const call = async <T>(
    longestMs: number,
    work: (signal: AbortSignal) => Promise<T>,
    insist = false,
  ): Promise<T> => {
    if (!insist && clock.now() < awayUntil) throw new TableAway('the table has just failed');
    const ms = called ? longestMs : Math.max(longestMs, FIRST_MS);
    called = true;
    const late = new AbortController();
    const passed = Promise.withResolvers<never>();
    const callOff = clock.after(ms, () => {
      const error = new TableAway('the table did not answer in time');
      late.abort(error);
      passed.reject(error);
    });
    try {
      return await Promise.race([work(late.signal), passed.promise]);
    } catch (error) {
      awayUntil = clock.now() + AWAY_MS;
      telemetry.count('SharedTableFailures');
      // The name alone: a message of the SDK's may quote what it could not read.
      const failure = error instanceof Error ? error.name : 'unknown';
      telemetry.warn('The shared table cannot be used', { failure });
      throw new TableAway(failure);
    } finally {
      callOff();
    }
  };

  return {
    read: (key) => call(CALL_MS, (signal) => table.read(key, signal)),
    replace: (key, item, seen, insist) =>
      call(CALL_MS, (signal) => table.replace(key, item, seen, signal), insist),
    readBytes: (keys) => call(BULK_MS, (signal) => table.readBytes(keys, signal)),
    writeBytes: (key, bytes, expiresAt) =>
      call(BULK_MS, (signal) => table.writeBytes(key, bytes, expiresAt, signal)),
  };
}
