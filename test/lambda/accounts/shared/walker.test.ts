import { beforeEach, describe, expect, test } from 'vitest';
import { Fault } from '../../../../lambda/faults.ts';
import { createDeadline, type Deadline } from '../../../../lambda/platform/deadline.ts';
import { guardTable, sharedKeys } from '../../../../lambda/platform/table.ts';
import { writeSnapshot } from '../../../../lambda/snapshot/content.ts';
import type { Current } from '../../../../lambda/snapshot/shared-state.ts';
import { type Board, createBoard } from '../../../../lambda/snapshot/shared-state.ts';
import { createWalker, type WalkerOptions } from '../../../../lambda/snapshot/snapshots.ts';
import { account } from '../../../support/accounts.ts';
import { createManualClock, type ManualClock } from '../../../support/manual-clock.ts';
import { createMemoryTable, type MemoryTable } from '../../../support/memory-table.ts';
import { type RecordedTelemetry, recordTelemetry } from '../../../support/recorded-telemetry.ts';

const KEYS = sharedKeys({ apiUrl: 'api', tokenUrl: 'token', scope: 'scope', secretArn: 'secret' });
const START = Date.UTC(2026, 0, 31, 8);
const STALE_MS = 600_000;
const DAY_MS = 86_400_000;
const ACCOUNTS = [account()];
const { hash } = writeSnapshot(ACCOUNTS).snapshot;

let clock: ManualClock;
let bare: MemoryTable;
let telemetry: RecordedTelemetry;
let board: Board;
/** When the table drops each part that was written. */
let expiries: number[];
let fetchAccounts: WalkerOptions['fetchAccounts'];

beforeEach(() => {
  clock = createManualClock(START);
  bare = createMemoryTable();
  telemetry = recordTelemetry();
  expiries = [];
  bare.writeBytes = async (key, bytes, expiresAt) => {
    expiries.push(expiresAt);
    bare.bytes.set(key, bytes);
  };
  fetchAccounts = async (_deadline, { onCalls }) => {
    onCalls(2);
    clock.advance(3000);
    return ACCOUNTS;
  };
  board = createBoard(guardTable(bare, clock, telemetry), KEYS.current, clock);
});

/** One walk upon what the board says, or on a board without a table. */
async function walk(options: Partial<WalkerOptions> & { readonly doubted?: string } = {}) {
  const { doubted, ...others } = options;
  const common = { board, keys: KEYS, staleMs: STALE_MS, clock, telemetry };
  const walker = createWalker({
    ...common,
    table: guardTable(bare, clock, telemetry),
    nextOwner: () => 'this one',
    fetchAccounts: (...call) => fetchAccounts(...call),
    ...others,
  });
  return walker(
    await common.board.read(),
    createDeadline(60_000, { clock, longestMs: 60_000 }),
    false,
    doubted,
  );
}

const current = (): Current => JSON.parse(bare.items.get(KEYS.current)?.body ?? '{}') as Current;

function failWithBug(): never {
  throw new RangeError('a bug');
}

/** As another container that has found the lease's end past. */
function takeOver(): void {
  const item = bare.items.get(KEYS.current);
  const lease = { owner: 'another', until: clock.now() + 10_000 };
  const body = JSON.stringify({ ...current(), lease });
  bare.items.set(KEYS.current, { version: (item?.version ?? 0) + 1, body, expiresAt: 0 });
}

