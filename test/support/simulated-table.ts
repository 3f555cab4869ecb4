import type { Table } from '../../lambda/platform/table.ts';
import { createMemoryTable } from './memory-table.ts';
import type { SimulatedProcess, SimulatedTime } from './simulated-time.ts';

export type TableFault = 'lags' | 'slow' | 'away' | 'answer lost';

export interface SimulatedTableOptions {
  readonly time: SimulatedTime;
  /** Milliseconds from the beginning, for the notes. */
  readonly since: () => number;
  /** The key of the board. */
  readonly boardKey: string;
  /** What is wrong with the table at this moment. */
  readonly fault: () => TableFault | undefined;
}

/** The table that all containers share, and what was written on the board. */
export interface SimulatedTable {
  /** The table as a process reaches it. */
  connect(process: SimulatedProcess): Table;
  /** The revisions that were committed, and when, in their order. */
  readonly commits: readonly { readonly revision: number; readonly at: number }[];
  /** When the board was told of a walk that eGain refused. */
  readonly refusals: readonly number[];
}

/** How long half of a call takes: long, or longer than anybody waits. */
const HALF_MS: Readonly<Record<string, number>> = { lags: 50, slow: 200 };

/** A table whose answers take time, or get lost: what it does, it does all the same. */
export function createSimulatedTable(options: SimulatedTableOptions): SimulatedTable {
  const { time, since, boardKey, fault } = options;
  const items = createMemoryTable();
  const commits: { revision: number; at: number }[] = [];
  const refusals: number[] = [];

  const noteBoard = () => {
    const { revision = 0, failure } = JSON.parse(items.items.get(boardKey)?.body ?? '{}') as {
      revision?: number;
      failure?: { shutOut?: boolean };
    };
    if (revision !== (commits.at(-1)?.revision ?? 0)) commits.push({ revision, at: since() });
    if (failure?.shutOut === true && refusals.at(-1) !== since()) refusals.push(since());
  };

  return {
    commits,
    refusals,
    connect({ clock }) {
      const call = <T>(work: () => Promise<T>): Promise<T> =>
        new Promise((resolve, reject) => {
          const kind = fault();
          const halfMs = HALF_MS[kind ?? ''] ?? 3;
          time.after(halfMs, () => {
            const outcome =
              kind === 'away' ? Promise.reject(new Error('the table is away')) : work();
            outcome.catch(() => undefined);
            noteBoard();
            const lost = kind === 'answer lost';
            clock.after(halfMs, () => (lost ? reject(new Error('reset')) : resolve(outcome)));
          });
        });
      const { signal } = new AbortController();
      return {
        read: (key) => call(() => items.read(key, signal)),
        replace: (key, item, seen) => call(() => items.replace(key, item, seen, signal)),
        readBytes: (keys) => call(() => items.readBytes(keys, signal)),
        writeBytes: (key, bytes, at) => call(() => items.writeBytes(key, bytes, at, signal)),
      };
    },
  };
}
