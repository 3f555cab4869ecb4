import { afterEach, describe, expect, it, vi } from 'vitest';
import { requestGrant, type TokenEndpoint } from '../../../lambda/egain/credentials/token-grant.ts';
import type { UpstreamRequest } from '../../../lambda/egain/transport/attempt.ts';
import type { Result, Upstream } from '../../../lambda/egain/transport/upstream.ts';
import * as standIns from '../../../lib/bundle/stand-ins/plain-fetch-types.ts';

const CREDENTIALS = { clientId: 'client é', clientSecret: 'a+b:c/d% é', version: '1' };

afterEach(() => vi.unstubAllGlobals());

/** A grant, and the request that was sent for it. */
async function grant(clientAuthentication: TokenEndpoint['clientAuthentication'], text: string) {
  const sent: UpstreamRequest[] = [];
  const headers = { get: () => null };
  const outcome = { kind: 'answer', status: 200, headers, text, tooLarge: false } as const;
  const upstream: Upstream = {
    send(request): Promise<Result> {
      sent.push(request);
      return Promise.resolve({ outcome, waitTooLong: false });
    },
  };
  const endpoint = { tokenUrl: 'http://127.0.0.1/token', scope: 'a b', clientAuthentication };
  const { signal } = new AbortController();
  const deadline = { at: 1000, signal, remaining: () => 1000, dispose: () => undefined };
  const granted = await requestGrant(endpoint, CREDENTIALS, upstream, deadline, () => 0);
  return { granted, sent };
}

describe("the stand-ins for fetch's types", () => {
  it.each([
    ['body', '{"access_token":"t","token_type":"Bearer","expires_in":"3600"}'],
    ['basic', '{"access_token":"t","expires_in":60}'],
    ['body', '{"access_token":"t"}'],
  ] as const)('ask and read as with Node.js own, client in %s: %s', async (method, text) => {
    const whole = await grant(method, text);
    vi.stubGlobal('Headers', standIns.Headers);
    vi.stubGlobal('Response', standIns.Response);
    const plain = await grant(method, text);

    expect(plain).toEqual(whole);
    expect(plain.sent).toHaveLength(1);
  });

  it('take header names in any case, as the library sets and looks for them', () => {
    const headers = new standIns.Headers({ Accept: 'a' });
    headers.set('X-One', '1');

    expect(headers.get('accept')).toBe('a');
    expect(headers.get('none')).toBeNull();
    expect(headers.has('x-ONE')).toBe(true);
    expect(Object.fromEntries(headers.entries())).toEqual({ accept: 'a', 'x-one': '1' });
  });
});
