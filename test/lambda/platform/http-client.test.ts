import dns from 'node:dns';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { type AddressInfo, connect, isIPv6, type Socket } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { Worker } from 'node:worker_threads';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it, test, vi } from 'vitest';
import { type Deadline, systemClock } from '../../../lambda/platform/deadline.ts';
import {
  type CallOptions,
  errorCode,
  send,
  type UnreadBody,
} from '../../../lambda/platform/http-client.ts';
import { startUpstream } from '../../support/egain-world.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { type Reply, startScriptedUpstream } from '../../support/scripted-upstream.ts';
import { selfSignedCertificate } from '../../support/self-signed.ts';

const upstream = await startUpstream();
beforeEach(() => upstream.reset());

const never = new AbortController().signal;
const get = ({
  clock = systemClock,
  signal = never,
  origin = upstream.origin,
  ...options
}: Partial<CallOptions & Deadline & { origin: string }> = {}) =>
  send(
    { url: `${origin}/api`, method: 'GET', headers: {} },
    { maxBytes: 1000, deadline: { signal, clock }, ...options },
  );

const cut = (body: Buffer, by: number) => body.subarray(0, body.length - by);

describe('an answer', () => {
  test.each([
    ['br', brotliCompressSync('ä')],
    ['gzip', gzipSync('ä')],
    ['X-GZIP', gzipSync('ä')],
    ['deflate', deflateSync('ä')],
    ['', Buffer.from('ä')],
    ['utf-8', Buffer.from('ä')],
    ['constructor', Buffer.from('ä')],
    ['deflate, identity, GZIP', gzipSync(deflateSync('ä'))],
    ['gzip, br', brotliCompressSync(gzipSync('ä'))],
    ['gzip, gzip, gzip, gzip', gzipSync(gzipSync(gzipSync(gzipSync('ä'))))],
    ['gzip', cut(gzipSync('ä'), 8)],
    ['identity', Buffer.from('\uFEFFä')],
  ])('is read when its encoding is %j', async (encoding, body) => {
    upstream.accounts.script = [{ headers: { 'content-encoding': encoding }, body }];

    await expect(get()).resolves.toMatchObject({ status: 200, text: 'ä' });
  });

  test.each<[string, Reply, UnreadBody | undefined]>([
    ['empty gzip', { headers: { 'content-encoding': 'gzip' } }, undefined],
    ['plain for gzip', { headers: { 'content-encoding': 'gzip' }, body: 'ab' }, 'undecodable'],
    ['bad brotli', { headers: { 'content-encoding': 'br' }, body: 'plain' }, 'undecodable'],
    [
      'cut brotli',
      { headers: { 'content-encoding': 'br' }, body: cut(brotliCompressSync('abcabc'), 2) },
      'undecodable',
    ],
    [
      'many encodings',
      { headers: { 'content-encoding': 'gzip,gzip,gzip,gzip,gzip' }, body: 'ab' },
      'undecodable',
    ],
    ['not UTF-8', { body: Buffer.from([0x61, 0xff]) }, 'not-utf-8'],
    ['too large', { body: 'x'.repeat(1001) }, 'too-large'],
    ['cut off', { body: 'x'.repeat(100), drop: 'in-body' }, 'cut-off'],
    [
      'cut-off gzip',
      {
        headers: { 'content-encoding': 'gzip' },
        body: gzipSync('x'.repeat(9000)),
        drop: 'in-body',
      },
      'cut-off',
    ],
    [
      'shorter than it says',
      { headers: { 'content-length': '500' }, body: 'abcdef', drop: 'short' },
      'cut-off',
    ],
  ])('counts by its status and headers though its body is %s', async (_, reply, unread) => {
    for (const status of [200, 401, 403, 429, 503]) {
      const headers = { ...reply.headers, 'retry-after': '7' };
      upstream.accounts.script = [{ ...reply, status, headers }];

      const response = await get();

      expect(response).toMatchObject({ status, text: unread === undefined ? '' : null });
      expect(response.unread).toBe(unread);
      expect(response.headers['retry-after']).toBe('7');
    }
  });

  it('of an error counts by its status though its body is badly chunked', async () => {
    const head = 'HTTP/1.1 401 No\r\ntransfer-encoding: chunked\r\n';
    upstream.accounts.script = [{ raw: `${head}\r\nZZ\r\n` }];

    await expect(get()).resolves.toMatchObject({ status: 401, text: null, unread: 'cut-off' });
  });

  it.each([
    [200, 300_000, undefined],
    [503, 256 * 1024, undefined],
    [503, 256 * 1024 + 1, 'too-large'],
    [302, 256 * 1024 + 1, 'too-large'],
  ])(
    'of status %i is read up to what an error may hold: %i bytes',
    async (status, bytes, unread) => {
      const body = 'x'.repeat(bytes);
      upstream.accounts.script = [{ status, body }];

      const response = await get({ maxBytes: 20_000_000 });

      expect(response.unread).toBe(unread);
      expect(response.text).toBe(unread === undefined ? body : null);
    },
  );

  it('that fails is not waited for longer than two seconds', async () => {
    const clock = createManualClock();
    upstream.accounts.script = [{ status: 401, drop: 'never-ends', body: 'abc' }];

    const response = get({ clock });
    await vi.waitFor(() => expect(clock.waiting).toBe(1));
    clock.advance(2000);

    await expect(response).resolves.toMatchObject({ status: 401, text: null, unread: 'cut-off' });
  });

  it('has a repeated header as a list, and none that did not come', async () => {
    const lines = ['HTTP/1.1 200 OK', 'set-cookie: \t a ', 'set-cookie: b', '', ''];
    upstream.accounts.script = [{ raw: lines.join('\r\n') }];

    const { headers } = await get();

    expect([headers['set-cookie'], headers['retry-after']]).toEqual(['a, b', undefined]);
  });

  it.each([200, 503])('of status %i that was read leaves no timer behind', async (status) => {
    const clock = createManualClock();
    upstream.accounts.script = [{ status, body: 'ab' }];

    await get({ clock });

    expect(clock.waiting).toBe(0);
  });
});

