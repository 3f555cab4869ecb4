import type { RenewableStore, SnapshotAnswer } from '../../lambda/accounts/snapshot-store.ts';
import { createSnapshots } from '../../lambda/accounts/snapshots.ts';
import { createTokenShelf } from '../../lambda/egain/credentials/token-shelf.ts';
import { createTokenSource } from '../../lambda/egain/credentials/token-source.ts';
import { createCallBudget } from '../../lambda/egain/transport/call-budget.ts';
import { Fault } from '../../lambda/faults.ts';
import { createDeadline, type Deadline, pause } from '../../lambda/platform/deadline.ts';
import { guardTable } from '../../lambda/platform/table/guarded-table.ts';
import { sharedKeys } from '../../lambda/platform/table/shared-keys.ts';
import type { Table } from '../../lambda/platform/table/table.ts';
import { makeAccount } from './egain-world.ts';
import { createMemoryTable } from './memory-table.ts';
import { recordTelemetry } from './recorded-telemetry.ts';
import { createProcess, createSimulatedTime, type SimulatedProcess } from './simulated-time.ts';

export const FRESH_MS = 30_000;
export const STALE_MS = 120_000;
export const SKEW_MS = 5000;
const PAGES = 3;
const TOKEN_SECONDS = 90;

/** Something that is wrong for a while; times are milliseconds from the beginning. */
interface Spell<Kind> {
  readonly at: number;
  readonly ms: number;
  readonly kind: Kind;
}

export type TableFault = 'slow' | 'away' | 'answer lost';
export type EgainFault = 'down' | 'hangs' | 'throttles' | 'refuses';

/** What happens in a simulation. */
export interface Scenario {
  /** How far each container's clock is ahead. */
  readonly offsets: readonly number[];
  readonly requests: readonly { at: number; container: number; task: boolean }[];
  readonly tableFaults: readonly Spell<TableFault>[];
  readonly egainFaults: readonly Spell<EgainFault>[];
  /** When eGain's accounts change. */
  readonly changes: readonly number[];
  readonly kills: readonly { at: number; container: number }[];
  readonly freezes: readonly { at: number; container: number; ms: number }[];
  readonly pageMs: number;
  readonly callsPerMinute?: number | undefined;
  readonly endMs: number;
}

/** What a caller got, and when; times are milliseconds from the beginning. */
export interface Observed {
  readonly askedAt: number;
  readonly at: number;
  /** Of the process that answered, so that a new one in its place is another. */
  readonly process: number;
  readonly task: boolean;
  readonly answer: SnapshotAnswer | undefined;
  readonly error: unknown;
  /** Which of eGain's contents it was; undefined where it was none of them, or not whole. */
  readonly version: number | undefined;
}

export interface Outcome {
  readonly observed: readonly Observed[];
  /** When eGain was called, for pages and for tokens. */
  readonly pageCalls: readonly number[];
  readonly tokenCalls: readonly number[];
  /** The revisions that were committed, in their order. */
  readonly revisions: readonly number[];
  /** When a content was replaced by the next; Infinity for the last. */
  readonly supersededAt: (version: number) => number;
  /** When the table was told of a walk that eGain refused. */
  readonly refusals: readonly number[];
  /** When walks were committed. */
  readonly commits: readonly number[];
  /** Requests whose process lived and that got no answer. */
  readonly unanswered: number;
}

