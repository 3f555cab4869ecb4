import type { APIGatewayProxyResult, Context } from 'aws-lambda';
import type { AccountsChanged } from '../../lambda/accounts-changed.ts';
import { createApiHandler } from '../../lambda/api.ts';
import type { ServiceConfig } from '../../lambda/platform/config.ts';
import type { Clock } from '../../lambda/platform/deadline.ts';
import { sharedKeys } from '../../lambda/platform/table.ts';
import { createRefreshHandler } from '../../lambda/refresh.ts';
import { createAnnouncer } from '../../lambda/snapshot/announcement.ts';
import { createService } from '../../lambda/snapshot/container.ts';
import { createTaskHandler } from '../../lambda/task.ts';
import type { TaskOutput } from '../../lambda/workflow/page.ts';
import { apiEvent } from './api-events.ts';
import { captureOutput } from './output.ts';
import {
  connectEgain,
  contentOf,
  type EgainFault,
  type SimulatedEgainOptions,
  versionOf,
} from './simulated-egain.ts';
import { createSimulatedTable, type SimulatedTable, type TableFault } from './simulated-table.ts';
import { createProcess, createSimulatedTime, type SimulatedProcess } from './simulated-time.ts';

export const FRESH_MS = 30_000;
export const STALE_MS = 120_000;
export const SKEW_MS = 5000;
/** What the functions are given for an invocation. */
const API_MS = 27_000;
const REFRESH_MS = 900_000;
/** How long half a call of the event bus takes. */
const PUT_MS = 20;
export const TASK_MS = 60_000;
/** Of a workflow's page: a content takes two or three. */
const TASK_PAGESIZE = 4;

/** Something that is wrong for a while; times are milliseconds from the beginning. */
interface Spell<Kind> {
  readonly at: number;
  readonly ms: number;
  readonly kind: Kind;
}

/** Who asks: a partner, one that sends the entity tag of its last answer, or a workflow. */
export type Caller = 'partner' | 'poller' | 'workflow';

/** The bus refuses an event, or the function dies before or after the bus has it. */
export type PutFate = 'taken' | 'refused' | 'dies before' | 'dies after';

/** What happens in a simulation. */
export interface Scenario {
  /** How far each container's clock is ahead. */
  readonly offsets: readonly number[];
  readonly requests: readonly { at: number; container: number; caller: Caller }[];
  readonly tableFaults: readonly Spell<TableFault>[];
  readonly egainFaults: readonly Spell<EgainFault>[];
  /** When eGain's accounts change. */
  readonly changes: readonly number[];
  readonly kills: readonly { at: number; container: number }[];
  readonly freezes: readonly { at: number; container: number; ms: number }[];
  readonly roundTripMs: number;
  readonly callsPerMinute?: number | undefined;
  /** RefreshFunction's: how often it runs, and in how many containers at once. */
  readonly schedule?: { readonly everyMs: number; readonly containers: number } | undefined;
  /** What becomes of the first events that it puts, up to a time. */
  readonly puts?: { readonly fates: readonly PutFate[]; readonly untilMs: number } | undefined;
  readonly endMs: number;
}

/** What a caller was answered, and when; times are milliseconds from the beginning. */
interface Answered {
  readonly askedAt: number;
  readonly at: number;
  /** Of the process that answered, so that a new one in its place is another. */
  readonly process: number;
  /** Which of eGain's contents it was; undefined where it was none of them, or not whole. */
  readonly version: number | undefined;
}

export interface ApiAnswer extends Answered {
  readonly by: 'api';
  readonly response: APIGatewayProxyResult;
}

export interface TaskAnswer extends Answered {
  readonly by: 'task';
  readonly result: TaskOutput | Error;
}

interface EgainCall {
  readonly at: number;
  readonly of: 'page' | 'token';
  readonly process: number;
}

export interface Outcome extends Pick<SimulatedTable, 'commits' | 'refusals'> {
  /** In the order in which they were given. */
  readonly answers: readonly (ApiAnswer | TaskAnswer)[];
  /** The names of the accounts that workflows had when they had got the last page. */
  readonly exports: readonly (readonly unknown[])[];
  /** When eGain was called, for a page or for a token, and by which process. */
  readonly calls: readonly EgainCall[];
  readonly pageCalls: readonly EgainCall[];
  readonly tokenCalls: readonly EgainCall[];
  /** The contents that were announced, by their hashes, and when the bus had the event. */
  readonly announced: readonly { readonly hash: string; readonly at: number }[];
  /** When a content was replaced by the next; Infinity for the last. */
  readonly supersededAt: (version: number) => number;
  /** Requests whose process lived and that got no answer. */
  readonly unanswered: number;
}