describe('a walk that succeeds', () => {
  test('is on the board: content, when it began, how long it took and how many calls', async () => {
    const walked = await walk();

    const revision = START + 3000;
    expect(walked).toMatchObject({ fetchedAt: START, base: 0, revision });
    expect(current()).toEqual({
      revision,
      calls: 2,
      content: {
        hash,
        parts: 1,
        writtenAt: START + 3000,
        fetchedAt: START,
        walkMs: 3000,
        by: 'this one',
      },
    });
    expect(telemetry.total('Renewals')).toBe(1);
    expect(telemetry.total('LeasesLost')).toBe(0);
  });

  test('has a revision above the one before, also where that is ahead of the time', async () => {
    const revision = START + DAY_MS;
    const body = JSON.stringify({ revision, calls: 2 });
    bare.items.set(KEYS.current, { version: 1, body, expiresAt: 0 });

    expect((await walk())?.revision).toBe(revision + 1);
  });

  test('writes parts that outlive every answer from them by three days', async () => {
    await walk();

    expect(expiries).toEqual([START + 3000 + 3 * DAY_MS + STALE_MS]);
  });

  test.each([
    ['within a day', DAY_MS - 6001, {}, 1],
    ['after a day', DAY_MS - 3000, {}, 2],
    ['where they cannot be read', 0, { doubted: hash }, 2],
  ])('writes them again %s: %i ms', async (_when, ms, options, times) => {
    await walk();
    clock.advance(ms);

    await walk(options);

    expect(expiries).toHaveLength(times);
  });

  test('is no failure any more', async () => {
    fetchAccounts = async () => {
      throw new Fault('egainUnavailable', { reason: 'away' });
    };
    await expect(walk()).rejects.toMatchObject({ code: '502-905' });
    expect(current().failure).toMatchObject({ code: '502-905' });
    fetchAccounts = async () => ACCOUNTS;

    await walk();

    expect(current().failure).toBeUndefined();
  });
});

describe('a walk that others cannot have', () => {
  test('without a table is the container’s own', async () => {
    const alone = createBoard(undefined, KEYS.current, clock);

    const walked = await walk({ board: alone, table: undefined });

    expect(walked).toMatchObject({ fetchedAt: START, revision: undefined });
    expect(walked?.written.snapshot.hash).toBe(hash);
    expect(telemetry.total('Renewals')).toBe(1);
  });

  test('because its parts cannot be written is the container’s own, and gives the lease back', async () => {
    bare.writeBytes = () => Promise.reject(new Error('away'));

    const walked = await walk();

    expect(walked).toMatchObject({ fetchedAt: START, revision: undefined });
    expect(current()).toEqual({ revision: 0, calls: 2 });
    expect(telemetry.total('Renewals')).toBe(1);
  });

  test('by a fault of the product’s own is not hidden', async () => {
    await expect(walk({ keys: { ...KEYS, part: failWithBug } })).rejects.toThrow('a bug');
  });

  test.each([
    ['with the parts written', false],
    ['with the table away for them', true],
  ])('since another has the lease by its end is written nowhere: %s', async (_how, away) => {
    if (away) bare.writeBytes = () => Promise.reject(new Error('away'));
    fetchAccounts = async () => {
      takeOver();
      return ACCOUNTS;
    };

    const walked = await walk();

    expect(walked).toMatchObject({ fetchedAt: START, revision: undefined });
    expect(current()).toMatchObject({ revision: 0, lease: { owner: 'another' } });
    expect(telemetry.total('LeasesLost')).toBe(1);
    expect(telemetry.total('Renewals')).toBe(0);
  });

  test('since another has the lease under way is called off', async () => {
    const begun = Promise.withResolvers<Deadline>();
    fetchAccounts = (deadline) => {
      begun.resolve(deadline);
      return new Promise((_resolve, reject) => {
        deadline.signal.addEventListener('abort', () => reject(deadline.signal.reason));
      });
    };
    const walking = walk();
    await begun.promise;
    takeOver();

    for (let seconds = 0; seconds < 4; seconds += 1) {
      clock.advance(1000);
      await new Promise(setImmediate);
    }

    await expect(walking).resolves.toBeUndefined();
    expect(telemetry.total('LeasesLost')).toBe(1);
    expect(telemetry.lines).toEqual([]);
  });
});

test.each([
  [1, 9],
  [11, 11],
])('a walk that fails after %i calls leaves %i as what one takes', async (made, known) => {
  const body = JSON.stringify({ revision: 1, calls: 9 });
  bare.items.set(KEYS.current, { version: 1, body, expiresAt: 0 });
  fetchAccounts = async (_deadline, { onCalls }) => {
    onCalls(made);
    throw new Fault('egainUnavailable', { reason: 'away' });
  };

  await expect(walk()).rejects.toMatchObject({ code: '502-905' });

  expect(current().calls).toBe(known);
});
