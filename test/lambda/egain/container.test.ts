import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  CANARY,
  createWorld,
  envelopeReply,
  makeAccounts,
  secretError,
  secretReply,
  servePages,
  tokenReply,
} from '../../support/egain-world.ts';
import { three } from '../../support/fault-row.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '../../support/scripted-upstream.ts';

let upstream: ScriptedUpstream;
beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
afterAll(() => upstream.close());
afterEach(() => {
  vi.unstubAllEnvs();
});

const calls = () =>
  [upstream.accounts, upstream.token, upstream.secrets].map((at) => at.calls.length);

describe('a container over its life', () => {
  test('two hundred cold calls make one read, one token and one walk', async () => {
    const { ask } = createWorld(upstream);

    const answers = await Promise.all(Array.from({ length: 200 }, () => ask()));

    expect(calls()).toEqual([1, 1, 1]);
    expect(new Set(answers.map(({ snapshot }) => snapshot)).size).toBe(1);
  });

  test('the warm-up leaves only the walk to the first call', async () => {
    const { ask, service } = createWorld(upstream);

    await service.warmUp();
    const warm = calls();
    await ask();

    expect(warm).toEqual([0, 1, 1]);
    expect(calls()).toEqual([1, 1, 1]);
  });

  test('a first call shares the warm-up that is under way', async () => {
    const { ask, service } = createWorld(upstream);

    await Promise.all([service.warmUp(), ask()]);

    expect(calls()).toEqual([1, 1, 1]);
  });

  test('a warm-up that fails is silent, and the first call meets the failure itself', async () => {
    const { ask, service } = createWorld(upstream);
    upstream.secrets.script = three(secretError('AccessDeniedException'));

    await service.warmUp();

    await expect(ask()).rejects.toMatchObject({ code: '500-902' });
    expect(calls()).toEqual([0, 0, 2]);
  });

  test('a warm-up that hangs ends by itself, and a call that shares it goes on alone', async () => {
    const { ask, service, clock } = createWorld(upstream);
    const hanging = Promise.withResolvers<void>();
    upstream.token.script = [{ hang: true, before: () => hanging.resolve() }];

    const warmUp = service.warmUp();
    await hanging.promise;
    const asked = ask();
    clock.advance(8000);
    await warmUp;

    await expect(asked).resolves.toMatchObject({ state: 'miss' });
    expect(calls()).toEqual([1, 2, 1]);
  });
});

describe('the secret', () => {
  test('is read again after five minutes, as AWSCURRENT, and a new version asks for a token', async () => {
    const { ask, clock } = createWorld(upstream);
    await ask();
    clock.advance(299_000);
    await ask();
    expect(calls()).toEqual([2, 1, 1]);

    upstream.secrets.otherwise = () => secretReply(undefined, 'version-2');
    clock.advance(31_000);
    await ask();

    expect(calls()).toEqual([3, 2, 2]);
    expect(JSON.parse(upstream.secrets.calls[0]?.body ?? '')).toMatchObject({
      VersionStage: 'AWSCURRENT',
    });
  });

  test('that was read last goes on serving while Secrets Manager is unwell', async () => {
    const { ask, clock } = createWorld(upstream);
    await ask();
    upstream.secrets.otherwise = () => secretError('InternalServiceError', 500);
    clock.advance(301_000);

    await expect(ask({ stale: false })).resolves.toMatchObject({ state: 'miss' });
  });

  test('that is denied later is a fault', async () => {
    const { ask, clock } = createWorld(upstream);
    await ask();
    upstream.secrets.otherwise = () => secretError('AccessDeniedException');
    clock.advance(301_000);

    await expect(ask({ stale: false })).rejects.toMatchObject({ code: '500-902' });
  });

  test('cannot be read without the function’s own keys', async () => {
    const { ask } = createWorld(upstream);
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);

    await expect(ask()).rejects.toMatchObject({
      code: '500-902',
      reason: 'the environment holds no AWS keys',
    });
  });

  test('is left alone for 30 s once its credentials are refused', async () => {
    const { ask, clock } = createWorld(upstream);
    const refused = { status: 401, body: { error: 'invalid_client' } };
    upstream.token.otherwise = () => refused;

    const first = ask();
    await expect(first).rejects.toMatchObject({ code: '502-901' });
    await expect(ask()).rejects.toMatchObject({ code: '502-901' });
    expect(calls()).toEqual([0, 1, 2]);

    clock.advance(30_000);
    await expect(ask()).rejects.toMatchObject({ code: '502-901' });
    expect(calls()).toEqual([0, 2, 3]);
  });

  test('is left alone for 30 s once eGain refuses its fresh tokens', async () => {
    const { ask } = createWorld(upstream);
    upstream.accounts.otherwise = () => ({ status: 401 });

    await expect(ask()).rejects.toMatchObject({ code: '502-901' });
    await expect(ask()).rejects.toMatchObject({ code: '502-901' });

    expect(calls()).toEqual([2, 2, 2]);
  });
});

