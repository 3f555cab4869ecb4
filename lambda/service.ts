import { createSnapshotStore, type SnapshotStore } from './accounts/snapshot.ts';
import { type Clock, systemClock } from './clock.ts';
import type { ServiceConfig } from './config.ts';
import { createDeadline } from './deadline.ts';
import { createClient } from './egain/client.ts';
import { createCredentialsStore } from './egain/credentials.ts';
import { walkPages } from './egain/pages.ts';
import { createRetryBudget } from './egain/retry-budget.ts';
import { createTokenSource } from './egain/token.ts';
import { createUpstream } from './egain/upstream.ts';
import type { Telemetry } from './telemetry.ts';

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
