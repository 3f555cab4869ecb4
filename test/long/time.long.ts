import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { StageConfig } from '../../lib/stage/stage-config.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { createPartner, type Send } from '../e2e/partner.ts';

/** A partner whose limits are soon met. */
const TRIAL: StageConfig['partners'][string] = {
  clientId: 'trial-client',
  scopes: ['accounts/read'],
  throttle: { rate: 1, burst: 5 },
  quota: { limit: 50, period: 'DAY' },
};

let sandbox: Sandbox;
let send: Send;
let trial: Send;

beforeAll(async () => {
  sandbox = await startSandbox({
    configure: (config) => ({ ...config, partners: { ...config.partners, trial: TRIAL } }),
    maxContainers: 1,
    functionTimeoutSeconds: 3,
  });
  send = createPartner(sandbox, await sandbox.token('acme'));
  trial = createPartner(sandbox, await sandbox.token('trial'));
});

afterAll(() => {
  vi.useRealTimers();
  return sandbox.stop();
});

/** Moves the gateway's time; the functions' processes have their own. */
const advance = (ms: number) => vi.setSystemTime(Date.now() + ms);

it.each(['hang', 'stalled-body', 'token-hang'])(
  'with %s, a partner gets 504-901 once its time is over',
  async (fault) => {
    await sandbox.forget();
    sandbox.egain?.setMode({ fault });

    const { status, error } = await send('/accounts');
    sandbox.egain?.setMode({});

    expect(status).toBe(504);
    expect(error.code).toBe('504-901');
  },
);

it('a usage plan turns away what is over its rate or its quota, and nobody else', async () => {
  /** Asks so often, and returns what the last request came to. */
  const ask = async (times: number, ms: number) => {
    let last = await trial('/accounts');
    for (let call = 1; call < times; call += 1) {
      advance(ms);
      last = await trial('/accounts');
    }
    return last.status === 200 ? 200 : last.error.code;
  };
  advance(86_400_000);

  expect(await ask(5, 0)).toBe(200);
  expect(await ask(1, 0)).toBe('429-901');
  advance(1000);
  expect(await ask(44, 1000)).toBe(200);
  advance(1000);
  expect(await ask(10, 1000)).toBe('429-902');
  expect((await send('/accounts')).status).toBe(200);
  advance(86_400_000);
  expect(await ask(1, 0)).toBe(200);
});