describe('a request', () => {
  it('names the product, asks for what can be decoded, and has what it was given', async () => {
    upstream.token.script = [{}];
    const url = `${upstream.origin}/token`;

    await send(
      { url, method: 'POST', headers: { accept: 'text/plain' }, body: 'ä' },
      { maxBytes: 1000, deadline: { signal: never, clock: systemClock } },
    );

    const [call] = upstream.token.calls;
    expect(call).toMatchObject({ method: 'POST', body: 'ä' });
    expect(call?.headers).toMatchObject({
      accept: 'text/plain',
      'accept-encoding': 'gzip, br',
      'content-length': '2',
      'user-agent': 'egain-accounts',
    });
  });

  it('ends after ten seconds where a server takes no connection', async () => {
    const waits: number[] = [];
    const clock = {
      now: () => 0,
      after(ms: number, pass: () => void) {
        waits.push(ms);
        pass();
        return () => undefined;
      },
    };
    // To this one no connection is kept.
    const other = await startScriptedUpstream();

    await expect(get({ clock, origin: other.origin })).rejects.toMatchObject({ code: 'ETIMEDOUT' });

    expect(waits).toEqual([10_000]);
    await other.close();
  });

  it("ends with its caller's reason for giving up", async () => {
    const caller = new AbortController();
    upstream.accounts.script = [
      { hang: true, before: () => caller.abort(new Error('no time is left')) },
    ];

    await expect(get({ signal: caller.signal })).rejects.toThrow('no time is left');
  });

  it('is not made for a caller who has given up', async () => {
    const signal = AbortSignal.abort(new Error('no time is left'));

    await expect(get({ signal })).rejects.toThrow('no time is left');

    expect(upstream.accounts.calls).toEqual([]);
  });

  it('is sent once more over a new connection, where the kept one had been closed', async () => {
    const onReconnect = vi.fn<() => Promise<void>>(() => Promise.resolve());
    upstream.accounts.otherwise = () => ({ body: 'ab' });
    await Promise.all([get(), get()]);
    upstream.closeKept();

    await expect(get({ onReconnect })).resolves.toMatchObject({ text: 'ab' });
    expect(onReconnect).toHaveBeenCalledOnce();
    upstream.closeKept();
    onReconnect.mockRejectedValue(new Error('no more calls'));
    await expect(get({ onReconnect })).rejects.toThrow('no more calls');
  });

  it.each(['http', 'https'])(
    'goes over the connection before only within 4 s, also for a container that was frozen: %s',
    async (scheme) => {
      const sockets = new Set<Socket>();
      const server = await serve(scheme, ({ socket }, response) => {
        sockets.add(socket);
        response.end('ab');
      });
      const connections = [];

      for (const frozenMs of [0, 3900, 4100]) {
        // Its timers do not run while it is frozen, but the time goes on.
        vi.setSystemTime(Date.now() + frozenMs);
        await get({ origin: server.origin });
        connections.push(sockets.size);
      }

      expect(connections).toEqual([1, 1, 2]);
      vi.useRealTimers();
      server.close();
    },
  );

  it('goes to each address of a name for long enough to connect', async () => {
    // It takes a connection only when the kernel tries again, after a second.
    const server = await startBusyServer();
    vi.spyOn(dns, 'lookup').mockImplementation(addressesOf('127.0.0.1', '::1'));

    const answer = await get({ origin: `http://egain.test:${server.port}` });

    expect(answer).toMatchObject({ status: 200, text: 'ab' });
    await server.close();
  });

  it('leaves no timer behind where nobody listens', async () => {
    const clock = createManualClock();
    const closed = await startScriptedUpstream();
    await closed.close();

    const answer = get({ clock, origin: closed.origin });

    await expect(answer).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await vi.waitFor(() => expect(clock.waiting).toBe(0));
  });

  it('is not made to a server whose certificate nobody signed', async () => {
    const server = await serve('https', (_, response) => response.end('ab'), false);

    const answer = get({ origin: server.origin });

    await expect(answer).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    server.close();
  });
});

