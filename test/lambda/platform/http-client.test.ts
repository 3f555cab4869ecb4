import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it, test, vi } from 'vitest';
import { type Deadline, systemClock } from '../../../lambda/platform/deadline.ts';
import {
  BeginTimeout,
  type CallOptions,
  send,
  type UnreadBody,
} from '../../../lambda/platform/http-client.ts';
import { startUpstream } from '../../support/egain-world.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import type { Reply } from '../../support/scripted-upstream.ts';

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
});
