import type { Agent, IncomingMessage } from 'node:http';

/**
 * Stands in for `@smithy/node-http-handler` in the bundles: one request after the other, over
 * connections that are kept. The SDK's handler also knows HTTP/2, pools, warnings and time-outs of
 * its own; a read of the secret has the caller's deadline.
 */

interface Request {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Response {
  readonly statusCode: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: IncomingMessage;
}

/** What the SDK calls a time-out, whatever broke the connection. */
const TIMEOUTS: ReadonlySet<string | undefined> = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT']);

/** What a connection says that was closed while it was kept. */
const CLOSED: ReadonlySet<string | undefined> = new Set(['ECONNRESET', 'EPIPE']);

export class NodeHttpHandler {
  static create(): NodeHttpHandler {
    return new NodeHttpHandler();
  }

  readonly metadata = { handlerProtocol: 'http/1.1' };
  /** A client has one endpoint. Node.js's own agent closes connections after five idle seconds. */
  #agent: Agent | undefined;

  handle(
    request: Request,
    { abortSignal: signal }: { readonly abortSignal?: AbortSignal } = {},
  ): Promise<{ readonly response: Response }> {
    this.#agent ??= new (moduleOf(request.protocol).Agent)({ keepAlive: true });
    return exchange(request, signal, this.#agent);
  }

  destroy(): void {
    this.#agent?.destroy();
  }

  updateHttpClientConfig(): void {
    // There is nothing to set.
  }

  httpHandlerConfigs(): object {
    return {};
  }
}

/**
 * Not imported: node:https is not needed here before the first call, and an import of node:http also
 * loads all of Node.js's fetch, which it exports parts of.
 */
function moduleOf(protocol: string) {
  return protocol === 'http:'
    ? process.getBuiltinModule('node:http')
    : process.getBuiltinModule('node:https');
}

/**
 * One request. A connection that was kept, and had been closed meanwhile, as it may be after
 * its container was frozen, says nothing about the service: the request goes over a new one.
 *
 * @param agent keeps connections; false for a new one
 */
function exchange(
  request: Request,
  signal: AbortSignal | undefined,
  agent: Agent | false,
): Promise<{ readonly response: Response }> {
  const { protocol, hostname, port, path, method, headers, body } = request;
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const options = { protocol, host, port, path, method, headers, agent, ...(signal && { signal }) };
  return new Promise((resolve, reject) => {
    const outgoing = moduleOf(protocol).request(options, (message) => {
      const { statusCode = 0, headers: received } = message;
      resolve({ response: { statusCode, headers: received, body: message } });
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      if (outgoing.reusedSocket && CLOSED.has(error.code)) {
        resolve(exchange(request, signal, false));
        return;
      }
      reject(TIMEOUTS.has(error.code) ? Object.assign(error, { name: 'TimeoutError' }) : error);
    });
    outgoing.end(body);
  });
}

/** A body, read whole. */
export async function streamCollector(body: IncomingMessage): Promise<Uint8Array> {
  return Buffer.concat(await body.toArray());
}