/** A server of this machine, whose certificate is trusted unless said otherwise. */
async function serve(scheme: string, listener: http.RequestListener, isTrusted = true) {
  const own = selfSignedCertificate();
  const trusted = getCACertificates();
  if (isTrusted) setDefaultCACertificates([...trusted, own.cert]);
  const server =
    scheme === 'https' ? https.createServer(own, listener) : http.createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    origin: `${scheme}://${isTrusted ? 'localhost' : '127.0.0.1'}:${port}`,
    close() {
      setDefaultCACertificates(trusted);
      server.closeAllConnections();
      server.close();
    },
  };
}

/** As `dns.lookup` answers for a name that has these addresses. */
function addressesOf(...addresses: string[]) {
  const found = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  return ((_name: string, _options: object, told: (error: null, all: object[]) => void) => {
    setImmediate(told, null, found);
  }) as unknown as typeof dns.lookup;
}

/** A server whose queue of connections is full until it has slept for a while. */
async function startBusyServer() {
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
    const server = require('node:http').createServer((_, response) => response.end('ab'));
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      parentPort.postMessage(server.address().port);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700);
    });`,
    { eval: true },
  );
  const [port] = (await once(worker, 'message')) as [number];
  const fillers = [1, 2].map(() => connect(port, '127.0.0.1'));
  await Promise.all(fillers.map((filler) => once(filler, 'connect')));
  return {
    port,
    async close() {
      for (const filler of fillers) filler.destroy();
      await worker.terminate();
    },
  };
}

describe('an answer that is no answer', () => {
  const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n';
  it.each([
    ['UPGRADE', 'HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n'],
    ['INTERIM', 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n'.repeat(100)],
    ['HPE_INVALID_CONSTANT', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['HPE_HEADER_OVERFLOW', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(66_000)}\r\n\r\n`],
    [
      'HPE_UNEXPECTED_CONTENT_LENGTH',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nab',
    ],
    ['HPE_INVALID_CONTENT_LENGTH', `${CHUNKED}content-length: 2\r\n\r\n2\r\nab\r\n0\r\n\r\n`],
    ['HPE_INVALID_CHUNK_SIZE', `${CHUNKED}\r\n2\r\nab\r\nZZ\r\n`],
  ])('ends the request, and is told by its code: %s', async (code, raw) => {
    const clock = createManualClock();
    upstream.accounts.script = [{ raw, keepOpen: true }];

    await expect(get({ clock })).rejects.toMatchObject({ name: 'UnreadableAnswer', code });
    await vi.waitFor(() => expect(clock.waiting).toBe(0));
  });

  it.each(['HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 200 OK\r\ncontent-le', ''])(
    'ends the request as a connection that failed where nothing more comes: %j',
    async (raw) => {
      upstream.accounts.script = [{ raw }];

      await expect(get()).rejects.toMatchObject({ code: 'ECONNRESET', wasClosed: false });
    },
  );

  it.each([
    ['a head of 60 KB', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(60_000)}\r\n\r\nab`],
    ['something behind it', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab\r\n\r\nmore'],
    [
      'something behind it that closes the connection',
      'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nab\r\nmore',
    ],
  ])('is not one with %s', async (_, raw) => {
    upstream.accounts.script = [{ raw }];

    await expect(get()).resolves.toMatchObject({ status: 200, text: 'ab' });
  });
});

const CODES = ['EPIPE', 'E2', 'UND_ERR_1', `E${'A'.repeat(60)}`];
const OTHERS = ['E', 'epipe', 'E pipe', '1E', 'a EPIPE', `E${'A'.repeat(61)}`, 7];

test.each([...CODES, ...OTHERS])('an error tells %s only where it is a code', (code) => {
  const told = CODES.find((each) => each === code);

  expect(errorCode(Object.assign(new Error('quotes a header'), { code }))).toBe(told);
  expect(errorCode({ code })).toBeUndefined();
});
