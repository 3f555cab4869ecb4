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
  egain,
  credentials: egain.credentials,
  // The address of eGain's own example, and those of the generated accounts.
  canaries: ['123456789', '+1555', '@example.com'],
});

describe('a stage that works', () => {
  it('holds in every check, says what it measured, and exits 0', async () => {
    const run = await runDoctor(healthy());

    expect(run.exitCode).toBe(0);
    expect(run.report).toMatchObject({ stage: 'test', ok: true });
    expect(run.report.checks.map(({ state }) => state)).toEqual(Array(8).fill('ok'));
    const measured = { accounts: 60, pages: 3, count: 60, countTells: 'records' };
    expect(run.row('walk').measured).toMatchObject(measured);
  });

  it('tells when count counts pages', async () => {
    egain.setMode({ fault: 'count-as-pages' });

    const run = await runDoctor(healthy());

    expect(run.exitCode).toBe(0);
    const measured = { accounts: 60, count: 3, countTells: 'pages' };
    expect(run.row('walk').measured).toMatchObject(measured);
    expect(run.row('walk').seen).toContain('count tells pages');
  });
});

describe('a fault of eGain', () => {
  it.each([
    ['token-not-json', 'token: token-url'],
    ['token-throttled', 'token: throttled'],
    ['token-unavailable', 'token: egain-unavailable'],
    ['token-reset', 'token: unreachable'],
    ['unauthorized', 'scope: token-refused'],
    ['forbidden', 'scope: scope-missing'],
    ['bad-request', 'scope: request-refused'],
    ['throttled-bare', 'scope: throttled'],
    ['server-error', 'scope: egain-unavailable'],
    ['echoes-token', 'scope: egain-unavailable'],
    ['redirect', 'scope: api-url'],
    ['not-json', 'page: not-json'],
    ['too-large', 'page: too-large'],
    ['pages-repeat', 'walk: pages-do-not-add-up'],
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
