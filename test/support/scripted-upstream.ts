import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** What a scripted server does with one request. */
export interface Reply {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Objects are sent as JSON. */
  readonly body?: unknown;
  /**
   * Closes the connection without an answer, after half a body, or after the whole body whatever
   * length was told; or sends half a body and nothing more.
   */
  readonly drop?: 'at-once' | 'in-body' | 'short' | 'never-ends';
  /** Sent as it is, after which the connection is closed. */
  readonly raw?: string;
  /** With `raw`: the connection stays open. */
  readonly keepOpen?: boolean;
  /** The head goes at once, and the body when this is settled. */
  readonly between?: Promise<unknown>;
  /** Answers once this is settled. */
  readonly after?: Promise<unknown>;
  /** Never answers. */
  readonly hang?: boolean;
  /** Called when the request is in. */
  readonly before?: (request: ReceivedRequest) => void;
}

export interface ReceivedRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** One of the three servers that the product calls. */
interface Endpoint {
  readonly calls: ReceivedRequest[];
  /** Replies to come, first to last; after them `otherwise` answers. */
  script: Reply[];
  otherwise: (request: ReceivedRequest) => Reply;
}

/** eGain's API and token endpoint, and Secrets Manager, on one port of this machine. */
export interface ScriptedUpstream {
  readonly origin: string;
  readonly accounts: Endpoint;
  readonly token: Endpoint;
  readonly secrets: Endpoint;
  /** The number of requests that are being answered. */
  inFlight(): number;
  /** Closes, without telling, every connection of now once a request comes over it. */
  closeKept(): void;
  reset(): void;
  close(): Promise<void>;
}

const endpoint = (): Endpoint => ({ calls: [], script: [], otherwise: () => ({ status: 404 }) });

export async function startScriptedUpstream(): Promise<ScriptedUpstream> {
  const accounts = endpoint();
  const token = endpoint();
  const secrets = endpoint();
  let inFlight = 0;

  const open = new Set<Socket>();
  const dead = new WeakSet<Socket>();
  const server = createServer((request, response) => {
    if (dead.has(request.socket)) {
      request.socket.destroy();
      return;
    }
    inFlight += 1;
    response.on('close', () => {
      inFlight -= 1;
    });
    void answer(request, response);
  });
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const url = new URL(request.url ?? '/', origin);
    const received = { method: request.method ?? '', url, headers: request.headers, body };
    const at = url.pathname === '/token' ? token : url.pathname === '/' ? secrets : accounts;
    at.calls.push(received);
    const reply = at.script.shift() ?? at.otherwise(received);
    reply.before?.(received);
    await send(reply, response);
  };
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  await new Promise<void>((listening) => {
    server.listen(0, '127.0.0.1', listening);
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    origin,
    accounts,
    token,
    secrets,
    inFlight: () => inFlight,
    closeKept() {
      for (const socket of open) dead.add(socket);
    },
    reset() {
      for (const each of [accounts, token, secrets]) {
        each.calls.length = 0;
        each.script = [];
      }
    },
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => {
        server.close(closed);
      });
    },
  };
}

async function send(reply: Reply, response: ServerResponse): Promise<void> {
  if (reply.hang === true) return;
  await reply.after;
  if (reply.drop === 'at-once') {
    response.destroy();
    return;
  }
  if (reply.raw !== undefined) {
    response.socket?.write(reply.raw);
    if (reply.keepOpen !== true) response.socket?.end();
    return;
  }
  const { body = '' } = reply;
  const raw = typeof body === 'string' || Buffer.isBuffer(body);
  const bytes = Buffer.from(raw ? body : JSON.stringify(body));
  response.writeHead(reply.status ?? 200, {
    'content-type': raw ? 'text/plain' : 'application/json',
    'content-length': String(bytes.length),
    ...reply.headers,
  });
  if (reply.drop === 'in-body') {
    response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy());
    return;
  }
  if (reply.drop === 'never-ends') {
    response.write(bytes.subarray(0, bytes.length >> 1));
    return;
  }
  if (reply.drop === 'short') {
    response.write(bytes, () => response.destroy());
    return;
  }
  if (reply.between !== undefined) {
    response.flushHeaders();
    await reply.between;
  }
  response.end(bytes);
}
