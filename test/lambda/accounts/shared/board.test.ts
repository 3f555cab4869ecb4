import { beforeEach, describe, expect, test } from 'vitest';
import type { Table } from '../../../../lambda/platform/table.ts';
import { guardTable } from '../../../../lambda/platform/table.ts';
import {
  type Board,
  type Current,
  createBoard,
  NOTHING,
} from '../../../../lambda/snapshot/shared-state.ts';
import { createManualClock, type ManualClock } from '../../../support/manual-clock.ts';
import { createMemoryTable, type MemoryTable } from '../../../support/memory-table.ts';
import { recordTelemetry } from '../../../support/recorded-telemetry.ts';

const KEY = 'current';
const START = Date.UTC(2026, 0, 1);
const CURRENT: Current = { revision: 3, calls: 2 };

let clock: ManualClock;
let memory: MemoryTable;
let table: Table;

beforeEach(() => {
  clock = createManualClock(START);
  memory = createMemoryTable();
  table = { ...memory };
});

const boardOf = (): Board => createBoard(guardTable(table, clock, recordTelemetry()), KEY, clock);
const put = (version: number, body: string) =>
  memory.items.set(KEY, { version, body, expiresAt: 0 });
const breakDown = (...verbs: ('read' | 'replace')[]) => {
  for (const verb of verbs) {
    table[verb] = async () => {
      throw new Error('away');
    };
  }
};

describe('the board', () => {
  test('is empty where nothing was written, and shared', async () => {
    const seen = await boardOf().read();

    expect(seen).toEqual({ current: NOTHING, version: undefined, shared: true });
  });

  test('says what was written, under the version that it has', async () => {
    const board = boardOf();

    const written = await board.replace(await board.read(), CURRENT);

    expect(written).toEqual({ current: CURRENT, version: START, shared: true });
    expect(await boardOf().read()).toEqual(written);
    expect(memory.items.get(KEY)?.expiresAt).toBe(START + 30 * 24 * 3_600_000);
  });

  test.each([
    [7, START],
    [START, START + 1],
    [START + 9, START + 10],
  ])('takes a version that never was: after %i', async (before, version) => {
    put(before, JSON.stringify(CURRENT));
    const board = boardOf();

    expect(await board.replace(await board.read(), CURRENT)).toMatchObject({ version });
  });

  test('takes nothing from who has not seen what is there', async () => {
    const [one, other] = [boardOf(), boardOf()];
    const seen = await one.read();
    await other.replace(await other.read(), CURRENT);

    expect(await one.replace(seen, { revision: 9, calls: 9 })).toBeUndefined();

    expect((await one.read()).current).toEqual(CURRENT);
  });

  test.each(['nonsense', 'null', '{}', '{"revision":"3","calls":2}', ''])(
    'is empty where it holds what cannot be read, and is written over: %s',
    async (body) => {
      put(5, body);
      const board = boardOf();

      const seen = await board.read();
      expect(seen).toEqual({ current: NOTHING, version: 5, shared: true });
      expect(await board.replace(seen, CURRENT)).toMatchObject({ shared: true });
    },
  );
});

describe('a container whose table is away', () => {
  test('goes on with what it saw last, as its own', async () => {
    put(5, JSON.stringify(CURRENT));
    const board = boardOf();
    await board.read();
    breakDown('read');

    expect(await board.read()).toEqual({ current: CURRENT, version: 5, shared: false });
  });

  test('goes on with what it wrote last, as its own', async () => {
    const board = boardOf();
    await board.replace(await board.read(), CURRENT);
    breakDown('read');

    expect(await board.read()).toEqual({ current: CURRENT, version: START, shared: false });
  });

  test('writes for itself', async () => {
    const board = boardOf();
    const seen = await board.read();
    breakDown('read', 'replace');

    const alone = { current: CURRENT, version: undefined, shared: false };
    expect(await board.replace(seen, CURRENT)).toEqual(alone);
    expect(await board.read()).toEqual(alone);
    expect(memory.items.size).toBe(0);
  });

  test('writes nothing into the table upon what it has seen alone', async () => {
    breakDown('read');
    const board = boardOf();
    const seen = await board.read();
    clock.advance(10_000);

    expect(await board.replace(seen, CURRENT)).toMatchObject({ shared: false });

    expect(memory.items.size).toBe(0);
  });

  test('tries it all the same when it insists', async () => {
    const board = boardOf();
    const seen = await board.read();
    breakDown('read');
    await board.read();

    expect(await board.replace(seen, CURRENT)).toMatchObject({ shared: false });
    expect(await board.replace(seen, CURRENT, true)).toMatchObject({ shared: true });
  });
});

test('a container without a table has a board of its own', async () => {
  const board = createBoard(undefined, KEY, clock);

  const seen = await board.read();
  expect(seen).toEqual({ current: NOTHING, version: undefined, shared: false });
  await board.replace(seen, CURRENT);

  expect(await board.read()).toEqual({ current: CURRENT, version: undefined, shared: false });
});
