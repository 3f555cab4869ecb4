import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
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
    configure: (config) => ({
      ...config,
      partners: { ...config.partners, trial: TRIAL },
    }),
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

describe('when eGain or Secrets Manager does not answer in time', () => {
  it.each(['hang', 'stalled-body', 'token-hang'])(
    'with %s, a partner gets 504-901',
    async (fault) => {
      await sandbox.forget();
      sandbox.egain?.setMode({ fault });

      const { status, error } = await send('/accounts');
      sandbox.egain?.setMode({});

      expect(status).toBe(504);
      expect(error.code).toBe('504-901');
    },
  );
});

describe("a partner's usage plan", () => {
  beforeEach(() => void advance(86_400_000));

  it('turns away what is over its rate, and lets it in again a second later', async () => {
    const statuses: number[] = [];
    for (let call = 0; call < 6; call += 1) statuses.push((await trial('/accounts')).status);
    const refused = await trial('/accounts');
    advance(1000);
    const later = await trial('/accounts');

    expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
    expect(refused.error.code).toBe('429-901');
    expect(later.status).toBe(200);
  });

  it('turns away what is over its quota, until the next day', async () => {
    let last = await trial('/accounts');
    for (let call = 0; call < 100 && last.error.code !== '429-902'; call += 1) {
      advance(1000);
      last = await trial('/accounts');
    }
    advance(86_400_000);

    expect(last.error.code).toBe('429-902');
    expect((await trial('/accounts')).status).toBe(200);
  });

  it("does not count another partner's calls", async () => {
    for (let call = 0; call < 30; call += 1) expect((await send('/accounts')).status).toBe(200);
  });
});
