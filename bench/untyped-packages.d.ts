/** What the peers and the load use of packages that come without types. */
declare module 'simple-oauth2' {
  export interface AccessToken {
    readonly token: Readonly<Record<string, unknown>>;
    expired(windowSeconds?: number): boolean;
  }
  export class ClientCredentials {
    constructor(options: {
      readonly client: { readonly id: string; readonly secret: string };
      readonly auth: { readonly tokenHost: string; readonly tokenPath: string };
      readonly options: { readonly authorizationMethod: 'body' | 'header' };
    });
    getToken(parameters: { readonly scope: string }): Promise<AccessToken>;
  }
}

declare module 'express' {
  import type { Server } from 'node:http';

  interface Request {
    readonly query: Readonly<Record<string, unknown>>;
  }
  interface Response {
    type(type: string): Response;
    send(body: string): Response;
  }
  /** Express 5 answers a rejection with 500. */
  export type Listener = (request: Request, response: Response) => Promise<void>;
  interface Application {
    get(path: string, listener: Listener): void;
    listen(port: number, host: string, onListening: () => void): Server;
  }
  export default function express(): Application;
}

declare module 'autocannon' {
  interface Options {
    readonly url: string;
    readonly connections: number;
    readonly headers?: Readonly<Record<string, string>>;
    /** Seconds. */
    readonly duration?: number;
    readonly amount?: number;
    /** Requests a second, over all connections. */
    readonly overallRate?: number;
    /** Seconds. */
    readonly timeout?: number;
  }
  interface Result {
    readonly requests: { readonly average: number; readonly total: number };
    readonly latency: { readonly p50: number; readonly p99: number };
    readonly errors: number;
    readonly timeouts: number;
    readonly non2xx: number;
    /** Seconds. */
    readonly duration: number;
    readonly '2xx': number;
  }
  export default function autocannon(options: Options): Promise<Result>;
}
