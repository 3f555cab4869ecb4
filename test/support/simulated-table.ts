import type { Table } from '../../lambda/platform/table.ts';
import type { State } from '../../lambda/snapshot/shared-state.ts';
import { createMemoryTable } from './memory-table.ts';
import type { SimulatedProcess, SimulatedTime } from './simulated-time.ts';

/** The last three are hiccups: one call in two seconds, of each container. */
export type TableFault =
  | 'lags'
  | 'slow'
  | 'away'
  | 'answer lost'
  | 'refuses one'
  | 'loses one answer'
  | 'is silent once';

export interface SimulatedTableOptions {
  readonly time: SimulatedTime;
  /** Milliseconds from the beginning, for the notes. */
  readonly since: () => number;
  /** The key of the shared state. */
  readonly stateKey: string;
  /** What is wrong with the table at this moment. */
  readonly fault: () => TableFault | undefined;
}

/** The table that all containers share, and what became of the shared state in it. */
export interface SimulatedTable {
  /** The table as a process reaches it. */
  connect(process: SimulatedProcess): Table;
  /** The snapshots that the state has named, by when they were fetched, and since when. */
  readonly commits: readonly {
    readonly fetchedAt: number;
    readonly hash: string;
    readonly at: number;
  }[];
  /** When the state was told of a page walk that eGain refused. */
  readonly refusals: readonly number[];
}

const HICCUPS: ReadonlySet<TableFault> = new Set([
  'refuses one',
  'loses one answer',
  'is silent once',
]);
/** How far apart hiccups are. */
const HICCUPS_MS = 2000;
/** How long half of a call takes: long, or longer than anybody waits. */
const HALF_MS: Readonly<Record<string, number>> = { lags: 50, slow: 200 };

/** A table whose answers take time, or get lost: what it does, it does all the same. */
export function createSimulatedTable(options: SimulatedTableOptions): SimulatedTable {
  const { time, since, stateKey, fault } = options;
  const items = createMemoryTable();
  const commits: { fetchedAt: number; hash: string; at: number }[] = [];
  const refusals: number[] = [];

  const noteState = () => {
    const { content, failure } = JSON.parse(items.items.get(stateKey)?.body ?? '{}') as State;
    const { fetchedAt = 0, hash = '' } = content ?? {};
    if (fetchedAt !== (commits.at(-1)?.fetchedAt ?? 0)) {
      commits.push({ fetchedAt, hash, at: since() });
    }
    if (failure?.shutOut === true && refusals.at(-1) !== since()) refusals.push(since());
  };

  return {
    commits,
    refusals,
    connect({ clock }) {
      let hiccupAt = Number.NEGATIVE_INFINITY;
      const current = (): TableFault | undefined => {
        const kind = fault();
        if (kind === undefined || !HICCUPS.has(kind)) return kind;
        if (since() < hiccupAt + HICCUPS_MS) return undefined;
        hiccupAt = since();
        return kind;
      };
      const call = <T>(work: () => Promise<T>): Promise<T> =>
        new Promise((resolve, reject) => {
          const kind = current();
          const halfMs = HALF_MS[kind ?? ''] ?? 3;
          time.after(halfMs, () => {
            const isRefused = kind === 'away' || kind === 'refuses one';
            const outcome = isRefused ? Promise.reject(new Error('the table is away')) : work();
            outcome.catch(() => undefined);
            noteState();
            if (kind === 'is silent once') return;
            const lost = kind === 'answer lost' || kind === 'loses one answer';
            clock.after(halfMs, () => (lost ? reject(new Error('reset')) : resolve(outcome)));
          });
        });
      return {
        read: (key) => call(() => items.read(key)),
        replace: (key, item, seen) => call(() => items.replace(key, item, seen)),
        readBytes: (keys) => call(() => items.readBytes(keys)),
        writeBytes: (key, bytes, at) => call(() => items.writeBytes(key, bytes, at)),
      };
    },
  };
}