/** Runs the real store, token source and budget of several containers through a scenario. */
export async function simulate(scenario: Scenario): Promise<Outcome> {
  const time = createSimulatedTime();
  const start = time.now;
  const since = () => time.now - start;
  const shared = createMemoryTable();
  const keys = sharedKeys({ apiUrl: '', tokenUrl: '', scope: '', secretArn: '' });
  const observed: Observed[] = [];
  const pageCalls: number[] = [];
  const tokenCalls: number[] = [];
  const revisions: number[] = [];
  const commits: number[] = [];
  const refusals: number[] = [];
  let unanswered = 0;

  const during = <Kind>(spells: readonly Spell<Kind>[]) =>
    spells.find(({ at, ms }) => since() >= at && since() < at + ms)?.kind;
  const changes = scenario.changes.toSorted((a, b) => a - b);
  const versionNow = () => changes.filter((at) => at <= since()).length;

  /** Notes what the board says after each write of it. */
  const noteBoard = () => {
    const body = shared.items.get(keys.current)?.body ?? '{}';
    const { revision = 0, failure } = JSON.parse(body) as {
      revision?: number;
      failure?: { shutOut?: boolean };
    };
    if (revision !== (revisions.at(-1) ?? 0)) {
      revisions.push(revision);
      commits.push(since());
    }
    if (failure?.shutOut === true && !(refusals.at(-1) === since())) refusals.push(since());
  };

  /** The table as a process reaches it: what it does, it does whether or not the answer arrives. */
  const reach = ({ clock }: SimulatedProcess): Table => {
    const call = <T>(work: () => Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        const kind = during(scenario.tableFaults);
        const halfMs = kind === 'slow' ? 200 : 3;
        time.after(halfMs, () => {
          const outcome = kind === 'away' ? Promise.reject(new Error('the table is away')) : work();
          outcome.catch(() => undefined);
          noteBoard();
          const lost = kind === 'answer lost';
          clock.after(halfMs, () => (lost ? reject(new Error('reset')) : resolve(outcome)));
        });
      });
    const { signal } = new AbortController();
    return {
      read: (key) => call(() => shared.read(key, signal)),
      replace: (key, item, seen) => call(() => shared.replace(key, item, seen, signal)),
      readBytes: (names) => call(() => shared.readBytes(names, signal)),
      writeBytes: (key, bytes, at) => call(() => shared.writeBytes(key, bytes, at, signal)),
    };
  };

  const createStore = (process: SimulatedProcess, name: string): RenewableStore => {
    const { clock } = process;
    const telemetry = recordTelemetry();
    const table = guardTable(reach(process), clock, telemetry);
    const { callsPerMinute } = scenario;
    const budget =
      callsPerMinute === undefined
        ? undefined
        : createCallBudget({ callsPerMinute, table, key: keys.calls, clock, telemetry });
    const credentials = { clientId: 'client', clientSecret: 'secret', version: '1' };
    let granted = 0;
    const tokens = createTokenSource({
      clock,
      telemetry,
      endpoint: {
        tokenUrl: 'https://login.example.com/token',
        scope: 'scope',
        clientAuthentication: 'body',
      },
      credentials: { get: async () => credentials, reread: async () => credentials },
      shelf: createTokenShelf(table, keys.token, clock),
      upstream: {
        async send(_request, deadline) {
          await budget?.take(deadline);
          tokenCalls.push(since());
          await pause(scenario.pageMs, deadline, clock);
          granted += 1;
          const token = { access_token: `${name}-${granted}`, expires_in: TOKEN_SECONDS };
          const text = JSON.stringify(token);
          const headers = { get: () => null };
          return {
            result: { kind: 'response', status: 200, headers, text },
            waitTooLong: false,
          };
        },
      },
    });

    const fetchPage = async (deadline: Deadline) => {
      await budget?.take(deadline);
      pageCalls.push(since());
      const kind = during(scenario.egainFaults);
      if (kind === 'hangs') {
        await pause(deadline.beginWithinMs ?? 1e9, deadline, clock);
        throw new Fault('timedOut');
      }
      await pause(scenario.pageMs, deadline, clock);
      if (kind === 'down') throw new Fault('egainUnavailable');
      if (kind === 'throttles') throw new Fault('egainThrottled', { retryAfterSeconds: 7 });
      if (kind === 'refuses') throw new Fault('egainCredentialsRefused');
    };

    return createSnapshots({
      clock,
      telemetry,
      table,
      keys,
      containerId: name,
      config: { freshSeconds: FRESH_MS / 1000, staleSeconds: STALE_MS / 1000 },
      forecast: budget && ((calls) => budget.forecast(calls)),
      async fetchAccounts(deadline, { onCalls }) {
        onCalls(PAGES + 1);
        await tokens.get(deadline);
        const version = versionNow();
        for (let page = 0; page < PAGES; page += 1) await fetchPage(deadline);
        return contentOf(version);
      },
    });
  };

  let processes = 0;
  const boot = (offset: number) => {
    processes += 1;
    const process = createProcess(time, offset);
    const store = createStore(process, `container-${processes}`);
    void store.warmUp();
    return { process, store, number: processes };
  };
  const fleet = scenario.offsets.map((offset) => boot(offset));

  const ask = async (container: number, task: boolean) => {
    const slot = fleet[container % fleet.length];
    if (slot === undefined) return;
    const { process, store, number } = slot;
    const askedAt = since();
    const deadline = createDeadline(26_000, process.clock);
    unanswered += 1;
    const note = (answer: SnapshotAnswer | undefined, error: unknown) => {
      unanswered -= 1;
      deadline.dispose();
      const version = answer && versionOf(answer);
      observed.push({ askedAt, at: since(), process: number, task, answer, error, version });
    };
    pending.add({ process });
    await store.get(deadline, { stale: !task }).then(
      (answer) => note(answer, undefined),
      (error: unknown) => note(undefined, error),
    );
  };
  const pending = new Set<{ process: SimulatedProcess }>();

  for (const { at, container, task } of scenario.requests) {
    time.after(at, () => void ask(container, task));
  }
  for (const { at, container } of scenario.kills) {
    time.after(at, () => {
      const index = container % fleet.length;
      fleet[index]?.process.kill();
      fleet[index] = boot(scenario.offsets[index] ?? 0);
    });
  }
  for (const { at, container, ms } of scenario.freezes) {
    time.after(at, () => fleet[container % fleet.length]?.process.freeze(ms));
  }
  await time.run(start + scenario.endMs);
  const answered = observed.length;
  const dead = [...pending].filter(({ process }) => !process.alive).length;

  return {
    observed,
    pageCalls,
    tokenCalls,
    revisions,
    commits,
    refusals,
    supersededAt: (version) => changes[version] ?? Number.POSITIVE_INFINITY,
    unanswered: Math.max(0, pending.size - answered - dead),
  };
}

/** A content's accounts, each of which says which content it is of. */
function contentOf(version: number) {
  const length = 1 + (version % 4);
  return Array.from({ length }, (_, index) => makeAccount(index, { name: `version ${version}` }));
}

/** The content that the answer is, if it is one as a whole. */
function versionOf({ snapshot: { accounts } }: SnapshotAnswer): number | undefined {
  const version = Number(accounts[0]?.name.replace('version ', ''));
  const names = new Set(accounts.map(({ name }) => name));
  const whole = names.size === 1 && accounts.length === contentOf(version).length;
  return whole ? version : undefined;
}
