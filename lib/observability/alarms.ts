import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { FAULTS, type FaultName } from '../../lambda/faults.ts';
import { SCHEDULE_LATE_MS } from '../../lambda/platform/config.ts';
import { LONGEST_MS } from '../../lambda/platform/deadline.ts';
import { refuse } from '../common/limits.ts';
import type { StageProps } from '../common/stage-stack.ts';
import type { StageConfig } from '../stage/stage-config.ts';
import { alarmName } from '../stage/stage-name.ts';
import { StageMetrics } from './stage-metrics.ts';

export interface AlarmsProps extends StageProps {
  /** Told when an alarm goes off, and when it is over. */
  readonly topic: ITopic;
  readonly exportAccounts: IStateMachine;
}

/** How far past its freshness, or its schedule, a snapshot may be before an alarm. */
const STALE_TOO_LONG_SECONDS = 300;
/** How long an alarm comes before the end of stale answers, where that is near. */
const WARNING_SECONDS = 60;

/** Up to which age, in seconds, the answers of a stage that is well may be. */
export function freshUntilSeconds({ freshSeconds, refreshSeconds }: StageConfig['cache']): number {
  if (refreshSeconds === undefined) return freshSeconds;
  return Math.max(freshSeconds, refreshSeconds + SCHEDULE_LATE_MS / 1000);
}

/** An answer that is older than this, in seconds, sets off an alarm. */
export function tooOldSeconds(cache: StageConfig['cache']): number {
  const freshUntil = freshUntilSeconds(cache);
  const usual = freshUntil + STALE_TOO_LONG_SECONDS;
  if (cache.refreshSeconds === undefined) return usual;
  return Math.max(freshUntil, Math.min(usual, cache.staleSeconds - WARNING_SECONDS));
}
/** In percent of the requests. */
export const SERVER_FAULT_SHARE = 5;
/** In milliseconds; if eGain gets slower than this, requests fail. */
export const SLOW_MS = LONGEST_MS * 0.8;
/** @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html */
const DESCRIPTION_LENGTH = 1024;
const ONE_MINUTE = Duration.minutes(1);

/** One alarm: what its description says, and its metric. */
interface Watch {
  /** The alarm's name, and the heading of its section in `docs/operations.md`. */
  readonly section: string;
  /** Tells apart the alarms of one section. @default - none */
  readonly suffix?: string;
  readonly means: string;
  readonly metric: cloudwatch.IMetric;
  readonly threshold: number;
  /** @default - at or above the threshold */
  readonly comparison?: cloudwatch.ComparisonOperator;
  /** Whether silence sets it off. @default - silence is fine: without calls nothing is counted */
  readonly silenceBreaches?: boolean;
  /** `[2, 3]`: two of the last three periods. @default - one of one */
  readonly periods?: readonly [breaching: number, of: number];
}

/** The stage's alarms. */
export class Alarms extends Construct {
  readonly all: readonly cloudwatch.Alarm[];

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const { config, stage, exportAccounts } = props;
    const metrics = new StageMetrics(stage);
    const watches = [...refusals(metrics), ...failures(metrics, config.cache, exportAccounts)];
    checkDescriptions(watches, props);
    this.all = watches.map((watch) => this.alarm(watch, props));
  }

  private alarm(watch: Watch, { config, stage, topic }: AlarmsProps): cloudwatch.Alarm {
    const {
      section,
      suffix = '',
      periods: [datapointsToAlarm, evaluationPeriods] = [1, 1],
    } = watch;
    const alarm = new cloudwatch.Alarm(this, `${section}${suffix}`, {
      alarmName: alarmName(stage, `${section}${suffix}`),
      alarmDescription: describe(watch, config),
      metric: watch.metric,
      threshold: watch.threshold,
      comparisonOperator:
        watch.comparison ?? cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods,
      datapointsToAlarm,
      treatMissingData: watch.silenceBreaches
        ? cloudwatch.TreatMissingData.BREACHING
        : cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(topic));
    alarm.addOkAction(new SnsAction(topic));
    return alarm;
  }
}

function describe({ means, section }: Watch, { alarms }: StageConfig): string {
  const runbook = alarms.runbookUrl ?? 'docs/operations.md';
  return `${means} What to do: ${runbook}#${section.toLowerCase()}`;
}

/** @throws StageConfigError for a runbook's URL for which a description has no room */
function checkDescriptions(watches: readonly Watch[], props: AlarmsProps): void {
  const { runbookUrl = '' } = props.config.alarms;
  const longest = Math.max(...watches.map((watch) => describe(watch, props.config).length));
  if (longest <= DESCRIPTION_LENGTH) return;
  const room = runbookUrl.length - (longest - DESCRIPTION_LENGTH);
  const expected =
    `at most ${room} characters, not ${runbookUrl.length}: it is part of the descriptions of ` +
    `alarms, which hold ${DESCRIPTION_LENGTH}`;
  refuse(props, 'alarms.runbookUrl', expected);
}

