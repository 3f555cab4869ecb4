import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { describe, expect, it } from 'vitest';
import { Alarms } from '../../../lib/observability/alarms.ts';
import { parseStageConfig } from '../../../lib/stage/stage-config.ts';
import { type AlarmProperties, type Datapoint, goesOff } from '../../support/cloudwatch.ts';
import { LEAST } from '../../support/stage.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const MINUTE_MS = 60_000;

/** The alarms of a stage, by their names without the stage's. */
function alarmsOf(cache: object = {}): ReadonlyMap<string, AlarmProperties> {
  const stack = new Stack(new App({ outdir: temporaryFolder() }), 'Stack');
  new Alarms(stack, 'Alarms', {
    cache: parseStageConfig({ ...LEAST, cache }).cache,
    stage: 'test',
    topic: new Topic(stack, 'Topic'),
    exportAccounts: StateMachine.fromStateMachineName(stack, 'ExportAccounts', 'export'),
  });
  const found = Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm'));
  return new Map(
    found.map(({ Properties }) => {
      const alarm = Properties as AlarmProperties;
      return [alarm.AlarmName.replace(/^egain-accounts-test-/, ''), alarm];
    }),
  );
}

const alarms = alarmsOf();
const named = (name: string, all = alarms): AlarmProperties => {
  const alarm = all.get(name);
  if (alarm === undefined) throw new Error(`no alarm ${name}`);
  return alarm;
};

/** The statistic and the period, in seconds, of an alarm's only metric. */
const watchedBy = (alarm: AlarmProperties): object | undefined => alarm.Metrics?.[0]?.MetricStat;

/** What a function counts in the given minutes. */
const counted = (
  dimensions: Readonly<Record<string, string>>,
  name: string,
  values: readonly number[],
  ...minutes: readonly number[]
): Datapoint[] =>
  minutes.map((minute) => ({
    namespace: 'EgainAccounts/test',
    name,
    dimensions,
    unit: 'Count',
    values,
    at: minute * MINUTE_MS,
  }));

describe('a refusal of eGain’s', () => {
  it.each([
    ['api', 'CredentialsRefusedApi', '502-901'],
    ['task', 'CredentialsRefusedTask', '502-901'],
    ['api', 'InsufficientScopeApi', '502-902'],
    ['task', 'MisconfiguredTask', '500-902'],
  ])('that %s meets sets off %s and no other', (service, alarm, code) => {
    const points = counted({ service, code }, 'Faults', [1], 0);

    const ringing = [...alarms].filter(([, one]) => goesOff(one, points)).map(([name]) => name);

    expect(ringing).toEqual([alarm]);
  });

  it('is told within a minute', () => {
    expect(named('CredentialsRefusedApi').EvaluationPeriods).toBe(1);
    expect(watchedBy(named('CredentialsRefusedApi'))).toMatchObject({ Period: 60 });
  });
});

/** Ten requests in each of three periods, of which one fails in these. */
const failing = (...minutes: number[]) => [
  ...counted({ service: 'api' }, 'ServerFaults', [1], ...minutes),
  ...counted({ service: 'api' }, 'Latency', Array.from<number>({ length: 10 }).fill(9), 0, 5, 10),
];
/** Containers that find the table away. */
const withoutTable = (...minutes: number[]) =>
  counted({ service: 'api' }, 'SharedTableFailures', [1, 1, 1], ...minutes);

describe('what comes and goes', () => {
  it.each([
    ['ServerFaultShare', failing],
    ['SharedTableUnusable', withoutTable],
  ])('sets off %s in two periods of three, and not in one', (name, points) => {
    expect(goesOff(named(name), points(0))).toBe(false);
    expect(goesOff(named(name), points(0, 10))).toBe(true);
  });
});

describe('the age of the snapshot', () => {
  it('counts by the oldest answer of a minute', () => {
    const ages = counted({ service: 'api' }, 'SnapshotAge', [10, 331, 20], 0);

    expect(goesOff(named('StaleTooLong'), ages)).toBe(true);
    expect(watchedBy(named('StaleTooLong'))).toMatchObject({ Period: 60 });
  });
});

describe('a stage', () => {
  it('whose accounts stay fresh for longer waits longer before it rings for old ones', () => {
    const { Threshold } = named('StaleTooLong', alarmsOf({ freshSeconds: 90 }));

    expect(Threshold).toBe(90 + 300);
  });

  it.each([
    [60, 5],
    [890, 15],
    [86_400, 1440],
  ])('that is renewed every %i s misses a renewal by periods of %i minutes', (seconds, minutes) => {
    const stopped = named('ScheduleStopped', alarmsOf({ refreshSeconds: seconds }));

    expect(watchedBy(stopped)).toMatchObject({ Period: 60 * minutes });
    expect(stopped.AlarmDescription).toContain(`in 3 periods of ${minutes} minutes.`);
  });
});

describe('the description of an alarm', () => {
  it.each([...alarmsOf({ refreshSeconds: 60 })])('%s says what is wrong first', (_, alarm) => {
    expect(alarm.AlarmDescription).toMatch(/^\w.{30,}\.\)? What to do: /);
  });

  it.each([
    ['CredentialsRefusedTask', '(502-901, seen by the task function.)'],
    ['ServerFaultShare', 'More than 5% of'],
    ['StaleTooLong', 'more than 5 minutes past their freshness. They turn into failures 600 s'],
    ['NearDeadline', 'takes longer than 20 of the 25 s'],
  ])('%s has its numbers: %s', (name, words) => {
    expect(named(name).AlarmDescription).toContain(words);
  });
});

it('NearDeadline looks at the slowest request in 100', () => {
  expect(watchedBy(named('NearDeadline'))).toMatchObject({ Stat: 'p99', Period: 300 });
});
