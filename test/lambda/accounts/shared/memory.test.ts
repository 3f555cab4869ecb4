import { beforeEach, describe, expect, test } from 'vitest';
import { type GuardedTable, guardTable, sharedKeys } from '../../../../lambda/platform/table.ts';
import { writeParts, writeSnapshot } from '../../../../lambda/snapshot/content.ts';
import type { Content, Current } from '../../../../lambda/snapshot/shared-state.ts';
import { createBoard, type Seen } from '../../../../lambda/snapshot/shared-state.ts';
import { createMemory, type Memory } from '../../../../lambda/snapshot/snapshots.ts';
import { account } from '../../../support/accounts.ts';
import { createManualClock, type ManualClock } from '../../../support/manual-clock.ts';
import { createMemoryTable, type MemoryTable } from '../../../support/memory-table.ts';
import { type RecordedTelemetry, recordTelemetry } from '../../../support/recorded-telemetry.ts';

const KEYS = sharedKeys({ apiUrl: 'api', tokenUrl: 'token', scope: 'scope', secretArn: 'secret' });
const STALE_MS = 600_000;
/** How far the clocks of two containers may be apart. */
const SKEW_MS = 5000;
const WALK_MS = 2000;

let clock: ManualClock;
let bare: MemoryTable;
let table: GuardedTable;
let telemetry: RecordedTelemetry;
let memory: Memory;
let version: number;

beforeEach(() => {
  clock = createManualClock();
  bare = createMemoryTable();
  telemetry = recordTelemetry();
  table = guardTable(bare, clock, telemetry);
  version = 0;
  const board = createBoard(table, KEYS.current, clock);
  memory = createMemory({ board, table, keys: KEYS, staleMs: STALE_MS, clock, telemetry });
});

const named = (name: string) => writeSnapshot([account({ name })]);

/** Puts on the board what another container has walked. */
async function put(
  revision: number,
  name: string,
  { failure, ...content }: Partial<Content> & Pick<Current, 'failure'> = {},
): Promise<void> {
  const written = named(name);
  const parts = await writeParts(written, 0, table, KEYS);
  version += 1;
  const now = clock.now();
  const current: Current = {
    revision,
    calls: 2,
    failure,
    content: {
      hash: written.snapshot.hash,
      parts,
      writtenAt: now,
      fetchedAt: now - WALK_MS,
      walkMs: WALK_MS,
      by: 'another',
      ...content,
    },
  };
  bare.items.set(KEYS.current, { version, body: JSON.stringify(current), expiresAt: 0 });
}

/** Takes all parts away, until they are restored. */
function loseParts(): () => void {
  const parts = [...bare.bytes];
  bare.bytes.clear();
  return () => {
    for (const [key, bytes] of parts) bare.bytes.set(key, bytes);
  };
}

const nameKept = () => memory.kept?.snapshot.accounts[0]?.name;
const walkedAt = (fetchedAt: number, committed?: number, base = 0) =>
  memory.keep({ written: named('own'), fetchedAt, base, revision: committed });
const seenOf = (revision: number, shared: boolean): Seen => ({
  current: { revision, calls: 2 },
  version: 1,
  shared,
});
const REFUSED: Current['failure'] = {
  fault: 'egainCredentialsRefused',
  code: '502-901',
  shutOut: true,
  count: 1,
  until: 0,
};

