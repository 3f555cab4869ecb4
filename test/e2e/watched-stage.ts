import type { Context } from 'aws-lambda';
import { vi } from 'vitest';
import { createApiHandler } from '../../lambda/api.ts';
import { openApiDocument } from '../../lambda/http/openapi.ts';
import { readServiceConfig } from '../../lambda/platform/config.ts';
import { createTelemetry } from '../../lambda/platform/telemetry.ts';
import { createService } from '../../lambda/snapshot/container.ts';
import type { LogLine } from '../../sandbox/aws/lambda-runtime.ts';
import { type Execution, runStateMachine } from '../../sandbox/aws/state-machine.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { apiEvent } from '../support/api-events.ts';
import {
  type AlarmProperties,
  type Datapoint,
  emfDatapoints,
  filteredDatapoints,
  goesOff,
  type MetricFilterProperties,
} from '../support/cloudwatch.ts';
import { createVirtualClock, type VirtualClock } from '../support/virtual-clock.ts';

const PERIOD_MS = 5 * 60_000;
const START = Date.UTC(2026, 0, 1);

/** A sandbox, and its template's alarms as they would judge what it writes. */
export interface WatchedStage {
  readonly alarms: readonly string[];
  /** Alarms that have gone off so far. */
  readonly seen: ReadonlySet<string>;
  /** The names of the alarms that these points set off, in the template's order. */
  firing(datapoints: readonly Datapoint[]): string[];
  /** What was logged, as metrics of one period. */
  dated(lines: readonly LogLine[], period: number): Datapoint[];
  /** A point of Step Functions' own metrics about ExportAccounts. */
  stepFunctionsPoint(name: string): Datapoint;
  /** What is logged in the meantime. */
  drive(action: () => Promise<unknown>): Promise<LogLine[]>;
  setFault(mode: object): Promise<void>;
  /** The status of a partner's request. */
  ask(path: string, authorization?: string): Promise<number>;
  /** A request to a container that has nothing to fall back on; its status. */
  askAnew(): Promise<number>;
  runTask(): Promise<unknown>;
  runExport(): Promise<Execution>;
  /** Until eGain has been called once more than it had been when this was called. */
  egainCalled(): Promise<void>;
}

export function watch(sandbox: Sandbox, token: string): WatchedStage {
  const { template } = sandbox;
  const propertiesOf = <T>(type: string) =>
    template.ofType(type).map(({ properties }) => properties as unknown as T);
  const alarms = propertiesOf<AlarmProperties>('AWS::CloudWatch::Alarm');
  const filters = propertiesOf<MetricFilterProperties>('AWS::Logs::MetricFilter');
  const [machine] = template.ofType('AWS::StepFunctions::StateMachine');
  const task = sandbox.functionNamed('TaskFunction');
  const seen = new Set<string>();

  const ask: WatchedStage['ask'] = async (path, authorization = `Bearer ${token}`) => {
    const base = sandbox.accountsUrl.replace(/\/accounts$/, '');
    const response = await fetch(base + path, { headers: { authorization } });
    await response.arrayBuffer();
    return response.status;
  };

  return {
    alarms: alarms.map(nameOf),
    seen,
    ask,
    firing(datapoints) {
      const names = alarms.filter((alarm) => goesOff(alarm, datapoints)).map(nameOf);
      for (const name of names) seen.add(name);
      return names;
    },
    dated(lines, period) {
      const at = START + period * PERIOD_MS;
      const access = lines.filter(({ functionName }) => functionName === 'gateway');
      const others = lines.filter(({ functionName }) => functionName !== 'gateway');
      return [
        ...emfDatapoints(textsOf(others), at),
        ...filters.flatMap((filter) => filteredDatapoints(filter, textsOf(access), at)),
      ];
    },
    stepFunctionsPoint: (name) => ({
      namespace: 'AWS/States',
      name,
      dimensions: { StateMachineArn: machine?.arn ?? '' },
      unit: 'Count',
      values: [1],
      at: START,
    }),
    async drive(action) {
      const before = sandbox.logs.length;
      await action();
      // The gateway logs a request after its answer has left.
      await new Promise((resolve) => setTimeout(resolve, 50));
      return sandbox.logs.slice(before);
    },
    async setFault(mode) {
      const body = JSON.stringify(mode);
      await fetch(`${sandbox.url}/_sandbox/egain`, { method: 'POST', body });
    },
    async askAnew() {
      await sandbox.forget();
      return ask('/accounts');
    },
    async runTask() {
      await sandbox.forget();
      return task.invoke({});
    },
    runExport: () =>
      runStateMachine(
        String(machine?.properties['DefinitionString']),
        {},
        {
          invoke: (_arn, payload) => task.invoke(payload),
          putObject: () => undefined,
          retryWaitMs: 1,
        },
      ),
    async egainCalled() {
      const before = sandbox.egain?.calls.accounts ?? 0;
      await vi.waitFor(() => {
        if ((sandbox.egain?.calls.accounts ?? 0) <= before) throw new Error('no call yet');
      }, 5000);
    },
  };
}

/** ApiFunction, with its own environment, in this process: here minutes pass when a test says so. */
export function instanceInVirtualTime(
  sandbox: Sandbox,
  changes: Readonly<Record<string, string>> = {},
): {
  readonly call: () => Promise<number>;
  readonly clock: VirtualClock;
  readonly freshSeconds: number;
} {
  const environment = { ...sandbox.functionNamed('ApiFunction').spec.environment, ...changes };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  vi.stubEnv('LOG_LEVEL', 'SILENT');
  const clock = createVirtualClock();
  const telemetry = createTelemetry('api');
  const config = readServiceConfig(environment);
  const service = createService(config, telemetry, { clock });
  const handle = createApiHandler({
    service: () => service,
    openApi: openApiDocument(
      () => '{}',
      async () => undefined,
    ),
    clock,
  });
  const context = { getRemainingTimeInMillis: () => 28_000 } as Context;
  const call = async () => (await handle(apiEvent(), context)).statusCode;
  return { call, clock, freshSeconds: config.freshSeconds };
}

/** What is written to this process's standard output in the meantime. */
export async function written(action: () => Promise<unknown>): Promise<LogLine[]> {
  const texts: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    texts.push(...String(chunk).split('\n'));
    return true;
  });
  try {
    await action();
  } finally {
    write.mockRestore();
  }
  return texts.map((text) => ({ functionName: 'ApiFunction', text }));
}

const nameOf = ({ AlarmName }: AlarmProperties) =>
  AlarmName.replace(/^egain-accounts-sandbox-/, '');

const textsOf = (lines: readonly LogLine[]) => lines.map(({ text }) => text);
