import { beforeEach, describe, expect, test } from 'vitest';
import type { Table } from '../../../../lambda/platform/table.ts';
import { guardTable } from '../../../../lambda/platform/table.ts';
import type { Current } from '../../../../lambda/snapshot/shared-state.ts';
import {
  type Board,
  createBoard,
  type HeldLease,
  type Seen,
  takeLease,
} from '../../../../lambda/snapshot/shared-state.ts';
import { createManualClock, type ManualClock } from '../../../support/manual-clock.ts';
import { createMemoryTable, type MemoryTable } from '../../../support/memory-table.ts';
import { recordTelemetry } from '../../../support/recorded-telemetry.ts';

const KEY = 'current';
const START = Date.UTC(2026, 0, 1);

let clock: ManualClock;
let memory: MemoryTable;
let table: Table;
let lost: number;

beforeEach(() => {
  clock = createManualClock(START);
  memory = createMemoryTable();
  table = { ...memory };
  lost = 0;
});

function boardOf(seen: Table | undefined = table): Board {
  return createBoard(seen && guardTable(seen, clock, recordTelemetry()), KEY, clock);
}

const item = (): Partial<Current> => JSON.parse(memory.items.get(KEY)?.body ?? '{}') as Current;

/** Lets everything happen that needs no time. */
const soon = () => new Promise(setImmediate);

async function passSeconds(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    clock.advance(1000);
    await soon();
  }
}

async function take(owner: string, board = boardOf()): Promise<HeldLease | undefined> {
  return takeLease(board, await board.read(), owner, clock, () => {
    lost += 1;
  });
}

/** One that is taken, of which a test is about what comes after. */
async function taken(owner = 'one', board = boardOf()): Promise<HeldLease> {
  const lease = await take(owner, board);
  if (lease === undefined) throw new Error('the lease is there to be taken');
  return lease;
}

/** Another container's write, whatever it was to see before. */
function overwrite(current: Partial<Current>): void {
  const version = (memory.items.get(KEY)?.version ?? 0) + 1;
  const body = JSON.stringify({ revision: 0, calls: 0, ...current });
  memory.items.set(KEY, { version, body, expiresAt: 0 });
}

const CONTENT = { hash: 'h', parts: 1, writtenAt: 0, fetchedAt: 0, walkMs: 0, by: 'one' };
const more = (current: Current): Current => ({ ...current, calls: current.calls + 5 });

describe('a lease', () => {
  test('stands on the board with its end, and is had by one', async () => {
    const containers: [Board, Seen][] = [];
    for (const board of [boardOf(), boardOf()]) containers.push([board, await board.read()]);

    const leases = await Promise.all(
      containers.map(([board, seen], at) =>
        takeLease(board, seen, `owner-${at}`, clock, () => undefined),
      ),
    );

    expect(leases.map((lease) => lease?.owner)).toEqual(['owner-0', undefined]);
    expect(leases[0]).toMatchObject({ shared: true, current: item() });
    expect(item()).toMatchObject({ lease: { owner: 'owner-0', until: START + 10_000 } });
  });

  test('is extended every three seconds for as long as the walk takes', async () => {
    await taken();

    await passSeconds(2);
    expect(item().lease?.until).toBe(START + 10_000);
    await passSeconds(1);
    expect(item().lease?.until).toBe(START + 13_000);
    await passSeconds(30);

    expect(item().lease).toEqual({ owner: 'one', until: START + 43_000 });
    expect(lost).toBe(0);
  });

  test('is given back with what came of it, and not extended any more', async () => {
    const lease = await taken();
    await passSeconds(4);

    await expect(lease.settle(more)).resolves.toBe('shared');
    expect(item()).toEqual({ revision: 0, calls: 5 });
    expect(clock.waiting).toBe(0);
    await passSeconds(7);

    expect(item()).toEqual({ revision: 0, calls: 5 });
  });

  test('is not extended after it was given back under way', async () => {
    const slow = Promise.withResolvers<void>();
    const lease = await taken();
    table.replace = async (...all) => {
      await slow.promise;
      return memory.replace(...all);
    };
    clock.advance(3000);

    const settled = lease.settle(more);
    await soon();
    slow.resolve();

    await expect(settled).resolves.toBe('shared');
    expect(item()).toEqual({ revision: 0, calls: 5 });
    expect(clock.waiting).toBe(0);
  });
});

describe('a lease that another has taken over', () => {
  const theirs = { calls: 9, lease: { owner: 'two', until: START + 60_000 } };

  test('is lost as soon as it is to be extended, once', async () => {
    await taken();
    overwrite(theirs);

    await passSeconds(30);

    expect(lost).toBe(1);
    expect(item()).toMatchObject(theirs);
  });

  test('leaves the board to the other', async () => {
    const lease = await taken();
    overwrite(theirs);

    await expect(lease.settle(more)).resolves.toBe('lost');

    expect(item()).toMatchObject(theirs);
  });

  test('is lost also where nobody holds it any more', async () => {
    const lease = await taken();
    overwrite({ calls: 9 });

    await expect(lease.settle(more)).resolves.toBe('lost');

    expect(item()).toMatchObject({ calls: 9 });
  });
});

describe('a write whose answer was lost', () => {
  test('counts where the content is this lease’s already', async () => {
    const lease = await taken();
    overwrite({ content: CONTENT });

    await expect(lease.settle(more)).resolves.toBe('shared');

    expect(item()).toMatchObject({ calls: 0 });
  });

  test('is made again upon what is there, where the lease stands', async () => {
    const lease = await taken();
    overwrite({ calls: 2, lease: { owner: 'one', until: START } });

    await expect(lease.settle(more)).resolves.toBe('shared');

    expect(item()).toEqual({ revision: 0, calls: 7 });
  });

  test('is tried three times', async () => {
    const lease = await taken();
    let tries = 0;
    table.replace = async () => {
      tries += 1;
      return false;
    };

    await expect(lease.settle(more)).resolves.toBe('lost');

    expect(tries).toBe(3);
  });
});

const broken = async (): Promise<never> => {
  throw new Error('away');
};

describe('a container alone', () => {
  test('has the lease for itself, and nothing to extend', async () => {
    const lease = await taken('one', createBoard(undefined, KEY, clock));

    expect(lease.shared).toBe(false);
    expect(clock.waiting).toBe(0);
    await expect(lease.settle(more)).resolves.toBe('alone');
  });

  test('goes on by itself once the table fails', async () => {
    const lease = await taken();
    table.replace = broken;

    await expect(lease.settle(more)).resolves.toBe('alone');
  });

  test('goes on by itself where the table fails after a conflict', async () => {
    const lease = await taken();
    table.replace = async () => false;
    table.read = broken;

    await expect(lease.settle(more)).resolves.toBe('alone');
  });

  test('keeps the lease alive through a failure of the table', async () => {
    await taken();
    table.replace = broken;
    await passSeconds(3);
    Object.assign(table, memory);
    await passSeconds(12);

    expect(lost).toBe(0);
  });
});
