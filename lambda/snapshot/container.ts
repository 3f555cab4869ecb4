import { createCallBudget } from '../egain/call-budget.ts';
import { createClient } from '../egain/client.ts';
import { type CredentialsStore, createCredentialsStore } from '../egain/credentials.ts';
import { createRetryBudget, createUpstream } from '../egain/send.ts';
import { createTokenProvider } from '../egain/token.ts';
import { walkPages } from '../egain/walk.ts';
import { readServiceConfig, type ServiceConfig } from '../platform/config.ts';
import { type Clock, createDeadline, systemClock } from '../platform/deadline.ts';
import type { Send } from '../platform/http-client.ts';
import { createDynamoTable, guardTable, sharedKeys, type Table } from '../platform/table.ts';
import { log } from '../platform/log.ts';
import { count } from '../platform/metrics.ts';
import type { Telemetry } from '../platform/telemetry.ts';
import { lazy } from '../platform/util.ts';
import { createSnapshots, type RenewableStore, type SnapshotStore } from './snapshots.ts';

/** What lives as long as the container does. */
export interface Container {
  /**
   * The service, made at init or, where that failed, when it is asked for.
   *
   * @throws Fault `500-902`, each time anew: a wrong setting must be told to every caller
   */
  readonly service: () => Service;
  /** Settles when init may end. Never rejects: each request tells what is wrong. */
  readonly ready: Promise<void>;
}

/**
 * Makes the service while init's processor time is free of charge. On demand, the first event comes
 * at once and joins the secret's and the token's flight; with provisioned concurrency it may be
 * hours away, so init waits until both have landed.
 */
export function createContainer(telemetry: Telemetry = { ...log, count }): Container {
  const container = lazy(() => {
    const config = readServiceConfig();
    const service = createService(config, telemetry);
    return { service, provisioned: config.provisioned, warm: service.warmUp() };
  });
  const warmUp = async () => {
    try {
      const { provisioned, warm } = container();
      if (provisioned) await warm;
    } catch {
      // Told to whoever asks for the service.
    }
  };
  return { service: () => container().service, ready: warmUp() };
}

/** Lambda ends an init that takes 10 s. Of this, a second is kept back, as of every deadline. */
const WARM_UP_MS = 9000;

export interface Service {
  readonly snapshots: SnapshotStore;
  /**
   * Reads what the containers share ahead of the first request, and the secret where a walk will be
   * needed. Asks nothing of eGain. Never rejects: the first request meets the same failure itself,
   * and can tell it.
   */
  warmUp(): Promise<void>;
  /** As `RenewableStore.renew`. */
  readonly renew: RenewableStore['renew'];
}

export interface ServiceOptions {
  readonly clock?: Clock;
  /** From 0 up to 1, for the jitter of retries. */
  readonly random?: () => number;
  /** In place of the table that the settings name. */
  readonly table?: Table;
  /** In place of Secrets Manager. */
  readonly credentials?: CredentialsStore;
  /** In place of the network between here and eGain. */
  readonly send?: Send;
}

/** Everything between a request for accounts and eGain, wired for one container. */
export function createService(
  config: ServiceConfig,
  telemetry: Telemetry,
  options: ServiceOptions = {},
): Service {
  const { clock = systemClock, random = Math.random, send } = options;
  const shared = { clock, telemetry };

  const named = config.sharedTableName;
  const bare = options.table ?? (named === undefined ? undefined : createDynamoTable(named));
  const table = bare && guardTable(bare, clock, telemetry);
  const keys = sharedKeys(config);
  const { callsPerMinute } = config;
  const calls =
    table === undefined || callsPerMinute === undefined
      ? undefined
      : createCallBudget({ ...shared, callsPerMinute, table, key: keys.calls });
  const attempts = { random, budget: createRetryBudget(), calls, send };

  const { secretArn } = config;
  const credentials = options.credentials ?? createCredentialsStore({ clock, secretArn });
  const tokens = createTokenProvider({
    endpoint: config,
    credentials,
    table,
    key: keys.token,
    clock,
    upstream: createUpstream({ ...attempts, name: 'token', metric: 'TokenRequests' }),
  });
  const fetchPage = createClient({
    apiUrl: config.apiUrl,
    tokens,
    upstream: createUpstream({
      ...attempts,
      name: 'accounts',
      metric: 'UpstreamCalls',
      latencyMetric: 'UpstreamLatency',
    }),
  });

  const snapshots = createSnapshots({
    ...shared,
    config,
    table,
    keys,
    forecast: calls && ((count) => calls.forecast(count)),
    fetchAccounts: (deadline) => walkPages(fetchPage, deadline),
  });

  return {
    snapshots,
    renew: (deadline) => snapshots.renew(deadline),
    async warmUp() {
      const deadline = createDeadline(WARM_UP_MS, { clock });
      try {
        const { usable } = await snapshots.warmUp();
        if (!usable) await credentials.get(deadline);
      } catch {
        telemetry.info('Nothing could be read ahead of the first request');
      } finally {
        deadline.dispose();
      }
    },
  };
}
