import { describe, expect, test } from 'vitest';
import type { AttemptResult, UpstreamRequest } from '../../../../lambda/egain/send.ts';
import { requestGrant, type TokenEndpoint } from '../../../../lambda/egain/token.ts';
import { createDeadline } from '../../../../lambda/platform/deadline.ts';
import { createManualClock } from '../../../support/manual-clock.ts';

const NOW = Date.UTC(2026, 0, 1);
const CREDENTIALS = { clientId: 'an id+', clientSecret: 's:/é', version: 'v1' };
const ENDPOINT: TokenEndpoint = {
  tokenUrl: 'https://login.example.com/token',
  scope: 'all',
  clientAuthentication: 'body',
};

const answer = (
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): AttemptResult => ({
  kind: 'response',
  status,
  headers: new Headers(headers),
  text: typeof body === 'string' ? body : JSON.stringify(body),
});

/** Asks for a token, of which this comes. */
async function ask(result: AttemptResult, endpoint: Partial<TokenEndpoint> = {}) {
  const requests: UpstreamRequest[] = [];
  const grant = requestGrant(
    { ...ENDPOINT, ...endpoint },
    CREDENTIALS,
    {
      async send(request) {
        requests.push(request);
        return { result, waitTooLong: false };
      },
    },
    createDeadline(26_000, { clock: createManualClock() }),
    () => NOW,
  );
  return { outcome: await grant.catch((error: unknown) => error), requests };
}
const outcomeOf = async (result: AttemptResult) => (await ask(result)).outcome;

/** Whether such an answer is to be tried again though its status does not say so. */
const passes = async (body: unknown, status: number) => {
  const result = answer(body, status);
  const { requests } = await ask(result);
  if (result.kind !== 'response') throw new Error('no response');
  return requests[0]?.isTransient?.(result);
};

describe('a token is asked for', () => {
  test('with the client in the body', async () => {
    const { requests } = await ask(answer({ access_token: 't' }));

    expect(requests).toEqual([
      {
        url: ENDPOINT.tokenUrl,
        method: 'POST',
        headers: {
          accept: 'application/json',
          'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
        },
        body: 'grant_type=client_credentials&scope=all&client_id=an+id%2B&client_secret=s%3A%2F%C3%A9',
        maxBytes: 256 * 1024,
        isTransient: expect.any(Function) as unknown,
      },
    ]);
  });

  test('with the client by Basic, form-encoded before base64', async () => {
    const { requests } = await ask(answer({ access_token: 't' }), {
      clientAuthentication: 'basic',
    });

    expect(requests[0]?.body).toBe('grant_type=client_credentials&scope=all');
    expect(requests[0]?.headers['authorization']).toBe(
      `Basic ${Buffer.from('an+id%2B:s%3A%2F%C3%A9').toString('base64')}`,
    );
  });
});

describe('a token is granted', () => {
  test.each([200, 204, 299])('by any success: %i', async (status) => {
    await expect(outcomeOf(answer({ access_token: '!t~' }, status))).resolves.toEqual({
      accessToken: '!t~',
      lifeSeconds: 60,
    });
  });

  test.each([199, 300, 302])('by nothing else: %i', async (status) => {
    await expect(outcomeOf(answer({ access_token: 't' }, status))).resolves.toMatchObject({
      code: '502-903',
      reason: `the token endpoint answered ${status}`,
    });
  });

  test.each([undefined, null, 'Bearer', 'bearertoken', 'BEARER'])(
    'as a bearer, or without a type: %s',
    async (token_type) => {
      await expect(outcomeOf(answer({ access_token: 't', token_type }))).resolves.toMatchObject({
        accessToken: 't',
      });
    },
  );

  test.each([
    [0.5, 0.5],
    [3600, 3600],
    ['3600', 3600],
    ['3600.25', 3600.25],
    [31_536_000, 31_536_000],
    [31_536_001, 60],
    ['31536001', 60],
    [0, 60],
    [-1, 60],
    ['', 60],
    ['1e3', 60],
    ['600s', 60],
    ['x600', 60],
    ['6.', 60],
    [['3600'], 60],
  ])('for the seconds that can be believed: %j', async (expires_in, lifeSeconds) => {
    await expect(outcomeOf(answer({ access_token: 't', expires_in }))).resolves.toMatchObject({
      lifeSeconds,
    });
  });
});

describe('an answer without a token', () => {
  test.each([
    ['no JSON', 'no'],
    ['no object', null],
    ['no token', {}],
    ['a token with a space', { access_token: 'a b' }],
    ['a token with a line break', { access_token: 't\n' }],
    ['a token in other letters', { access_token: 'té' }],
    ['an empty token', { access_token: '' }],
    ['a token that is none', { access_token: 7 }],
    ['another type', { access_token: 't', token_type: 'mac' }],
    ['a type with bearer in it', { access_token: 't', token_type: 'no bearer' }],
    ['an error that nobody knows', { error: 'what' }],
  ])('of success says so: %s', async (_, body) => {
    await expect(outcomeOf(answer(body))).resolves.toMatchObject({
      code: '502-903',
      reason: 'the token endpoint did not answer with a bearer token',
    });
  });

  test.each([
    [200, 'invalid_client', '502-901'],
    [200, 'invalid_scope', '502-902'],
    [400, 'invalid_client', '502-901'],
    [400, 'what', '502-903'],
  ])('says what was refused, whatever its status: %i %s', async (status, error, code) => {
    await expect(outcomeOf(answer({ error }, status))).resolves.toMatchObject({ code });
  });

  test('asks to be left alone until a moment that it names', async () => {
    const at = new Date(NOW + 7000).toUTCString();

    await expect(outcomeOf(answer({}, 429, { 'retry-after': at }))).resolves.toMatchObject({
      code: '503-901',
      retryAfterSeconds: 7,
    });
  });

  test.each<[string, AttemptResult, string, string]>([
    [
      'cannot be reached',
      { kind: 'network-error', during: 'connection', errorCode: 'EPIPE', reusedSocket: false },
      '502-905',
      'the token endpoint cannot be reached: connection EPIPE',
    ],
    [
      'does not answer',
      { kind: 'timeout', of: 'deadline', waitedMs: 1 },
      '504-901',
      'the token endpoint did not answer in time',
    ],
  ])('is none where the endpoint %s', async (_, result, code, reason) => {
    await expect(outcomeOf(result)).resolves.toMatchObject({ code, reason });
  });
});

describe('an answer that will pass is tried again', () => {
  test.each(['temporarily_unavailable', 'server_error'])('%s, at any status', async (error) => {
    expect([await passes({ error }, 200), await passes({ error }, 400)]).toEqual([true, true]);
  });

  test.each([
    [400, { error: 'invalid_client' }],
    [400, { error: 'slow_down' }],
    [400, { error: 'what' }],
    [400, {}],
    [400, 'no'],
    [200, { access_token: 't', error: 'server_error' }],
  ])('no other is: %i %j', async (status, body) => {
    expect(await passes(body, status)).toBe(false);
  });
});
