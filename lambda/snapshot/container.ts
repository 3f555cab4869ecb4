import { createCallBudget } from '../egain/call-budget.ts';
import { createClient } from '../egain/client.ts';
import { type CredentialsStore, createCredentialsStore } from '../egain/credentials.ts';
import { createUpstream } from '../egain/send.ts';
import { createTokenProvider } from '../egain/token.ts';
import { walkPages } from '../egain/walk.ts';
import { readServiceConfig, type ServiceConfig } from '../platform/config.ts';
import { type Clock, createDeadline, systemClock } from '../platform/deadline.ts';
import type { Send } from '../platform/http-client.ts';
import { log } from '../platform/log.ts';
import { createDynamoTable, guardTable, sharedKeys, type Table } from '../platform/table.ts';
import { createSnapshots } from './snapshots.ts';

/**
 * Makes the service while init's processor time is free of charge. On demand, the first event comes
 * at once and joins what is being read. With provisioned concurrency it may come hours later and the
 * container is frozen until then, so init waits for what is being read.
 *
 * @returns `service` throws Fault `500-902`, every time, where a setting is wrong; `ready` settles
 *   when init may end, and never rejects
 */
export function createContainer(): {
  readonly service: () => Service;
  readonly ready: Promise<void>;
} {
  try {
    const config = readServiceConfig();
    const service = createService(config);
    const warm = service.warmUp();
    return { service: () => service, ready: config.provisioned ? warm : Promise.resolve() };
  } catch (error) {
    const service = () => {
      throw error;
    };
    return { service, ready: Promise.resolve() };
  }
}

/** How long reading ahead may take: Lambda ends an init that takes 10 s. */
const INIT_MS = 9000;

/** What tests put in place of the real thing. */
interface ServiceOptions {
  readonly clock?: Clock;
  /** From 0 up to 1, for the jitter of retries. */
  readonly random?: () => number;
  readonly table?: Table;
  /** In place of Secrets Manager. */
  readonly credentials?: CredentialsStore;
  /** In place of the network between here and eGain. */
  readonly send?: Send;
}

/** The accounts, as one container serves them. */
export type Service = ReturnType<typeof createService>;

/** Wires everything between a request for accounts and eGain. */
export function createService(config: ServiceConfig, options: ServiceOptions = {}) {
  const { clock = systemClock, random = Math.random, send } = options;
  const table = guardTable(options.table ?? createDynamoTable(config.sharedTableName), clock);
  const keys = sharedKeys(config);
  const { callsPerMinute, secretArn } = config;
  const calls =
    callsPerMinute === undefined
      ? undefined
      : createCallBudget({ callsPerMinute, table, key: keys.calls, clock });
  const upstream = { random, calls, send };

  const credentials = options.credentials ?? createCredentialsStore(secretArn, clock);
  const tokens = createTokenProvider({
    endpoint: config,
    credentials,
    table,
    key: keys.token,
    clock,
    upstream: createUpstream('token', upstream),
  });
  const fetchPage = createClient({
    apiUrl: config.apiUrl,
    tokens,
    upstream: createUpstream('accounts', upstream),
  });
  const snapshots = createSnapshots({
    config,
    table,
    keys,
    clock,
    fetchAccounts: (deadline) => walkPages(fetchPage, deadline, calls),
  });

  return {
    snapshots,
    /**
     * Reads what the containers share, and the secret where a page walk will need a new token. Asks
     * eGain for nothing. Never rejects: the first request meets the same failure and tells its caller.
     */
    async warmUp(): Promise<void> {
      // A second is kept back, as of every deadline.
      const deadline = createDeadline(INIT_MS, { clock });
      try {
        if (!(await snapshots.warmUp())) await tokens.warmUp(deadline);
      } catch {
        log.info('Nothing could be read ahead of the first request');
      } finally {
        deadline.dispose();
      }
    },
  };
}
