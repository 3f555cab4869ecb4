import { createClient } from '../egain/accounts-client.ts';
import {
  type CredentialsStore,
  createCredentialsStore,
} from '../egain/credentials/secret-store.ts';
import { createTokenShelf } from '../egain/credentials/token-shelf.ts';
import { createTokenSource } from '../egain/credentials/token-source.ts';
import { walkPages } from '../egain/pages/page-walk.ts';
import { createCallBudget } from '../egain/transport/call-budget.ts';
import { createRetryBudget } from '../egain/transport/retry-budget.ts';
import { createUpstream } from '../egain/transport/upstream.ts';
import { type Clock, systemClock } from '../platform/clock.ts';
import type { ServiceConfig } from '../platform/config.ts';
import { createDeadline } from '../platform/deadline.ts';
import type { Send } from '../platform/http-client.ts';
import { createDynamoTable } from '../platform/table/dynamo-table.ts';
import { guardTable } from '../platform/table/guarded-table.ts';
import { sharedKeys } from '../platform/table/shared-keys.ts';
import type { Table } from '../platform/table/table.ts';
import type { Telemetry } from '../platform/telemetry.ts';
import type { RenewableStore, SnapshotStore } from './snapshot-store.ts';
import { createSnapshots } from './snapshots.ts';

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
  const attempts = { ...shared, random, budget: createRetryBudget(clock), calls, send };

  const { secretArn } = config;
  const credentials = options.credentials ?? createCredentialsStore({ ...shared, secretArn });
  const tokens = createTokenSource({
    ...shared,
    endpoint: config,
    credentials,
    shelf: table && createTokenShelf(table, keys.token, clock),
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

  const snapshots = createSnapshots({
    ...shared,
    config,
    table,
    keys,
    forecast: calls && ((count) => calls.forecast(count)),
    fetchAccounts: (deadline, { onCalls }) =>
      walkPages(fetchPage, deadline, telemetry, { onPages: (pages) => onCalls(pages + 1) }),
  });

  return {
    snapshots,
    renew: (deadline) => snapshots.renew(deadline),
    async warmUp() {
      const deadline = createDeadline(WARM_UP_MS, clock);
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
