import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { LOG_QUERIES } from '../../lib/observability/log-queries.ts';
import { type Container, startContainer } from '../../sandbox/aws/container.ts';
import type { LogLine } from '../../sandbox/aws/lambda-runtime.ts';
import { runStateMachine } from '../../sandbox/aws/state-machine.ts';
import { exampleAccounts } from '../../sandbox/egain/example-accounts.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { apiEvent } from '../support/api-events.ts';
import {
  type AlarmProperties,
  type Datapoint,
  emfDatapoints,
  filteredDatapoints,
  goesOff,
  type MetricFilterProperties,
} from '../support/cloudwatch.ts';

/*
 * Each alarm's own metric, statistic, dimensions and threshold, as the template has them, judges
 * what the functions and the gateway logged while the sandbox had a fault. What one `drive` logs
 * counts as one period; where an alarm needs several, it is dated again, later.
 */

const PERIOD_MS = 5 * 60_000;
const START = Date.UTC(2026, 0, 1);

let sandbox: Sandbox;
let token: string;
/** Names of the alarms that have gone off so far. */
const seen = new Set<string>();
const containers: Container[] = [];

beforeAll(async () => {
  sandbox = await startSandbox({ egain: { accounts: exampleAccounts(60) }, maxContainers: 1 });
  token = await sandbox.token('acme');
});
afterAll(() => sandbox.stop());
afterEach(async () => {
  await Promise.all(containers.splice(0).map((container) => container.kill()));
  await setFault({});
});

describe('in a healthy stage', () => {
  it('no alarm goes off, whatever partners get wrong', async () => {
    const lines = await drive(async () => {
      for (const path of ['/accounts', '/accounts?pagesize=0', '/accounts/none', '/nowhere']) {
        await ask(path);
      }
      await ask('/accounts', 'not.a.token');
      await ask('/accounts', await sandbox.issuer.sign({ client_id: 'stranger', scope: 'x' }));
      await runTask();
    });

    expect(lines).not.toEqual([]);
    expect(firing(dated(lines, 0, 1))).toEqual([]);
  });

  it('1 failure in 30 requests sets off none', async () => {
    const lines = await drive(async () => {
      for (let call = 0; call < 29; call += 1) await ask('/accounts');
      await setFault({ fault: 'server-error' });
      expect(await askAnew()).toBe(500);
    });

    expect(firing(dated(lines, 0, 1))).toEqual([]);
  });
});

describe('at the first call', () => {
  it.each([
    ['token-invalid-client', 'CredentialsRefusedApi'],
    ['forbidden', 'InsufficientScopeApi'],
    ['secret-missing', 'MisconfiguredApi'],
    ['token-invalid-client', 'CredentialsRefusedTask'],
    ['forbidden', 'InsufficientScopeTask'],
    ['secret-denied', 'MisconfiguredTask'],
  ])('%s sets off %s and no other', async (fault, alarm) => {
    await setFault({ fault });

    const lines = await drive(alarm.endsWith('Task') ? runTask : askAnew);

    expect(firing(dated(lines, 0))).toEqual([alarm]);
  });
});

it('a bug sets off InternalErrors: here an account rule that the authorizer never sends', async () => {
  const broken = { partner: 'acme', scopes: 'accounts/read', accounts: '{' };

  const lines = await drive(() =>
    sandbox.functionNamed('ApiFunction').invoke(apiEvent({ authorizer: broken })),
  );

  expect(firing(dated(lines, 0))).toEqual(['InternalErrors']);
});

