import { globalAgent } from 'node:http';
import { text } from 'node:stream/consumers';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { systemClock } from '../../../lambda/platform/clock.ts';
import { sendRequest } from '../../../lambda/platform/http-client.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '../../support/scripted-upstream.ts';

let upstream: ScriptedUpstream;
beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
afterAll(() => upstream.close());
beforeEach(() => upstream.reset());

const never = new AbortController().signal;
const get = (signal = never, clock = systemClock) =>
  sendRequest({ url: `${upstream.origin}/api`, method: 'GET', headers: {} }, signal, clock);

describe('an answer', () => {
  test.each([
    ['br', brotliCompressSync('ä')],
    ['gzip', gzipSync('ä')],
    ['X-GZIP', gzipSync('ä')],
    ['deflate', deflateSync('ä')],
    ['identity', Buffer.from('ä')],
  ])('is decoded when its encoding is %s', async (encoding, body) => {
    upstream.accounts.script = [{ headers: { 'content-encoding': encoding }, body }];

    const answer = await get();

    expect(answer.status).toBe(200);
    expect(await text(answer.body)).toBe('ä');
  });

  it('fails in its body when that is not of its encoding', async () => {
    const headers = { 'content-encoding': 'gzip' };
    upstream.accounts.script = [{ headers, body: Buffer.from('plain') }];

    const { body } = await get();

    await expect(text(body)).rejects.toMatchObject({ code: 'Z_DATA_ERROR' });
  });

  it('that leads elsewhere is not followed', async () => {
    upstream.accounts.script = [{ status: 302, headers: { location: '/token' } }];

    const { status, headers } = await get();

    expect([status, headers.location]).toEqual([302, '/token']);
    expect(upstream.token.calls).toHaveLength(0);
  });
});

describe('a request', () => {
  it('names the product, and has what it was given', async () => {
    upstream.token.script = [{}];
    const url = `${upstream.origin}/token`;

    await sendRequest(
      { url, method: 'POST', headers: { accept: 'text/plain' }, body: 'ä' },
      never,
      systemClock,
    );

    const [call] = upstream.token.calls;
    expect(call).toMatchObject({ method: 'POST', body: 'ä' });
    expect(call?.headers).toMatchObject({
      accept: 'text/plain',
      'content-length': '2',
      'user-agent': 'egain-accounts',
    });
  });

  it('ends when its caller gives up', async () => {
    upstream.accounts.script = [{ hang: true }];
    const caller = new AbortController();

    const answer = get(caller.signal);
    setTimeout(() => caller.abort(), 10);

    await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('gives a server up that takes no connection for ten seconds', async () => {
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

    const answer = get(never, clock);

    await expect(answer).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(waits).toEqual([10_000]);
  });
});
