/** What the peers use of packages that come without types. */
declare module 'simple-oauth2' {
  export class ClientCredentials {
    constructor(options: {
      readonly client: { readonly id: string; readonly secret: string };
      readonly auth: { readonly tokenHost: string; readonly tokenPath: string };
      readonly options: { readonly authorizationMethod: 'body' | 'header' };
    });
    getToken(parameters: {
      readonly scope: string;
    }): Promise<{ readonly token: Readonly<Record<string, unknown>> }>;
  }
}

declare module 'express' {
  interface Response {
    type(type: string): Response;
    send(body: string): Response;
  }
  /** Express 5 answers a rejection with 500. */
  export type Listener = (
    request: { readonly query: Readonly<Record<string, string>> },
    response: Response,
  ) => Promise<void>;
  interface Server {
    address(): { readonly port: number } | null;
  }
  interface Application {
    get(path: string, listener: Listener): void;
    listen(port: number, host: string, onListening: () => void): Server;
  }
  export default function express(): Application;
}
