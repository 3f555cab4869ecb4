import { createClient } from '../egain/accounts-client.ts';
import { createCredentialsStore } from '../egain/credentials/secret-store.ts';
import { createTokenSource } from '../egain/credentials/token-source.ts';
import { walkPages } from '../egain/pages/page-walk.ts';
import { createRetryBudget } from '../egain/transport/retry-budget.ts';
import { createUpstream } from '../egain/transport/upstream.ts';
import { type Clock, systemClock } from '../platform/clock.ts';
import type { ServiceConfig } from '../platform/config.ts';
import { createDeadline } from '../platform/deadline.ts';
import type { Telemetry } from '../platform/telemetry.ts';
import { createSnapshotStore, type SnapshotStore } from './snapshot-store.ts';

/** Lambda ends an init that takes 10 s. Of this, a second is kept back, as of every deadline. */
const WARM_UP_MS = 9000;

export interface Service {
  readonly snapshots: SnapshotStore;
  /**
   * Reads the secret and asks for a token ahead of the first request. Never rejects: the first
   * request meets the same failure itself, and can tell it.
   */
  warmUp(): Promise<void>;
}

export interface ServiceOptions {
  readonly clock?: Clock;
  /** From 0 up to 1, for the jitter of retries. */
  readonly random?: () => number;
}

/** Everything between a request for accounts and eGain, wired for one container. */
export function createService(
  config: ServiceConfig,
  telemetry: Telemetry,
  options: ServiceOptions = {},
): Service {
  const { clock = systemClock, random = Math.random } = options;
  const shared = { clock, telemetry };
  const attempts = { ...shared, random, budget: createRetryBudget(clock) };

  const tokens = createTokenSource({
    ...shared,
    endpoint: config,
    credentials: createCredentialsStore({ ...shared, secretArn: config.secretArn }),
    upstream: createUpstream({ ...attempts, name: 'token', metric: 'TokenRequests' }),
  });
  const fetchPage = createClient({
    ...shared,
    apiUrl: config.apiUrl,
    tokens,
    upstream: createUpstream({
      ...attempts,
      name: 'accounts',
      metric: 'UpstreamCalls',
      latencyMetric: 'UpstreamLatency',
    }),
  });

  return {
    snapshots: createSnapshotStore({
      ...shared,
      freshSeconds: config.freshSeconds,
      staleSeconds: config.staleSeconds,
      fetchAccounts: (deadline) => walkPages(fetchPage, deadline, telemetry),
    }),
    async warmUp() {
      const deadline = createDeadline(WARM_UP_MS, clock);
      try {
        await tokens.get(deadline);
      } catch {
        telemetry.info('No token could be had ahead of the first request');
      } finally {
        deadline.dispose();
      }
    },
  };
}
