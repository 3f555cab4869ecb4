import { globalAgent } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { beforeEach, describe, expect, it, test, vi } from 'vitest';
import { type Deadline, systemClock } from '../../../lambda/platform/deadline.ts';
import { type CallOptions, errorCode, send } from '../../../lambda/platform/http-client.ts';
import { startUpstream } from '../../support/egain-world.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { startScriptedUpstream } from '../../support/scripted-upstream.ts';
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

describe('an answer', () => {
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
