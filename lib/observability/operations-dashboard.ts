import { Aws, Duration } from 'aws-cdk-lib';
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type HorizontalAnnotation,
  type IMetric,
  type IWidget,
  LegendPosition,
  MathExpression,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { LONGEST_MS } from '../../lambda/platform/deadline.ts';
import { SERVER_FAULT_SHARE, SLOW_MS, STALE_TOO_LONG_SECONDS } from './alarms.ts';
import { StageMetrics } from './stage-metrics.ts';

export interface OperationsDashboardProps {
  readonly freshSeconds: number;
  readonly stage: string;
  readonly alarms: readonly Alarm[];
  readonly functions: readonly IFunction[];
  readonly exportAccounts: IStateMachine;
}

const PERIOD = Duration.minutes(5);
const WIDTH = 8;
const MAXIMUM = { statistic: 'Maximum' };
const P50 = { statistic: 'p50', label: 'p50' };
const P99 = { statistic: 'p99', label: 'p99' };

/** One page about a stage: the partners' side first, then the snapshot, eGain and workflows. */
export class OperationsDashboard extends Construct {
  constructor(scope: Construct, id: string, props: OperationsDashboardProps) {
    super(scope, id);
    const { stage, alarms } = props;
    const metrics = new StageMetrics(stage);
    const dashboard = new Dashboard(this, 'Dashboard', {
      // Names of dashboards are unique in the account, across its regions.
      dashboardName: `egain-accounts-${stage}-${Aws.REGION}`,
      defaultInterval: Duration.hours(12),
    });
    dashboard.addWidgets(
      new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: 24, height: 3 }),
    );
    dashboard.addWidgets(...partnerSide(metrics));
    dashboard.addWidgets(...partners(metrics));
    dashboard.addWidgets(...snapshot(metrics, props.freshSeconds));
    dashboard.addWidgets(...upstream(metrics));
    dashboard.addWidgets(...workflows(metrics, props));
    dashboard.addWidgets(
      new TextWidget({
        markdown: 'What each alarm means and what to do: `docs/operations.md`, Runbook.',
        width: 24,
        height: 1,
      }),
    );
  }
}

function partnerSide(metrics: StageMetrics): IWidget[] {
  return [
    graph('Requests', [metrics.requests('api')], {
      right: [metrics.serverFaultShare()],
      rightAnnotations: [line(SERVER_FAULT_SHARE, 'alarm')],
    }),
    graph('Errors by code', [metrics.byDimension('Faults', 'api')], {
      right: [metrics.ofGateway('GatewayFaults', "the gateway's own 5xx")],
    }),
    graph('Latency, ms', [metrics.of('api', 'Latency', P50), metrics.of('api', 'Latency', P99)], {
      leftAnnotations: [line(SLOW_MS, 'alarm'), line(LONGEST_MS, 'deadline')],
    }),
  ];
}

function partners(metrics: StageMetrics): IWidget[] {
  return [
    graph('Requests by partner', [metrics.byDimension('PartnerRequests')]),
    graph('Failed requests by partner', [metrics.byDimension('PartnerFaults')]),
    graph('Throttled or over quota, by partner', [metrics.byDimension('PartnerThrottles')]),
    graph('Authorizer', [
      metrics.of('authorizer', 'TokensRefused'),
      metrics.of('authorizer', 'AuthorizerFailures'),
    ]),
  ];
}

function snapshot(metrics: StageMetrics, freshSeconds: number): IWidget[] {
  const hitShare = new MathExpression({
    expression: '100 * (answers - FILL(misses, 0) - FILL(stale, 0)) / answers',
    usingMetrics: {
      answers: metrics.of('api', 'SnapshotAge', { statistic: 'SampleCount' }),
      misses: metrics.of('api', 'CacheMisses'),
      stale: metrics.of('api', 'StaleAnswers'),
    },
    label: 'From memory, %',
    period: PERIOD,
  });
  return [
    graph('Age of the snapshot, s', [metrics.of('api', 'SnapshotAge', MAXIMUM)], {
      leftAnnotations: [
        line(freshSeconds, 'fresh'),
        line(freshSeconds + STALE_TOO_LONG_SECONDS, 'alarm'),
      ],
    }),
    graph('Stale answers', [metrics.of('api', 'StaleAnswers')]),
    graph('Answers from a fresh snapshot', [hitShare]),
    graph(
      'Renewed for all containers',
      (['Renewals', 'LocksLost', 'RenewalWaits'] as const).map((name) => metrics.of('api', name)),
      { right: [metrics.of('refresh', 'ScheduledRenewals')] },
    ),
    graph(
      'Not asked, and not shared',
      (['RememberedFailures', 'CallsDeferred', 'SharedTableFailures'] as const).map((name) =>
        metrics.of('api', name),
      ),
    ),
  ];
}

function upstream(metrics: StageMetrics): IWidget[] {
  const both = (name: 'UpstreamCalls' | 'TokenRequests' | 'SecretReads') => [
    metrics.of('api', name, { label: `${name}, api` }),
    metrics.of('task', name, { label: `${name}, task` }),
  ];
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
): IWidget[] {
  const period = { period: PERIOD };
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
      functions.map((one) =>
        one.metric('ConcurrentExecutions', { ...period, statistic: 'Maximum' }),
      ),
      { right: functions.map((one) => one.metricThrottles({ ...period, label: 'throttled' })) },
    ),
  ];
}

interface GraphOptions {
  readonly right?: IMetric[];
  readonly leftAnnotations?: HorizontalAnnotation[];
  readonly rightAnnotations?: HorizontalAnnotation[];
}

function graph(title: string, left: IMetric[], options: GraphOptions = {}): GraphWidget {
  return new GraphWidget({
    title,
    left,
    width: WIDTH,
    legendPosition: LegendPosition.BOTTOM,
    leftYAxis: { min: 0, showUnits: false },
    rightYAxis: { min: 0, showUnits: false },
    ...options,
  });
}

function line(value: number, label: string): HorizontalAnnotation {
  return { value, label };
}