const CONFIG: ServiceConfig = {
  secretArn: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:egain-AbCdEf',
  apiUrl: 'https://api.example.com',
  tokenUrl: 'https://login.example.com/token',
  scope: 'scope',
  sharedTableName: 'shared',
  clientAuthentication: 'body',
  freshSeconds: FRESH_MS / 1000,
  staleSeconds: STALE_MS / 1000,
  refreshSeconds: undefined,
  callsPerMinute: undefined,
  provisioned: false,
};
const CREDENTIALS = { clientId: 'the-client', clientSecret: 'the-secret', version: '1' };

const openApi = () => Promise.reject(new Error('nobody asks for it'));

/** Runs the real handlers of several containers, and all that is below them, through a scenario. */
export async function simulate(scenario: Scenario): Promise<Outcome> {
  captureOutput();
  const time = createSimulatedTime();
  const start = time.now;
  const since = () => time.now - start;
  const during = <Kind>(spells: readonly Spell<Kind>[]) =>
    spells.find(({ at, ms }) => since() >= at && since() < at + ms)?.kind;
  const changes = scenario.changes.toSorted((a, b) => a - b);
  const calls: EgainCall[] = [];
  const egain: Omit<SimulatedEgainOptions, 'onCall'> = {
    time,
    roundTripMs: scenario.roundTripMs,
    fault: () => during(scenario.egainFaults),
    version: () => changes.filter((at) => at <= since()).length,
  };
  const table = createSimulatedTable({
    time,
    since,
    stateKey: sharedKeys(CONFIG).state,
    fault: () => during(scenario.tableFaults),
  });

  let processes = 0;
  /** A process of one function, which shares nothing but the table with those of the other. */
  const startFunction = (process: SimulatedProcess, refreshSeconds?: number) => {
    const { clock } = process;
    processes += 1;
    const number = processes;
    const onCall = (of: EgainCall['of']) => calls.push({ at: since(), of, process: number });
    const service = createService(
      { ...CONFIG, refreshSeconds, callsPerMinute: scenario.callsPerMinute },
      {
        clock,
        random: () => 0.5,
        table: table.connect(process),
        credentials: { get: async () => CREDENTIALS, reread: async () => CREDENTIALS },
        send: connectEgain({ ...egain, onCall }, process),
      },
    );
    void service.warmUp();
    return { number, options: { service: () => service, clock } };
  };
  /** A container of each function; they stop and die together. */
  const boot = (offset: number) => {
    const process = createProcess(time, offset);
    const [api, task] = [startFunction(process), startFunction(process)];
    return {
      process,
      api: { number: api.number, handle: createApiHandler({ ...api.options, openApi }) },
      task: {
        number: task.number,
        handle: createTaskHandler(task.options.service, task.options.clock),
      },
    };
  };
  const fleet = scenario.offsets.map((offset) => boot(offset));
  const slotOf = (container: number) => fleet[container % fleet.length];

  const announced: { hash: string; at: number }[] = [];
  const { everyMs = Number.POSITIVE_INFINITY, containers = 0 } = scenario.schedule ?? {};
  let puts = 0;
  const schedule: { process: SimulatedProcess; run: () => Promise<unknown> }[] = [];
  const bootRefresh = (place: number) => {
    const process = createProcess(time, 0);
    const die = () => {
      process.kill();
      bootRefresh(place);
    };
    const { options } = startFunction(process, everyMs / 1000);
    const announce = createAnnouncer(CONFIG, 'test', {
      clock: process.clock,
      table: table.connect(process),
      async put({ detail }) {
        const { fates = [], untilMs = 0 } = scenario.puts ?? {};
        const fate = since() < untilMs ? fates[puts] : 'taken';
        puts += 1;
        if (fate === 'dies before') die();
        await passed(PUT_MS, process.clock);
        if (fate === 'refused') throw new Error('refused');
        announced.push({ hash: (detail as AccountsChanged).contentHash, at: since() });
        if (fate === 'dies after') die();
        await passed(PUT_MS, process.clock);
      },
    });
    const handle = createRefreshHandler(options.service, announce, process.clock);
    schedule[place] = { process, run: () => handle({}, contextOf(REFRESH_MS)) };
  };
  for (let place = 0; place < containers; place += 1) bootRefresh(place);
  for (let at = 0; at < scenario.endMs; at += everyMs) {
    time.after(at, () => schedule.forEach(({ run }) => void run()));
  }

  const answers: (ApiAnswer | TaskAnswer)[] = [];
  const exports: unknown[][] = [];
  /** The content that was answered with an entity tag. */
  const tagged = new Map<string, number | undefined>();
  let lastTag: string | undefined;
  const waiting = new Set<{ readonly process: SimulatedProcess }>();

  /** Has the container do something for an invocation, unless it is frozen or dies. */
  const invoke = <Result>(
    container: number,
    kind: 'api' | 'task',
    work: (slot: ReturnType<typeof boot>) => Promise<Result>,
    note: (result: Result, answered: Omit<Answered, 'version'>) => void,
  ): void => {
    const slot = slotOf(container);
    if (slot === undefined) return;
    const { process } = slot;
    const { number } = slot[kind];
    const askedAt = since();
    const asking = { process };
    waiting.add(asking);
    const run = async () => {
      const result = await work(slot);
      waiting.delete(asking);
      note(result, { askedAt, at: since(), process: number });
    };
    process.clock.after(0, () => void run());
  };

  const askApi = (container: number, tag: string | undefined) =>
    invoke(
      container,
      'api',
      ({ api }) => {
        const headers = tag === undefined ? {} : { 'if-none-match': tag };
        return api.handle(apiEvent({ headers }), contextOf(API_MS));
      },
      (response, answered) => {
        const { ETag } = response.headers ?? {};
        if (response.statusCode === 200) {
          lastTag = String(ETag);
          tagged.set(lastTag, wholeVersionOf(response));
        }
        const version = tagged.get(String(ETag));
        answers.push({ ...answered, by: 'api', response, version });
      },
    );

  /** A workflow's pages, each from the next container. */
  const askTask = (container: number, cursor: string | null, before: readonly unknown[]): void =>
    invoke(
      container,
      'task',
      ({ task }) => {
        const input = { fields: ['name'], pagesize: TASK_PAGESIZE, cursor };
        return task.handle(input, contextOf(TASK_MS)).catch((error: Error) => error);
      },
      (result, answered) => {
        const output = result instanceof Error ? undefined : result;
        const version = output && versionOf(output.account);
        answers.push({ ...answered, by: 'task', result, version });
        if (output === undefined) return;
        const all = [...before, ...output.account];
        if (output.cursor === null) exports.push(all);
        else askTask(container + 1, output.cursor, all);
      },
    );

  for (const { at, container, caller } of scenario.requests) {
    time.after(at, () => {
      if (caller === 'workflow') askTask(container, null, []);
      else askApi(container, caller === 'poller' ? lastTag : undefined);
    });
  }
  for (const { at, container } of scenario.kills) {
    time.after(at, () => {
      const index = container % fleet.length;
      fleet[index]?.process.kill();
      fleet[index] = boot(scenario.offsets[index] ?? 0);
      const place = container % containers;
      schedule[place]?.process.kill();
      if (place < containers) bootRefresh(place);
    });
  }
  for (const { at, container, ms } of scenario.freezes) {
    time.after(at, () => {
      slotOf(container)?.process.freeze(ms);
      schedule[container % containers]?.process.freeze(ms);
    });
  }
  await time.run(start + scenario.endMs);

  return {
    answers,
    exports,
    calls,
    pageCalls: calls.filter((call) => call.of === 'page'),
    tokenCalls: calls.filter((call) => call.of === 'token'),
    announced,
    commits: table.commits,
    refusals: table.refusals,
    supersededAt: (version) => changes[version] ?? Number.POSITIVE_INFINITY,
    unanswered: [...waiting].filter(({ process }) => process.alive).length,
  };
}

const passed = (ms: number, clock: Clock): Promise<void> =>
  new Promise((resolve) => {
    clock.after(ms, resolve);
  });

function contextOf(remainingMs: number): Context {
  return { awsRequestId: 'run-1', getRemainingTimeInMillis: () => remainingMs } as Context;
}

/** The content that an answer's body is, if it is one as a whole. */
function wholeVersionOf({ body }: APIGatewayProxyResult): number | undefined {
  const { paginationInfo, account } = JSON.parse(body) as {
    paginationInfo: { count: number };
    account: unknown[];
  };
  const version = versionOf(account);
  const length = version === undefined ? undefined : contentOf(version).length;
  return length === account.length && length === paginationInfo.count ? version : undefined;
}
