import { globalAgent } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it, test, vi } from 'vitest';
import { type Deadline, systemClock } from '../../../lambda/platform/deadline.ts';
import {
  BeginTimeout,
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
  ...options
}: Partial<CallOptions & Deadline> = {}) =>
  send(
    { url: `${upstream.origin}/api`, method: 'GET', headers: {} },
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
    [
      'badly chunked',
      { raw: 'HTTP/1.1 401 No\r\ntransfer-encoding: chunked\r\nretry-after: 7\r\n\r\nZZ\r\n' },
      'cut-off',
    ],
  ])('counts by its status and headers though its body is %s', async (_, reply, unread) => {
    for (const status of [200, 401, 403, 429, 503]) {
      const raw = reply.raw?.replace('401', String(status));
      const headers = { ...reply.headers, 'retry-after': '7' };
      upstream.accounts.script = [
        { ...reply, status, headers, ...(raw === undefined ? {} : { raw }) },
      ];

      const response = await get();

      expect(response).toMatchObject({ status, text: unread === undefined ? '' : null });
      expect(response.unread).toBe(unread);
      expect(response.headers['retry-after']).toBe('7');
    }
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

  it('that fails is not waited for longer than five seconds', async () => {
    const clock = createManualClock();
    upstream.accounts.script = [{ status: 401, drop: 'never-ends', body: 'abc' }];

    const response = get({ clock });
    await vi.waitFor(() => expect(clock.waiting).toBe(1));
    clock.advance(5000);

    await expect(response).resolves.toMatchObject({ status: 401, text: null, unread: 'cut-off' });
  });

  it('that does not begin in time is given up', async () => {
    const clock = createManualClock();
    const hanging = Promise.withResolvers<void>();
    upstream.accounts.script = [{ hang: true, before: () => hanging.resolve() }];

    const response = get({ clock, firstByteBy: clock.now() + 5000 });
    await hanging.promise;
    clock.advance(5000);

    await expect(response).rejects.toBeInstanceOf(BeginTimeout);
  });

  it('may take longer to end than to begin', async () => {
    const clock = createManualClock();
    const end = Promise.withResolvers<void>();
    upstream.accounts.script = [
      { body: 'ab', headers: { 'content-length': '2' }, between: end.promise },
    ];

    const response = get({ clock, firstByteBy: clock.now() + 5000 });
    await vi.waitFor(() => expect(upstream.accounts.calls).toHaveLength(1));
    await vi.waitFor(() => expect(clock.waiting).toBe(0));
    clock.advance(9000);
    end.resolve();

    await expect(response).resolves.toMatchObject({ text: 'ab' });
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

    await get({ clock, firstByteBy: clock.now() + 5000 });

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
    // So that no connection is kept, and one must be opened.
    globalAgent.destroy();

    await expect(get({ clock })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(waits).toEqual([10_000]);
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
    onReconnect.mockRejectedValue(new Error('no more calls'));
    await expect(get({ onReconnect })).rejects.toThrow('no more calls');
  });

  it('leaves no timer behind where nobody listens', async () => {
    const clock = createManualClock();
    const closed = await startScriptedUpstream();
    await closed.close();

    const answer = send(
      { url: `${closed.origin}/api`, method: 'GET', headers: {} },
      { maxBytes: 1000, deadline: { signal: never, clock } },
    );

    await expect(answer).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await vi.waitFor(() => expect(clock.waiting).toBe(0));
  });

  it('is not made to a server whose certificate nobody signed', async () => {
    const own = selfSignedCertificate();
    const server = createServer(own, (_, response) => response.end('ab'));
    await new Promise<void>((listening) => {
      server.listen(0, '127.0.0.1', listening);
    });
    const { port } = server.address() as AddressInfo;

    const answer = send(
      { url: `https://127.0.0.1:${port}/`, method: 'GET', headers: {} },
      { maxBytes: 1000, deadline: { signal: never, clock: systemClock } },
    );

    await expect(answer).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    server.close();
  });
});

describe('an answer that is no answer', () => {
  it.each([
    'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n',
    'HTTP/1.1 100 Continue\r\n\r\n',
    '',
  ])('ends the request as a connection that failed: %j', async (raw) => {
    const clock = createManualClock();
    upstream.accounts.script = [{ raw }];

    await expect(get({ clock, firstByteBy: clock.now() + 5000 })).rejects.toMatchObject({
      name: 'ConnectionFailed',
      code: 'ECONNRESET',
      wasClosed: false,
    });
    expect(clock.waiting).toBe(0);
  });
});

const CODES = ['EPIPE', 'E2', 'UND_ERR_1', `E${'A'.repeat(60)}`];
const OTHERS = ['E', 'epipe', 'E pipe', '1E', 'a EPIPE', `E${'A'.repeat(61)}`, 7];

test.each([...CODES, ...OTHERS])('an error tells %s only where it is a code', (code) => {
  const told = CODES.find((each) => each === code);

  expect(errorCode(Object.assign(new Error('quotes a header'), { code }))).toBe(told);
  expect(errorCode({ code })).toBeUndefined();
});
