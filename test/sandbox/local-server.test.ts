import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LocalServer, listen } from '../../sandbox/local-server.ts';

let server: LocalServer;
let served = 0;

beforeAll(async () => {
  server = await listen((_request, response) => {
    served += 1;
    response.end('served');
  });
});

beforeEach(() => {
  served = 0;
});

afterAll(() => server.close());

/** Sends a request as it stands; answers with its status. */
async function send(start: string, ...headers: readonly string[]): Promise<number> {
  const socket = connect(server.port, '127.0.0.1');
  socket.write(`${[start, ...headers, 'Connection: close'].join('\r\n')}\r\n\r\n`);
  return Number((await text(socket)).slice(9, 12));
}

const GET = 'GET /_sandbox HTTP/1.1';
const OWN = 'Host: 127.0.0.1:3000';

describe('a local server serves', () => {
  it.each([
    ['by address', [OWN]],
    ['by name in capitals', ['HOST: LOCALHOST']],
    ['by address of version 6', ['Host: [::1]:3000']],
    ['a page of its own', [OWN, `Origin: http://127.0.0.1:3000`, 'Sec-Fetch-Site: same-origin']],
  ])('%s', async (_what, headers) => {
    expect([await send(GET, ...headers), served]).toEqual([200, 1]);
  });

  it.each([
    ['sends no Host, as HTTP/1.0 allows', 'GET / HTTP/1.0', []],
    ['names it as a proxy would', 'GET http://127.0.0.1:3000/_sandbox HTTP/1.1', [OWN]],
  ])('a program that %s', async (_what, start, headers) => {
    expect([await send(start, ...headers), served]).toEqual([200, 1]);
  });
});

describe('a local server refuses', () => {
  it.each([
    ['a name that was made to lead here', GET, ['Host: evil.example:3000']],
    ['a name that begins like this machine', GET, ['Host: localhost.evil.example']],
    ['a name that ends like this machine', GET, ['Host: evil-localhost']],
    ['an empty name', GET, ['Host:']],
    ['a second name', GET, [OWN, 'Host: evil.example']],
    ['a target of elsewhere', 'GET http://evil.example/ HTTP/1.1', [OWN]],
    ['a page of elsewhere', GET, [OWN, 'Origin: https://evil.example']],
    ['a page without a home', GET, [OWN, 'Origin: null']],
    ['a second origin', GET, [OWN, 'Origin: http://localhost', 'Origin: https://evil.example']],
    ['the same in capitals', GET, [OWN, 'SEC-FETCH-SITE: Cross-Site']],
    [
      'a WebSocket',
      GET,
      [OWN, 'Origin: https://evil.example', 'Upgrade: websocket', 'Connection: Upgrade'],
    ],
    ['an expectation', GET, ['Host: evil.example', 'Expect: more']],
  ])('%s', async (_what, start, headers) => {
    expect([await send(start, ...headers), served]).toEqual([403, 0]);
  });
});
