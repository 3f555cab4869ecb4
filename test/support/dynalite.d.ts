declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** A server that speaks DynamoDB's protocol over a store in memory. */
  export default function dynalite(options?: { readonly createTableMs?: number }): Server;
}