describe('when it lasts', () => {
  it('a failing eGain sets off ServerFaultShare in the second period, not in the first', async () => {
    await setFault({ fault: 'token-reset' });

    const lines = await drive(askAnew);

    expect(firing(dated(lines, 0))).toEqual([]);
    expect(firing(dated(lines, 0, 1))).toEqual(['ServerFaultShare']);
  });

  it('StaleTooLong goes off when an answer is 5 minutes past its freshness, and not before', async () => {
    const healthy = await drive(askAnew);
    const fetchedBy = Date.now();
    await setFault({ fault: 'unavailable' });

    const before = await linesOf({ at: fetchedBy + 240_000 });
    const after = await linesOf({ at: fetchedBy + 310_000 });

    expect(firing(dated([...healthy, ...before], 0))).toEqual([]);
    expect(firing(dated(after, 0))).toEqual(['StaleTooLong']);
  });

  it('SharedTableUnusable goes off when containers keep finding the table away', async () => {
    const away = { AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1' };
    const lines = [1, 2, 3, 4].map(() => linesOf({ environment: away }));
    const all = (await Promise.all(lines)).flat();

    expect(firing(dated(all, 0))).toEqual([]);
    expect(firing(dated(all, 0, 1))).toEqual(['SharedTableUnusable']);
  });

  it('NearDeadline goes off when eGain takes all the time there is', async () => {
    await setFault({ fault: 'hang' });

    const lines = await linesOf({ speed: 10 }, 504);

    expect(firing(dated(lines, 0))).toEqual([]);
    expect(firing(dated(lines, 0, 2))).toEqual(['ServerFaultShare', 'NearDeadline']);
  });
});

describe('when the product has no code to count', () => {
  it('a container that dies under a request sets off GatewayFaults', async () => {
    await setFault({ fault: 'hang' });

    const lines = await drive(async () => {
      const before = sandbox.egain?.calls.accounts ?? 0;
      const answer = askAnew();
      await vi.waitUntil(() => (sandbox.egain?.calls.accounts ?? 0) > before, 10_000);
      await sandbox.functionNamed('ApiFunction').stop();
      expect(await answer).toBe(500);
    });

    expect(firing(dated(lines, 0))).toEqual(['GatewayFaults']);
  });

  // Step Functions itself counts how runs end, so its datapoints are made here.
  it('a run of ExportAccounts that fails or takes hours sets off an alarm of its own', async () => {
    const succeeded = await runExport();
    await setFault({ fault: 'wrong-shape' });
    await sandbox.forget();
    const failed = await runExport();

    expect([succeeded.status, failed.status]).toEqual(['SUCCEEDED', 'FAILED']);
    expect(firing([stepFunctionsPoint('ExecutionsSucceeded')])).toEqual([]);
    expect(firing([stepFunctionsPoint('ExecutionsFailed')])).toEqual(['ExportFailed']);
    expect(firing([stepFunctionsPoint('ExecutionsTimedOut')])).toEqual(['ExportFailedByTime']);
  });

  it("an issuer without keys sets off AuthorizerFailures, and the gateway's own", async () => {
    const unseen = await sandbox.issuer.sign({ client_id: 'acme-client', scope: 'accounts/read' });
    await sandbox.issuer.close();
    await sandbox.functionNamed('AuthorizerFunction').recycle();

    const lines = await drive(async () => expect(await ask('/accounts', unseen)).toBe(500));

    expect(firing(dated(lines, 0))).toEqual(['AuthorizerFailures', 'GatewayFaults']);
  });
});

it('every alarm of the stage has gone off', () => {
  expect(seen).toEqual(new Set(alarms().map(nameOf)));
});

it('the saved log queries look for messages and fields that are logged', async () => {
  // A request whose authorizer context is broken, which the gateway would never send.
  const broken = { scopes: 'accounts/read', accounts: 'no rule' };
  await sandbox.functionNamed('ApiFunction').invoke(apiEvent({ authorizer: broken }));
  const queries = Object.values(LOG_QUERIES).flatMap(([, ...commands]) => commands);
  const messages = queries
    .filter((line) => line.includes('filter message'))
    .flatMap((line) => [...line.matchAll(/"([^"]+)"/g)].map(([, message = '']) => message));
  const fields = new Set(queries.flatMap(fieldsIn));
  const written = textsOf(sandbox.logs)
    .filter((text) => text.startsWith('{'))
    .map((text) => JSON.parse(text) as Record<string, unknown>);
  const logged = new Set(written.map(({ message }) => message));
  const loggedFields = new Set(written.flatMap((line) => Object.keys(line)));

  expect(messages).not.toEqual([]);
  expect(messages.filter((message) => !logged.has(message))).toEqual([]);
  expect(fields.size).toBeGreaterThan(10);
  expect([...fields].filter((field) => !loggedFields.has(field))).toEqual([]);
});

/** The lines of one run of RefreshFunction. */
async function renew(stage: Sandbox): Promise<string[]> {
  const before = stage.logs.length;
  await stage.functionNamed('RefreshFunction').invoke({});
  return textsOf(stage.logs.slice(before));
}

describe('with a schedule', () => {
  it('a failing or missing renewal sets off ScheduleStopped, a kept schedule does not', async () => {
    const scheduled = await startSandbox({
      configure: (config) => ({ ...config, cache: { ...config.cache, refreshSeconds: 60 } }),
    });
    const alarm = alarms(scheduled).find((one) => nameOf(one) === 'ScheduleStopped');
    // The schedule itself invokes the function once at the start.
    await vi.waitFor(() => expect(textsOf(scheduled.logs).join()).toContain('"refresh"'), 60_000);
    const good = await renew(scheduled);
    scheduled.egain?.setMode({ status: 503 });
    await scheduled.forget();
    const bad = await renew(scheduled);
    await scheduled.stop();
    const goesOffAfter = (minutes: number, lines: readonly string[], until: number) =>
      alarm &&
      goesOff(
        alarm,
        Array.from({ length: until }, (_, minute) => emfDatapoints(lines, minute * 60_000)).flat(),
        minutes * 60_000,
      );

    expect(goesOffAfter(20, good, 20)).toBe(false);
    expect(goesOffAfter(15, good, 5)).toBe(false);
    expect(goesOffAfter(20, good, 5)).toBe(true);
    expect(goesOffAfter(20, bad, 20)).toBe(true);
  });
});

const nameOf = ({ AlarmName }: AlarmProperties) =>
  AlarmName.replace(/^egain-accounts-sandbox-/, '');
const textsOf = (lines: readonly LogLine[]) => lines.map(({ text }) => text);
const propertiesOf = <T>(type: string, of = sandbox) =>
  of.template.ofType(type).map(({ properties }) => properties as unknown as T);
const alarms = (of = sandbox) => propertiesOf<AlarmProperties>('AWS::CloudWatch::Alarm', of);
const exportMachine = () => sandbox.template.only('AWS::StepFunctions::StateMachine');

/** The names of the alarms that these datapoints set off, in the template's order. */
function firing(datapoints: readonly Datapoint[]): string[] {
  const names = alarms()
    .filter((alarm) => goesOff(alarm, datapoints))
    .map(nameOf);
  for (const name of names) seen.add(name);
  return names;
}

/** What was logged, as metrics of each of these periods. */
function dated(lines: readonly LogLine[], ...periods: readonly number[]): Datapoint[] {
  const access = textsOf(lines.filter(({ functionName }) => functionName === 'gateway'));
  const others = textsOf(lines.filter(({ functionName }) => functionName !== 'gateway'));
  const filters = propertiesOf<MetricFilterProperties>('AWS::Logs::MetricFilter');
  return periods
    .map((period) => START + period * PERIOD_MS)
    .flatMap((at) =>
      emfDatapoints(others, at).concat(
        filters.flatMap((filter) => filteredDatapoints(filter, access, at)),
      ),
    );
}

/** A datapoint of Step Functions' own metrics about ExportAccounts. */
function stepFunctionsPoint(name: string): Datapoint {
  const dimensions = { StateMachineArn: exportMachine().arn ?? '' };
  return { namespace: 'AWS/States', name, dimensions, unit: 'Count', values: [1], at: START };
}

/** What is logged during an action. */
async function drive(action: () => Promise<unknown>): Promise<LogLine[]> {
  const before = sandbox.logs.length;
  await action();
  // The gateway logs a request after it has answered.
  await new Promise((resolve) => setTimeout(resolve, 50));
  return sandbox.logs.slice(before);
}

async function setFault(mode: object): Promise<void> {
  const body = JSON.stringify(mode);
  await fetch(`${sandbox.url}/_sandbox/egain`, { method: 'POST', body });
}

/** The status of a partner's request. */
async function ask(path: string, bearer = token): Promise<number> {
  const base = sandbox.accountsUrl.replace(/\/accounts$/, '');
  const response = await fetch(base + path, { headers: { authorization: `Bearer ${bearer}` } });
  await response.arrayBuffer();
  return response.status;
}

/** The status of a request that nothing can answer from memory. */
async function askAnew(): Promise<number> {
  await sandbox.forget();
  return ask('/accounts');
}

async function runTask(): Promise<unknown> {
  await sandbox.forget();
  return sandbox.functionNamed('TaskFunction').invoke({});
}

function runExport() {
  const task = sandbox.functionNamed('TaskFunction');
  return runStateMachine(
    String(exportMachine().properties['DefinitionString']),
    {},
    {
      invoke: (_arn, payload) => task.invoke(payload),
      putObject: () => undefined,
      retryWaitMs: 1,
    },
  );
}

interface Life {
  /** What its clock says when it is called, however late that is. @default - the time */
  readonly at?: number;
  /** How many of its seconds pass in one of ours. @default 1 */
  readonly speed?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

/** The lines of one request to a container of ApiFunction whose time passes otherwise. */
async function linesOf(
  { at, speed = 1, environment = {} }: Life,
  expected = 200,
): Promise<LogLine[]> {
  // Its clock runs fast from the call on, so that a slow start costs no time of the call.
  const program = `const { now } = Date, timer = setTimeout, tick = performance.now.bind(performance);
    let [start, zero, speed] = [now(), tick(), 1];
    process.once('message', () => { [start, zero, speed] = [now(), tick(), ${speed}]; });
    Date.now = () => ${at ?? 'start'} + (now() - start) * speed;
    performance.now = () => zero + (tick() - zero) * speed;
    globalThis.setTimeout = (run, ms, ...rest) => timer(run, ms / speed, ...rest);`;
  const { spec } = sandbox.functionNamed('ApiFunction');
  const lines: LogLine[] = [];
  const container = startContainer(
    {
      ...spec,
      timeoutSeconds: spec.timeoutSeconds + (at === undefined ? 0 : at - Date.now()) / 1000,
      environment: {
        ...spec.environment,
        ...environment,
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(program)}`,
      },
    },
    { onLog: (text) => lines.push({ functionName: spec.name, text }) },
  );
  containers.push(container);
  const authorizer = { partner: 'acme', scopes: 'accounts/read' };
  const result = await container.invoke(apiEvent({ authorizer }));
  expect(result).toMatchObject({ ok: true, payload: { statusCode: expected } });
  return lines;
}

/** The fields in `fields a, b`, `by a, b`, `ispresent(a)` and comparisons, without CloudWatch's own. */
function fieldsIn(line: string): string[] {
  const [, list = ''] = /(?:^fields | by )(.+)$/.exec(line) ?? [];
  const [, present = ''] = /ispresent\((\w+)\)/.exec(line) ?? [];
  const compared = [...line.matchAll(/(\w+) (?:=|in|like|>=) /g)].map(([, field = '']) => field);
  return [...list.split(', '), present, ...compared].filter((name) => /^[a-z]\w*$/i.test(name));
}
