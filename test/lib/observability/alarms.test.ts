import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { type AlarmProperties, type Datapoint, goesOff } from '../../support/cloudwatch.ts';
import { FULL_STAGE, PLAIN_STAGE, propertiesById, synthesised } from '../../support/stage.ts';

const MINUTE_MS = 60_000;

/** The alarms of a stage, by their names without the stage's. */
function alarmsOf(stageConfig: object): ReadonlyMap<string, AlarmProperties> {
  const { observability } = synthesised(stageConfig);
  const found = propertiesById<AlarmProperties>(observability, 'AWS::CloudWatch::Alarm');
  return new Map(
    Object.values(found).map((alarm) => [
      alarm.AlarmName.replace(/^egain-accounts-test-/, ''),
      alarm,
    ]),
  );
}

const { observability: plain } = synthesised(PLAIN_STAGE);
const { observability: full } = synthesised(FULL_STAGE);
const alarms = alarmsOf(PLAIN_STAGE);
const fullAlarms = alarmsOf(FULL_STAGE);
const withCache = (cache: object) => alarmsOf({ ...PLAIN_STAGE, cache });
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

describe('a refusal by eGain', () => {
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

describe('the thresholds', () => {
  it('of old answers follow the freshness of the stage, for the oldest answer of a minute', () => {
    const ages = counted({ service: 'api' }, 'SnapshotAge', [10, 331, 20], 0);

    expect(goesOff(named('StaleTooLong'), ages)).toBe(true);
    expect(watchedBy(named('StaleTooLong'))).toMatchObject({ Period: 60 });
    expect(named('StaleTooLong').Threshold).toBe(30 + 300);
    expect(named('StaleTooLong', withCache({ freshSeconds: 90 })).Threshold).toBe(90 + 300);
  });

  it.each([
    [60, 5],
    [890, 15],
    [86_400, 1440],
  ])('of a schedule of %i s are 3 silent periods of %i minutes', (refreshSeconds, minutes) => {
    const stopped = named('ScheduleStopped', withCache({ refreshSeconds }));

    expect(stopped).toMatchObject({
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
      EvaluationPeriods: 3,
    });
    expect(watchedBy(stopped)).toMatchObject({ Period: 60 * minutes });
    expect(stopped.AlarmDescription).toContain(`in 3 periods of ${minutes} minutes.`);
  });

  it('of slow answers are 20 s for the slowest in 100, in 2 of 3 periods', () => {
    expect(named('NearDeadline')).toMatchObject({
      Threshold: 20_000,
      EvaluationPeriods: 3,
      DatapointsToAlarm: 2,
    });
    expect(watchedBy(named('NearDeadline'))).toMatchObject({ Stat: 'p99', Period: 300 });
  });
});

describe('silence', () => {
  it('sets off no alarm but that of the schedule, which only a stage with one has', () => {
    const silent = [...fullAlarms].filter(([, one]) => one.TreatMissingData === 'breaching');

    expect(silent.map(([name]) => name)).toEqual(['ScheduleStopped']);
    plain.allResourcesProperties('AWS::CloudWatch::Alarm', { TreatMissingData: 'notBreaching' });
    expect([...alarms.keys()]).not.toContain('ScheduleStopped');
  });
});

describe('the alarms', () => {
  it('lead to the runbook that the stage config names, else to ours', () => {
    full.allResourcesProperties('AWS::CloudWatch::Alarm', {
      AlarmDescription: Match.stringLikeRegexp('https://wiki.example.com/runbook#[a-z]+$'),
    });
    plain.allResourcesProperties('AWS::CloudWatch::Alarm', {
      AlarmDescription: Match.stringLikeRegexp('docs/operations.md#[a-z]+$'),
    });
  });

  it('tell the topic when they go off and when they are over', () => {
    const [topic] = Object.keys(plain.findResources('AWS::SNS::Topic'));

    plain.allResourcesProperties('AWS::CloudWatch::Alarm', {
      AlarmActions: [{ Ref: topic }],
      OKActions: [{ Ref: topic }],
    });
  });

  it('watch the metrics of this stage alone', () => {
    const namespaces = JSON.stringify([...alarms.values()]).match(/"Namespace":"[^"]+"/g);

    expect(new Set(namespaces)).toEqual(
      new Set(['"Namespace":"EgainAccounts/test"', '"Namespace":"AWS/States"']),
    );
  });
});
