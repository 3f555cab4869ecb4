import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NodeHttpHandler } from '../../lib/bundle/stand-ins/plain-http-handler.ts';

/*
 * A container asks the table when its snapshot is no longer fresh, half a minute after the last
 * time. To connect anew, with TLS, would cost it more than the answer.
 */

/** Node.js's own agent closes a connection after five. */
const IDLE_SECONDS = 6;

let connections = 0;
const handler = NodeHttpHandler.create();
const server = createServer((_request, response) => response.end('{}'));
server.keepAliveTimeout = 60_000;
server.on('connection', () => {
  connections += 1;
});

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  handler.destroy();
  server.close();
});

it('a connection to AWS is kept for as long as AWS keeps it', async () => {
  await ask();
  await delay(IDLE_SECONDS * 1000);
  await ask();

  expect(connections).toBe(1);
});

async function ask(): Promise<void> {
  const { port } = server.address() as { readonly port: number };
  const { response } = await handler.handle({
    protocol: 'http:',
    hostname: '127.0.0.1',
    port,
    path: '/',
    method: 'POST',
    headers: {},
    body: '{}',
  });
  await response.body.toArray();
}