describe('the token', () => {
  test.each([
    [3600, 3539, 3541],
    ['3600', 3539, 3541],
    [40, 19, 21],
    [undefined, 29, 31],
    [-5, 29, 31],
    [0, 29, 31],
    ['soon', 29, 31],
    [1e12, 29, 31],
    [null, 29, 31],
  ])('that lives %s s serves for %i s and not for %i s', async (life, serves, servesNot) => {
    const { ask, clock } = createWorld(upstream, { freshSeconds: 0 });
    upstream.token.otherwise = () => tokenReply('t', { expires_in: life });
    upstream.secrets.otherwise = () => secretReply();

    await ask();
    clock.advance(serves * 1000);
    await ask();
    expect(upstream.token.calls).toHaveLength(1);
    clock.advance((servesNot - serves) * 1000);
    await ask();

    expect(upstream.token.calls).toHaveLength(2);
  });

  test('is asked for with the client in the body', async () => {
    const { ask } = createWorld(upstream);

    await ask();

    const [call] = upstream.token.calls;
    expect(call?.headers['content-type']).toContain('application/x-www-form-urlencoded');
    expect(call?.headers.authorization).toBeUndefined();
    expect(Object.fromEntries(new URLSearchParams(call?.body))).toEqual({
      grant_type: 'client_credentials',
      scope: 'https://api.egain.cloud/auth/.default',
      client_id: CANARY.clientId,
      client_secret: CANARY.clientSecret,
    });
  });

  test('is asked for with the client by Basic, form-encoded before base64', async () => {
    const { ask } = createWorld(upstream, { clientAuthentication: 'basic' });

    await ask();

    const [call] = upstream.token.calls;
    const [scheme, value = ''] = call?.headers.authorization?.split(' ') ?? [];
    const pair = Buffer.from(value, 'base64').toString().split(':');
    const decoded = pair.map((text) => new URLSearchParams(`x=${text}`).get('x'));
    expect(scheme).toBe('Basic');
    expect(decoded).toEqual([CANARY.clientId, CANARY.clientSecret]);
    expect(call?.body).not.toContain('client_secret');
  });

  test('near its end goes on serving while the token endpoint fails', async () => {
    const { ask, clock } = createWorld(upstream);
    await ask();
    upstream.token.otherwise = () => ({ status: 503 });

    clock.advance(3_550_000);
    await expect(ask()).resolves.toMatchObject({ state: 'miss' });
    clock.advance(51_000);

    await expect(ask({ stale: false })).rejects.toMatchObject({ code: '502-905' });
  });

  test('that one page finds refused is renewed once for all pages', async () => {
    const { ask } = createWorld(upstream);
    const well = servePages({ accounts: makeAccounts(10), pagesize: 2 });
    upstream.accounts.otherwise = (request) => {
      const old = request.headers.authorization?.endsWith('-1');
      return old === true && request.url.search !== '' ? { status: 401 } : well(request);
    };

    const { snapshot } = await ask();

    expect(snapshot.accounts).toEqual(makeAccounts(10));
    expect(upstream.token.calls).toHaveLength(2);
  });
});