/** Waiting does not help against these faults, so the first one sets off its alarm. */
const REFUSALS: readonly (readonly [fault: FaultName, section: string, means: string])[] = [
  [
    'egainCredentialsRefused',
    'CredentialsRefused',
    "eGain refuses the product's client id or secret. Every request fails until it is fixed.",
  ],
  [
    'egainScopeInsufficient',
    'InsufficientScope',
    "eGain accepts the product's credentials but does not let them read accounts.",
  ],
  [
    'misconfigured',
    'Misconfigured',
    'The secret is missing, unreadable or malformed, or a variable is.',
  ],
];

function refusals(metrics: StageMetrics): Watch[] {
  return REFUSALS.flatMap(([fault, section, means]) => {
    const { code } = FAULTS[fault];
    return (['api', 'task'] as const).map((service) => ({
      section,
      suffix: service === 'api' ? 'Api' : 'Task',
      means: `${means} (${code}, seen by the ${service} function.)`,
      metric: metrics.of(service, 'Faults', { period: ONE_MINUTE }, code),
      threshold: 1,
    }));
  });
}

function failures(
  metrics: StageMetrics,
  cache: StageConfig['cache'],
  exportAccounts: IStateMachine,
): Watch[] {
  const period = { period: Duration.minutes(5) };
  return [
    {
      section: 'ServerFaultShare',
      means: `More than ${SERVER_FAULT_SHARE}% of the partners' requests fail with 500 or above, in 2 of 3 periods of 5 minutes.`,
      metric: metrics.serverFaultShare(),
      threshold: SERVER_FAULT_SHARE,
      comparison: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      periods: [2, 3],
    },
    {
      section: 'AuthorizerFailures',
      means: "The authorizer can't decide who gets in, so valid partners get 500-901.",
      metric: metrics.of('authorizer', 'AuthorizerFailures'),
      threshold: 1,
    },
    {
      section: 'GatewayFaults',
      means:
        'API Gateway answers 500 or above by itself: a function crashed, ran out of time, or could not be invoked.',
      metric: metrics.ofGateway('GatewayFaults'),
      threshold: 1,
    },
    {
      section: 'InternalErrors',
      means: `A function fails by a fault of its own. (${FAULTS.internalError.code})`,
      metric: metrics.internalErrors(),
      threshold: 1,
    },
    {
      section: 'StaleTooLong',
      means: `eGain has given no whole list for so long that answers are well past their freshness or their schedule. They become failures ${cache.staleSeconds} s after the last whole list.`,
      // The age itself, so that one answer is enough, however few are asked for.
      metric: metrics.of('api', 'SnapshotAge', { statistic: 'Maximum', period: ONE_MINUTE }),
      threshold: tooOldSeconds(cache),
      comparison: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    },
    {
      section: 'NearDeadline',
      means: `1 request in 100 takes longer than ${SLOW_MS / 1000} of the ${LONGEST_MS / 1000} s that an answer may take, in 2 of 3 periods of 5 minutes.`,
      metric: metrics.of('api', 'Latency', { statistic: 'p99' }),
      threshold: SLOW_MS,
      periods: [2, 3],
    },
    {
      section: 'SharedTableUnusable',
      means:
        'Containers cannot use the table that they share, in 2 of 3 periods of 5 minutes. Each goes on alone, so eGain is asked by all of them.',
      metric: metrics.of('api', 'SharedTableFailures'),
      // A container without the table tries it again every 10 seconds.
      threshold: 3,
      periods: [2, 3],
    },
    ...stoppedSchedule(metrics, cache),
    // Step Functions' own metrics: a run that fails there may never reach our code.
    {
      section: 'ExportFailed',
      means: 'A run of ExportAccounts failed and has written no manifest.',
      metric: exportAccounts.metricFailed(period),
      threshold: 1,
    },
    {
      section: 'ExportFailed',
      suffix: 'ByTime',
      means: 'A run of ExportAccounts took longer than it may and has written no manifest.',
      metric: exportAccounts.metricTimedOut(period),
      threshold: 1,
    },
  ];
}

function stoppedSchedule(metrics: StageMetrics, { refreshSeconds }: StageConfig['cache']): Watch[] {
  if (refreshSeconds === undefined) return [];
  // In whole minutes; CloudWatch takes a day at most.
  const minutes = Math.min(Math.max(5, Math.ceil(refreshSeconds / 60)), 24 * 60);
  return [
    {
      section: 'ScheduleStopped',
      means: `The schedule has renewed no snapshot in 3 periods of ${minutes} minutes. Requests renew it again, and wait for eGain.`,
      metric: metrics.of('refresh', 'ScheduledRenewals', { period: Duration.minutes(minutes) }),
      threshold: 1,
      comparison: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
      silenceBreaches: true,
      periods: [3, 3],
    },
  ];
}
