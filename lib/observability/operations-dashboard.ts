import { Aws, Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { LONGEST_MS } from '../../lambda/platform/deadline.ts';
import type { MetricName } from '../../lambda/platform/metrics.ts';
import type { StageConfig } from '../stage/stage-config.ts';
import { freshUntilSeconds, SERVER_FAULT_SHARE, SLOW_MS, tooOldSeconds } from './alarms.ts';
import { StageMetrics } from './stage-metrics.ts';

export interface OperationsDashboardProps {
  readonly cache: StageConfig['cache'];
  readonly stage: string;
  readonly alarms: readonly cloudwatch.Alarm[];
  readonly functions: readonly IFunction[];
  readonly exportAccounts: IStateMachine;
}

const PERIOD = Duration.minutes(5);
const P50 = { statistic: 'p50', label: 'p50' };
const P99 = { statistic: 'p99', label: 'p99' };

/** One page about a stage: the partners' side first, then the snapshot, eGain and workflows. */
export class OperationsDashboard extends Construct {
  constructor(scope: Construct, id: string, props: OperationsDashboardProps) {
    super(scope, id);
    const { stage, alarms } = props;
    const metrics = new StageMetrics(stage);
    new cloudwatch.Dashboard(this, 'Dashboard', {
      // Names of dashboards are unique in the account, across its regions.
      dashboardName: `egain-accounts-${stage}-${Aws.REGION}`,
      defaultInterval: Duration.hours(12),
      widgets: [
        [
          new cloudwatch.AlarmStatusWidget({
            title: 'Alarms',
            alarms: [...alarms],
            width: 24,
            height: 3,
          }),
        ],
        ...partners(metrics),
        snapshot(metrics, props.cache),
        upstream(metrics),
        workflows(metrics, props),
        [
          new cloudwatch.TextWidget({
            markdown: 'What each alarm means and what to do: `docs/operations.md`, Runbook.',
            width: 24,
            height: 1,
          }),
        ],
      ],
    });
  }
}

function partners(metrics: StageMetrics): cloudwatch.IWidget[][] {
  const everyone = [
    graph('Requests', [metrics.requests('api')], {
      right: [metrics.serverFaultShare()],
      rightAnnotations: [{ value: SERVER_FAULT_SHARE, label: 'alarm' }],
    }),
    graph('Errors by code', [metrics.byDimension('Faults', 'api')], {
      right: [metrics.ofGateway('GatewayFaults', "the gateway's own 5xx")],
    }),
    graph('Latency, ms', [metrics.of('api', 'Latency', P50), metrics.of('api', 'Latency', P99)], {
      leftAnnotations: [
        { value: SLOW_MS, label: 'alarm' },
        { value: LONGEST_MS, label: 'deadline' },
      ],
    }),
  ];
  const each = [
    graph('Requests by partner', [metrics.byDimension('PartnerRequests')]),
    graph('Failed requests by partner', [metrics.byDimension('PartnerFaults')]),
    graph('Throttled or over quota, by partner', [metrics.byDimension('PartnerThrottles')]),
    graph('Authorizer', metrics.each('authorizer', 'TokensRefused', 'AuthorizerFailures')),
  ];
  return [everyone, each];
}

function snapshot(metrics: StageMetrics, cache: StageConfig['cache']): cloudwatch.IWidget[] {
  const hitShare = new cloudwatch.MathExpression({
    expression: '100 * (answers - FILL(misses, 0) - FILL(stale, 0)) / answers',
    usingMetrics: {
      answers: metrics.of('api', 'SnapshotAge', { statistic: 'SampleCount' }),
      misses: metrics.of('api', 'CacheMisses'),
      stale: metrics.of('api', 'StaleAnswers'),
    },
    label: 'From memory, %',
    period: PERIOD,
  });
  const age = metrics.of('api', 'SnapshotAge', { statistic: 'Maximum' });
  return [
    graph('Age of the snapshot, s', [age], {
      leftAnnotations: [
        { value: freshUntilSeconds(cache), label: 'fresh' },
        { value: tooOldSeconds(cache), label: 'alarm' },
      ],
    }),
    graph('Stale answers', metrics.each('api', 'StaleAnswers')),
    graph('Answers from a fresh snapshot', [hitShare]),
    graph(
      'Renewed for all containers',
      metrics.each('api', 'Renewals', 'LocksLost', 'RenewalWaits'),
      { right: metrics.each('refresh', 'ScheduledRenewals') },
    ),
    graph(
      'Not asked, and not shared',
      metrics.each('api', 'RememberedFailures', 'CallsDeferred', 'SharedTableFailures'),
    ),
  ];
}

function upstream(metrics: StageMetrics): cloudwatch.IWidget[] {
  const both = (name: MetricName) =>
    (['api', 'task'] as const).map((service) =>
      metrics.of(service, name, { label: `${name}, ${service}` }),
    );
  return [
    graph('Calls of eGain', both('UpstreamCalls'), {
      right: [
        metrics.of('api', 'DuplicateAccounts', { label: 'accounts met twice' }),
        metrics.of('api', 'MalformedFields', { label: 'fields left out' }),
      ],
    }),
    graph('Latency of eGain, ms', [
      metrics.of('api', 'UpstreamLatency', P50),
      metrics.of('api', 'UpstreamLatency', P99),
    ]),
    graph('Token renewals and reads of the secret', [
      ...both('TokenRequests'),
      ...both('SecretReads'),
    ]),
  ];
}

function workflows(
  metrics: StageMetrics,
  { functions, exportAccounts }: OperationsDashboardProps,
): cloudwatch.IWidget[] {
  const period = { period: PERIOD };
  const busy = { ...period, statistic: 'Maximum' };
  return [
    graph('Runs of the task', [metrics.requests('task', 'Runs')], {
      right: [metrics.byDimension('Faults', 'task')],
    }),
    graph('Runs of ExportAccounts', [
      exportAccounts.metricStarted(period),
      exportAccounts.metricSucceeded(period),
      exportAccounts.metricFailed(period),
      exportAccounts.metricTimedOut(period),
    ]),
    graph(
      'Containers at a time',
      functions.map((one) => one.metric('ConcurrentExecutions', busy)),
      { right: functions.map((one) => one.metricThrottles({ ...period, label: 'throttled' })) },
    ),
  ];
}

function graph(
  title: string,
  left: cloudwatch.IMetric[],
  options: Pick<cloudwatch.GraphWidgetProps, 'right' | 'leftAnnotations' | 'rightAnnotations'> = {},
): cloudwatch.GraphWidget {
  return new cloudwatch.GraphWidget({
    title,
    left,
    width: 8,
    legendPosition: cloudwatch.LegendPosition.BOTTOM,
    leftYAxis: { min: 0, showUnits: false },
    rightYAxis: { min: 0, showUnits: false },
    ...options,
  });
}
