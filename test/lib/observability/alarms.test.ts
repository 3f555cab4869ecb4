import { Match } from 'aws-cdk-lib/assertions';
import { expect, it } from 'vitest';
import { RELEASE_ALARMS } from '../../../lib/stage/stage-name.ts';
import type { AlarmProperties } from '../../support/cloudwatch.ts';
import { FULL_STAGE, PLAIN_STAGE, propertiesById, synthesised } from '../../support/stage.ts';

const { observability: plain } = synthesised(PLAIN_STAGE);
const { observability: full } = synthesised(FULL_STAGE);

/** The metrics that an alarm looks at: what its math is, or name, dimensions, statistic, period. */
function metricsOf(alarm: AlarmProperties): string[] {
  const { Namespace = '', MetricName = '', Dimensions = [], Period = 0, Statistic = '' } = alarm;
  const plainMetric = { Metric: { Namespace, MetricName, Dimensions }, Period, Stat: Statistic };
  const queries: AlarmProperties['Metrics'] = alarm.Metrics ?? [
    { Id: '', MetricStat: plainMetric },
  ];
  return queries.map(({ Id, Expression, MetricStat: one }) => {
    if (Expression !== undefined) return Expression;
    const { Namespace: namespace, MetricName: name, Dimensions: own = [] } = one?.Metric ?? {};
    const values = own.map(({ Name, Value }) => (typeof Value === 'string' ? Value : Name));
    const short = namespace === 'EgainAccounts/test' ? [] : [namespace];
    const id = alarm.Metrics && alarm.Metrics.length > 1 ? [`${Id}:`] : [];
    return [...id, ...short, name, ...values, one?.Stat, one?.Period].join(' ');
  });
}

const SIGNS: Readonly<Record<string, string>> = {
  GreaterThanOrEqualToThreshold: '>=',
  GreaterThanThreshold: '>',
  LessThanThreshold: '<',
};

/** What sets off the alarms of a stage, by their names without the stage's. */
function alarmsOf(stageConfig: object): Readonly<Record<string, string>> {
  const found = propertiesById<AlarmProperties>(
    synthesised(stageConfig).observability,
    'AWS::CloudWatch::Alarm',
  );
  return Object.fromEntries(
    Object.values(found).map((alarm) => [
      alarm.AlarmName.replace(/^egain-accounts-test-/, ''),
      [
        metricsOf(alarm).join(', '),
        `${SIGNS[alarm.ComparisonOperator]} ${alarm.Threshold},`,
        `${alarm.DatapointsToAlarm} of ${alarm.EvaluationPeriods}`,
        ...(alarm.TreatMissingData === 'notBreaching' ? [] : [alarm.TreatMissingData]),
      ].join(' '),
    ]),
  );
}
const withCache = (cache: object) => alarmsOf({ ...PLAIN_STAGE, cache });

it('the alarms go off at these thresholds, in so many of the last periods, and not in silence', () => {
  expect(alarmsOf(PLAIN_STAGE)).toEqual({
    CredentialsRefusedApi: 'Faults 502-901 api Sum 60 >= 1, 1 of 1',
    CredentialsRefusedTask: 'Faults 502-901 task Sum 60 >= 1, 1 of 1',
    InsufficientScopeApi: 'Faults 502-902 api Sum 60 >= 1, 1 of 1',
    InsufficientScopeTask: 'Faults 502-902 task Sum 60 >= 1, 1 of 1',
    MisconfiguredApi: 'Faults 500-902 api Sum 60 >= 1, 1 of 1',
    MisconfiguredTask: 'Faults 500-902 task Sum 60 >= 1, 1 of 1',
    ServerFaultShare:
      '100 * faults / requests, faults: ServerFaults api Sum 300, ' +
      'requests: Latency api SampleCount 300 > 5, 2 of 3',
    AuthorizerFailures: 'AuthorizerFailures authorizer Sum 300 >= 1, 1 of 1',
    GatewayFaults: 'GatewayFaults Sum 300 >= 1, 1 of 1',
    InternalErrors:
      'FILL(api, 0) + FILL(task, 0), api: Faults 500-901 api Sum 60, ' +
      'task: Faults 500-901 task Sum 60 >= 1, 1 of 1',
    StaleTooLong: 'SnapshotAge api Maximum 60 > 330, 1 of 1',
    NearDeadline: 'Latency api p99 300 >= 20000, 2 of 3',
    SharedTableUnusable: 'SharedTableFailures api Sum 300 >= 3, 2 of 3',
    ExportFailed: 'AWS/States ExecutionsFailed StateMachineArn Sum 300 >= 1, 1 of 1',
    ExportFailedByTime: 'AWS/States ExecutionsTimedOut StateMachineArn Sum 300 >= 1, 1 of 1',
  });
});

it.each([
  [{ freshSeconds: 90 }, 390],
  [{ refreshSeconds: 60 }, 420],
  [{ refreshSeconds: 420 }, 540],
  [{ refreshSeconds: 540 }, 600],
])('an answer is too old by freshness or schedule: %j', (cache, seconds) => {
  expect(withCache(cache)['StaleTooLong']).toContain(`> ${seconds}`);
});

it.each([
  [60, 5],
  [890, 15],
  [86_340, 1439],
])('a schedule of %i s has stopped after 3 silent periods of %i minutes', (seconds, minutes) => {
  const cache = { refreshSeconds: seconds, staleSeconds: 86_400 };
  expect(withCache(cache)['ScheduleStopped']).toBe(
    `ScheduledRenewals refresh Sum ${60 * minutes} < 1, 3 of 3 breaching`,
  );
});

it('those that a release can set off are among them, and no more than CloudFormation takes', () => {
  expect(Object.keys(alarmsOf(PLAIN_STAGE))).toEqual(expect.arrayContaining([...RELEASE_ALARMS]));
  expect(RELEASE_ALARMS.length).toBeLessThanOrEqual(5);
});

it('the alarms lead to the runbook that the stage config names, else to ours', () => {
  full.allResourcesProperties('AWS::CloudWatch::Alarm', {
    AlarmDescription: Match.stringLikeRegexp('https://wiki.example.com/runbook#[a-z]+$'),
  });
  plain.allResourcesProperties('AWS::CloudWatch::Alarm', {
    AlarmDescription: Match.stringLikeRegexp('docs/operations.md#[a-z]+$'),
  });
});

it('the alarms tell the topic when they go off and when they are over', () => {
  const [topic] = Object.keys(plain.findResources('AWS::SNS::Topic'));

  plain.allResourcesProperties('AWS::CloudWatch::Alarm', {
    AlarmActions: [{ Ref: topic }],
    OKActions: [{ Ref: topic }],
  });
});
