import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type SimulatedEgain, startEgain } from '../../../sandbox/egain/egain.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { runDoctor, type Stage } from './support.ts';

let egain: SimulatedEgain;

// A new one each time: what a failed walk had under way may still come in, and would be counted.
beforeEach(async () => {
  egain = await startEgain({ accounts: 60 });
});
afterEach(() => egain.close());

const healthy = (): Stage => ({
  egain: {
    apiUrl: egain.apiUrl,
    tokenUrl: egain.tokenUrl,
    scope: egain.scope,
  },
  credentials: egain.credentials,
  // The address of eGain's own example, and those of the generated accounts.
  canaries: ['123456789', '+1555', '@example.com'],
});

describe('a stage that works', () => {
  it('holds in every check, says what it measured, and exits 0', async () => {
    const run = await runDoctor(healthy());

    expect(run.exitCode).toBe(0);
    expect(run.report).toMatchObject({ stage: 'test', ok: true });
    expect(run.report.checks.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'config ok',
      'urls ok',
      'credentials ok',
      'token ok',
      'scope ok',
      'page ok',
      'walk ok',
      'partners ok',
    ]);
    expect(run.row('walk').measured).toMatchObject({
      accounts: 60,
      pages: 3,
      count: 60,
      countTells: 'records',
    });
  });

  it('tells when count counts pages', async () => {
    egain.setMode({ fault: 'count-as-pages' });

    const run = await runDoctor(healthy());

    expect(run.exitCode).toBe(0);
    expect(run.row('walk').measured).toMatchObject({
      accounts: 60,
      count: 3,
      countTells: 'pages',
    });
    expect(run.row('walk').seen).toContain('count tells pages');
  });
});

describe('a fault of eGain', () => {
  it.each([
    ['token-invalid-client', 'token: secret-wrong'],
    ['token-invalid-scope', 'token: scope-refused'],
    ['token-unauthorized-client', 'token: client-disabled'],
    ['token-not-json', 'token: token-url'],
    ['token-throttled', 'token: throttled'],
    ['token-unavailable', 'token: egain-unavailable'],
    ['token-reset', 'token: unreachable'],
    ['unauthorized', 'scope: token-refused'],
    ['forbidden', 'scope: scope-missing'],
    ['bad-request', 'scope: request-refused'],
    ['throttled-bare', 'scope: throttled'],
    ['server-error', 'scope: egain-unavailable'],
    ['unavailable', 'scope: egain-unavailable'],
    ['echoes-token', 'scope: egain-unavailable'],
    ['connection-reset', 'scope: unreachable'],
    ['truncated-body', 'scope: unreachable'],
    ['redirect', 'scope: api-url'],
    ['not-json', 'page: not-json'],
    ['empty-body', 'page: not-json'],
    ['too-large', 'page: too-large'],
    ['wrong-shape', 'page: contract-broken'],
    ['pages-repeat', 'walk: pages-do-not-add-up'],
    ['pages-endless', 'walk: pages-do-not-add-up'],
    ['pages-short', 'walk: pages-do-not-add-up'],
  ])('%s is named', async (fault, expected) => {
    egain.setMode({ fault });

    const run = await runDoctor(healthy());

    expect(run.failure).toBe(expected);
    expect(run.exitCode).toBe(1);
    const states = run.report.checks.map(({ state }) => state).join(' ');
    expect(states).toMatch(/^(?:ok )+failed(?: not-run)+$/);
  });

  it.each([
    ['token-hang', 'token', 'token: timeout'],
    ['hang', 'accounts', 'scope: timeout'],
    ['stalled-body', 'accounts', 'scope: timeout'],
  ] as const)('%s ends with the time that the check has', async (fault, endpoint, expected) => {
    egain.setMode({ fault });
    const clock = createManualClock();
    const before = egain.calls[endpoint];

    const running = runDoctor({ ...healthy(), clock });
    await vi.waitFor(() => expect(egain.calls[endpoint]).toBe(before + 1), 20_000);
    clock.advance(30_000);

    expect((await running).failure).toBe(expected);
  });
});

describe('a mistake in the stage config', () => {
  it.each<[what: string, change: (stage: Stage) => Partial<Stage>, failure: string, told: string]>([
    [
      'a token URL that eGain does not know',
      ({ egain: own }) => ({ egain: { ...own, tokenUrl: `${own.tokenUrl}s` } }),
      'token: token-url',
      'egain.tokenUrl',
    ],
    [
      'a scope of the other environment family',
      ({ egain: own }) => ({ egain: { ...own, scope: 'app.conversation.conversationmgr.read' } }),
      'token: scope-family',
      'https://api.egain.cloud/auth/.default',
    ],
    [
      'an API URL that eGain does not know',
      ({ egain: own }) => ({
        egain: { ...own, apiUrl: `${new URL(own.apiUrl).origin}/conversation/v3` },
      }),
      'scope: api-url',
      'on the host of your region',
    ],
    [
      'another client secret',
      () => ({
        credentials: {
          clientId: egain.credentials.clientId,
          clientSecret: 'canary-wrong-secret',
        },
      }),
      'token: secret-wrong',
      'Compare client id and secret',
    ],
  ])('is named, with what to do: %s', async (_what, change, failure, told) => {
    const stage = healthy();

    const run = await runDoctor({ ...stage, ...change(stage) });

    expect(run.failure).toBe(failure);
    expect(run.row(failure.split(':')[0] ?? '').advice).toContain(told);
  });
});
