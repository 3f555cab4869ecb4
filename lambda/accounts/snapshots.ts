import { randomUUID } from 'node:crypto';
import type { Account } from '../egain/account.ts';
import type { Clock } from '../platform/clock.ts';
import type { ServiceConfig } from '../platform/config.ts';
import type { Deadline } from '../platform/deadline.ts';
import type { GuardedTable } from '../platform/table/guarded-table.ts';
import type { SharedKeys } from '../platform/table/shared-keys.ts';
import type { Telemetry } from '../platform/telemetry.ts';
import { createBoard } from './shared/board.ts';
import { createMemory } from './shared/memory.ts';
import { createWalker, type WalkOptions } from './shared/walker.ts';
import { createSnapshotStore, type RenewableStore, type WalkForecast } from './snapshot-store.ts';

export interface SnapshotsOptions {
  /** Fetches all accounts, or throws a Fault. */
  readonly fetchAccounts: (deadline: Deadline, walk: WalkOptions) => Promise<readonly Account[]>;
  readonly config: Pick<ServiceConfig, 'freshSeconds' | 'staleSeconds' | 'refreshSeconds'>;
  /** What the containers share by; without it this one is alone. */
  readonly table: GuardedTable | undefined;
  readonly keys: SharedKeys;
  readonly forecast?: WalkForecast | undefined;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Tells this container's leases from all others. */
  readonly containerId?: string;
}

/** The snapshot of one container: in memory, over a table that all containers share. */
export function createSnapshots(options: SnapshotsOptions): RenewableStore {
  const { config, table, keys, clock, telemetry, containerId = randomUUID() } = options;
  const staleMs = config.staleSeconds * 1000;
  const common = { table, keys, staleMs, clock, telemetry };
  const board = createBoard(table, keys.current, clock);
  let leases = 0;
  const nextOwner = () => {
    leases += 1;
    return `${containerId}/${leases}`;
  };
  return createSnapshotStore({
    ...config,
    memory: createMemory({ ...common, board }),
    walk: createWalker({ ...common, board, nextOwner, fetchAccounts: options.fetchAccounts }),
    forecast: options.forecast,
    clock,
    telemetry,
  });
}
