import { beforeEach } from 'vitest';
import type { Account } from '../../lambda/egain/account.ts';
import { Fault } from '../../lambda/faults.ts';
import { createDeadline, type Deadline } from '../../lambda/platform/deadline.ts';
import { guardTable, sharedKeys, type Table } from '../../lambda/platform/table.ts';
import { writeParts, writeSnapshot } from '../../lambda/snapshot/content.ts';
import type { State } from '../../lambda/snapshot/shared-state.ts';
import {
  createSnapshots,
  type SnapshotAnswer,
  type SnapshotOptions,
  type Snapshots,
  type SnapshotsOptions,
} from '../../lambda/snapshot/snapshots.ts';
import { account } from './accounts.ts';
import { createManualClock } from './manual-clock.ts';
import { createMemoryTable } from './memory-table.ts';
import { captureLog } from './telemetry.ts';

const KEYS = sharedKeys({ apiUrl: 'api', tokenUrl: 'token', scope: 'scope', secretArn: 'secret' });
const CONFIG = { freshSeconds: 30, staleSeconds: 600, refreshSeconds: undefined };
export const FAILURE = new Fault('egainUnavailable', { reason: 'it is away' });
/** How a task asks. */
export const TASK = { stale: false };
/** By how much the clocks of two containers may differ. */
export const SKEW_MS = 5000;
export const STATE_KEY = KEYS.state;

type Walk = (deadline: Deadline) => Promise<readonly Account[]>;

function start() {
  return {
    lines: captureLog(),
    clock: createManualClock(),
    table: createMemoryTable(),
    /** How many page walks have begun. */
    walks: 0,
    /** What a page walk brings; one account, unless a test says otherwise. */
    walk: named('account') as Walk,
  };
}

/** What the containers of one test share. */
export const shared = {} as ReturnType<typeof start>;

/** Each test of the file begins with an empty table and no log. */
export function beginAnew(): void {
  beforeEach(() => void Object.assign(shared, start()));
}

export interface Container {
  readonly store: Snapshots;
  readonly ask: (options?: SnapshotOptions) => Promise<SnapshotAnswer>;
}

/** @param aheadMs how far its clock is ahead */
export function container(config: SnapshotsOptions['config'] = CONFIG, aheadMs = 0): Container {
  const { table } = shared;
  const clock = { ...shared.clock, now: () => shared.clock.now() + aheadMs };
  const store = createSnapshots({
    config,
    table: guardTable(table, clock),
    keys: KEYS,
    clock,
    fetchAccounts: (deadline) => {
      shared.walks += 1;
      return shared.walk(deadline);
    },
  });
  return { store, ask: (how) => store.get(createDeadline(26_000, { clock }), how) };
}

/** Containers that all have the snapshot, so many milliseconds old. */
export async function warm(count: number, ageMs: number): Promise<Container[]> {
  const all = Array.from({ length: count }, () => container());
  for (const { ask } of all) await ask();
  shared.clock.advance(ageMs);
  return all;
}

/** A container whose clock is wrong. */
export const ahead = (aheadMs: number) => container(CONFIG, aheadMs);
/** A container whose snapshot a schedule renews. */
export const scheduled = () => container({ ...CONFIG, refreshSeconds: 60 });
export const quarterOfAnHour = () =>
  createDeadline(900_000, { longestMs: 900_000, clock: shared.clock });
export const failWith = (error: unknown) => async () => {
  throw error;
};
export function named(name: string) {
  return async () => [account({ name })];
}
export const nameIn = async (answer: Promise<SnapshotAnswer>) =>
  (await answer).snapshot.accounts[0]?.name;

export const state = () => JSON.parse(shared.table.items.get(STATE_KEY)?.body ?? '{}') as State;

/** As another container writes the shared state, whatever it saw before, by a clock that is ahead. */
export function overwrite(next: State, aheadMs = 0): void {
  const version = (shared.table.items.get(STATE_KEY)?.version ?? 0) + 1;
  const writtenAt = shared.clock.now() + aheadMs;
  const item = { version, body: JSON.stringify(next), writtenAt, expiresAt: 0 };
  shared.table.items.set(STATE_KEY, item);
}

/** As another container renews the snapshot: with a clock that says it began then. */
export async function put(name: string, fetchedAt = shared.clock.now()): Promise<void> {
  const written = writeSnapshot([account({ name })]);
  const parts = await writeParts(written, 0, guardTable(shared.table, shared.clock), KEYS);
  const { hash } = written;
  overwrite({ content: { hash, parts, writtenAt: fetchedAt, fetchedAt } });
}

/** Lets everything happen that needs no time. */
export const soon = () => new Promise(setImmediate);

/** Lets time pass as it does, so that what waits goes on. */
export async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 5) {
    shared.clock.advance(Math.min(5, ms - passed));
    await soon();
  }
}

/** From now on a page walk takes until it is ended. */
export function holdWalks() {
  const { promise, resolve, reject } = Promise.withResolvers<Account[]>();
  promise.catch(() => undefined);
  shared.walk = ({ signal }) =>
    Promise.race([
      promise,
      new Promise<never>((_, stop) => {
        signal.addEventListener('abort', () => stop(signal.reason));
      }),
    ]);
  return { end: () => resolve([account()]), fail: reject };
}

/** From now on verbs of the table do something else; the function it returns ends that. */
export function change(instead: (well: Table) => Partial<Table>): () => void {
  const { table } = shared;
  const well = { ...table };
  Object.assign(table, instead(well));
  return () => Object.assign(table, well);
}

/** The next writes of items are done, and their answers are lost. */
export function loseAnswers(writes: number): void {
  let left = writes;
  change((well) => ({
    async replace(...call) {
      const isWritten = await well.replace(...call);
      if (isWritten) left -= 1;
      if (isWritten && left >= 0) throw new Error('ECONNRESET');
      return isWritten;
    },
  }));
}

/** From now on the table fails. */
export function breakTable(...verbs: (keyof Table)[]): () => void {
  const broken = failWith(new Error('away'));
  return change(() => Object.fromEntries(verbs.map((verb) => [verb, broken])));
}