describe('a server that keeps failing', () => {
  test('is left alone for 10 s after five failures, then probed once', async () => {
    const { ask, clock } = createWorld(upstream);
    upstream.accounts.otherwise = () => ({ status: 500 });

    await expect(ask()).rejects.toMatchObject({ code: '502-905' });
    await expect(ask()).rejects.toMatchObject({ code: '502-905' });
    expect(upstream.accounts.calls).toHaveLength(5);
    clock.advance(2500);
    await expect(ask()).rejects.toMatchObject({ code: '503-902', retryAfterSeconds: 8 });
    expect(upstream.accounts.calls).toHaveLength(5);

    clock.advance(7500);
    await expect(ask()).rejects.toMatchObject({ code: '502-905' });
    expect(upstream.accounts.calls).toHaveLength(6);
    await expect(ask()).rejects.toMatchObject({ code: '503-902', retryAfterSeconds: 10 });

    clock.advance(10_000);
    upstream.accounts.otherwise = servePages({ accounts: makeAccounts(3), pagesize: 25 });
    await expect(ask()).resolves.toMatchObject({ state: 'miss' });
  });

  test('is not known to fail by callers who had no time', async () => {
    const { ask, clock } = createWorld(upstream);
    const hang = { hang: true, before: () => clock.advance(2000) };
    upstream.accounts.script = Array.from({ length: 6 }, () => hang);

    for (let caller = 0; caller < 6; caller += 1) {
      await expect(ask({ remainingMs: 3000 })).rejects.toMatchObject({ code: '504-901' });
    }

    await expect(ask()).resolves.toMatchObject({ state: 'miss' });
  });

  test('is known to fail when long waits were in vain', async () => {
    const { ask, clock } = createWorld(upstream);
    upstream.accounts.otherwise = () => ({ hang: true, before: () => clock.advance(24_000) });

    for (let caller = 0; caller < 5; caller += 1) {
      await expect(ask()).rejects.toMatchObject({ code: '504-901' });
    }

    await expect(ask()).rejects.toMatchObject({ code: '503-902' });
  });

  test('gets no more retries than the budget has', async () => {
    const { ask } = createWorld(upstream);
    upstream.accounts.otherwise = () => ({ status: 429 });

    for (let caller = 0; caller < 20; caller += 1) {
      await expect(ask()).rejects.toMatchObject({ code: '503-901' });
    }

    // Twenty first attempts, twenty retries, and what came back while they were being made.
    expect(upstream.accounts.calls.length).toBeGreaterThanOrEqual(40);
    expect(upstream.accounts.calls.length).toBeLessThan(44);
  });

  test('that closed a connection kept from earlier is asked again at once', async () => {
    const { ask, clock, telemetry } = createWorld(upstream);
    await ask();
    clock.advance(31_000);
    upstream.accounts.script = [{ drop: 'at-once' }];

    await expect(ask()).resolves.toMatchObject({ state: 'miss' });

    const fields = telemetry.lines.map((line) => line.fields);
    expect(fields).toContainEqual(
      expect.objectContaining({ broken: 'connection', retryAfterMs: 0 }),
    );
  });
});

describe('what is passed on of eGain’s words', () => {
  test('holds no credential, whatever form it is echoed in', async () => {
    const { ask } = createWorld(upstream);
    const token = `${CANARY.token}-1`;
    const { clientId, clientSecret } = CANARY;
    const echoes = [
      `Bearer ${token}`,
      clientSecret,
      encodeURIComponent(clientSecret),
      new URLSearchParams({ s: clientSecret }).toString(),
      Buffer.from(clientSecret).toString('base64'),
      Buffer.from(`${clientId}:${clientSecret}`).toString('base64'),
      Buffer.from(token).toString('base64url'),
      clientId,
    ];
    const texts = {
      developerMessage: echoes.join(' '),
      userMessage: echoes.join(','),
      details: echoes.map((echo) => ({ key: echo, value: echo })),
    };
    upstream.accounts.script = three(envelopeReply(500, '500-100', texts));

    const fault: unknown = await ask().catch((error: unknown) => error);

    const told = inspect(fault, { depth: 9, maxStringLength: null, maxArrayLength: null });
    for (const echo of echoes.map((text) => text.replace(/^Bearer |^s=/, ''))) {
      expect(told).not.toContain(echo);
    }
    expect(fault).toMatchObject({
      code: '500-100',
      details: expect.arrayContaining([{ key: '[redacted]', value: '[redacted]' }]) as unknown,
    });
  });

  test('is cut at 2048 characters, after the credentials are taken out', async () => {
    const { ask } = createWorld(upstream);
    const developerMessage = `${'x'.repeat(2040)}${CANARY.clientSecret}`;
    const userMessage = `${'x'.repeat(2047)}😀`;
    upstream.accounts.script = three(
      envelopeReply(503, '503-100', { developerMessage, userMessage }),
    );

    await expect(ask()).rejects.toMatchObject({
      developerMessage: `${'x'.repeat(2040)}[redacte`,
      userMessage: 'x'.repeat(2047),
    });
  });

  test('is only what an envelope has, and the rest is ours', async () => {
    const { ask } = createWorld(upstream);
    const body = { code: '504-007', details: [{ value: 'no key' }, 1, { key: 'only' }] };
    upstream.accounts.script = three({ status: 504, body });

    await expect(ask()).rejects.toMatchObject({
      status: 504,
      code: '504-007',
      developerMessage: 'eGain cannot be reached or fails.',
      details: [{ key: 'only', value: '' }],
      workflowError: 'UpstreamUnavailable',
      retry: true,
    });
  });
});

test.each([
  ['apiUrl', 'http://example.com/api', 'EGAIN_API_URL'],
  ['tokenUrl', 'http://example.com/token', 'EGAIN_TOKEN_URL'],
  ['tokenUrl', 'nothing', 'EGAIN_TOKEN_URL'],
])('credentials are not sent to the %s %s', async (key, url, variable) => {
  const { ask } = createWorld(upstream, { [key]: url });

  await expect(ask()).rejects.toMatchObject({
    code: '500-902',
    reason: expect.stringContaining(variable) as unknown,
  });
});