describe('what is on the board', () => {
  test('is kept, with when its walk began', async () => {
    await put(1, 'a');

    await memory.look();

    expect(nameKept()).toBe('a');
    expect(memory.kept?.fetchedAt).toBe(clock.now() - WALK_MS);
    expect(memory.kept?.notBefore).toBe(clock.now() - WALK_MS - SKEW_MS);
    expect(telemetry.lines).toEqual([]);
    expect(memory.doubted).toBeUndefined();
  });

  test('is doubted where its parts cannot be read, and the operator hears which', async () => {
    await put(1, 'a', { hash: 'of something else' });

    await memory.look();

    expect(memory.kept).toBeUndefined();
    expect(memory.doubted).toBe('of something else');
    expect(telemetry.lines).toMatchObject([
      { level: 'warn', fields: { hash: 'of something else' } },
    ]);
  });

  test('that could not be read at first is dated by when an older one was last seen there', async () => {
    await put(1, 'a');
    await memory.look();
    const lastSeen = clock.now();
    clock.advance(1000);
    await put(2, 'b');
    const restore = loseParts();
    await memory.look();
    clock.advance(1000);
    restore();

    await memory.look();

    expect(nameKept()).toBe('b');
    expect(memory.kept?.notBefore).toBe(lastSeen - WALK_MS);
  });

  test('is not doubted where the table is away before they are read', async () => {
    await put(1, 'a');
    bare.readBytes = () => Promise.reject(new Error('away'));

    await memory.look();

    expect(memory.kept).toBeUndefined();
    expect(memory.doubted).toBeUndefined();
  });

  test('began before it was read here, whatever the clock of who walked it', async () => {
    await put(1, 'a', { fetchedAt: clock.now() + 4000 });

    await memory.look();

    expect(memory.kept?.fetchedAt).toBe(clock.now() - WALK_MS);
  });

  test('was committed after the one before it was still to be seen', async () => {
    await put(1, 'a');
    await memory.look();
    clock.advance(30_000);
    await memory.look();
    const seenAt = clock.now();
    clock.advance(60_000);
    await put(2, 'b', { fetchedAt: seenAt - 20_000 });

    await memory.look();

    expect(nameKept()).toBe('b');
    expect(memory.kept?.fetchedAt).toBe(seenAt - WALK_MS);
    expect(memory.kept?.notBefore).toBe(seenAt - WALK_MS);
  });

  test.each([
    [0, 'a'],
    [1, undefined],
  ])('is read where it may be as old as a snapshot that stands in, and %i ms', async (ms, kept) => {
    await put(1, 'a', { fetchedAt: clock.now() - STALE_MS + SKEW_MS - ms, walkMs: 0 });

    await memory.look();

    expect(nameKept()).toBe(kept);
  });

  test('is given up once eGain has refused, and does not come back by another failure', async () => {
    await put(5, 'a', { failure: REFUSED });
    await memory.look();
    await put(5, 'a', { failure: { ...REFUSED, shutOut: false } });

    await memory.look();

    expect(memory.kept).toBeUndefined();
  });
});

describe('what a container has walked itself', () => {
  test('and committed gives way to the next commit, however soon that came', async () => {
    walkedAt(clock.now(), 1);
    clock.advance(1000);
    await put(2, 'b', { fetchedAt: clock.now(), walkMs: 0 });

    await memory.look();

    expect(nameKept()).toBe('b');
  });

  test.each([
    [SKEW_MS, 'own'],
    [SKEW_MS + 1, 'b'],
  ])('alone gives way to what was evidently fetched later: %i ms', async (later, kept) => {
    const began = clock.now();
    walkedAt(began);
    clock.advance(20_000);
    await put(2, 'b', { fetchedAt: began + later, walkMs: 0 });

    await memory.look();

    expect(nameKept()).toBe(kept);
  });

  test.each([
    [SKEW_MS - 1, 'b'],
    [SKEW_MS, 'own'],
  ])(
    'is kept where it evidently began later than what was read meanwhile: %i ms',
    async (later, kept) => {
      const began = clock.now();
      clock.advance(20_000);
      await put(2, 'b', { fetchedAt: began, walkMs: 0 });
      await memory.look();

      walkedAt(began + later);

      expect(nameKept()).toBe(kept);
    },
  );

  test('is kept where what was read was there before it began', async () => {
    await put(2, 'b');
    await memory.look();

    walkedAt(clock.now() - 1, undefined, 2);

    expect(nameKept()).toBe('own');
  });

  test('is the same object where it is the same content', () => {
    const { snapshot } = walkedAt(clock.now(), 1);

    expect(walkedAt(clock.now(), 2, 1).snapshot).toBe(snapshot);
  });
});

describe('what is forgotten', () => {
  test('is not read again from the board', async () => {
    await put(5, 'a');
    const seen = await memory.look();

    memory.forget(seen);
    await memory.look();

    expect(memory.kept).toBeUndefined();
  });

  test.each([
    [SKEW_MS, undefined],
    [SKEW_MS + 1, 'b'],
  ])('alone comes back by what was evidently fetched later: %i ms', async (later, kept) => {
    walkedAt(clock.now(), 1);
    const forgottenAt = clock.now();
    memory.forget(seenOf(0, false));
    clock.advance(20_000);
    await put(2, 'b', { fetchedAt: forgottenAt + later, walkMs: 0 });

    await memory.look();

    expect(nameKept()).toBe(kept);
  });

  test('is not read again, nor what could not be read before', async () => {
    await put(1, 'a');
    await memory.look();
    await put(5, 'b');
    const restore = loseParts();
    const seen = await memory.look();
    restore();

    memory.forget(seen);
    await memory.look();

    expect(memory.kept).toBeUndefined();
  });

  test('does not make an older revision newer', async () => {
    await put(5, 'a');
    await memory.look();

    memory.forget(seenOf(3, true));
    await memory.look();

    expect(memory.kept).toBeUndefined();
  });
});
