/** The package has no types of its own; as much as is used here. */
declare module 'dynalite' {
  import type { Server } from 'node:http';

  interface DynaliteOptions {
    /** How long a new table stays in the state CREATING; milliseconds. */
    readonly createTableMs?: number;
  }
  /** A server that is not listening yet; its tables are in memory. */
  export default function dynalite(options?: DynaliteOptions): Server;
}
