import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { FAULTS, type FaultName } from '../../lambda/faults.ts';
import { LONGEST_MS } from '../../lambda/platform/deadline.ts';
import type { StageConfig } from '../stage/stage-config.ts';
import { type ServiceName, serviceMetrics } from './service-metrics.ts';

export interface AlarmsProps {
  readonly cache: StageConfig['cache'];
  readonly stage: string;
  /**
   * Where the runbook is, for the alarms' descriptions.
   * @default - the project's own page
   */
  readonly runbookUrl?: string | undefined;
  /** Told when an alarm goes off, and when it is over. */
  readonly topic: ITopic;
  readonly exportAccounts: IStateMachine;
}

/** Stale for longer than this, in seconds beyond the snapshot's freshness, wakes somebody. */
export const STALE_TOO_LONG_SECONDS = 300;
/** In percent of the requests. */
export const SERVER_FAULT_SHARE = 5;
/** In 5 minutes; a container that finds the table away asks it again every 10 seconds. */
const TABLE_FAILURES = 3;
/** In milliseconds; past it a slower eGain means failures. */
export const SLOW_MS = LONGEST_MS * 0.8;

/** One alarm: what it watches, and what is written in its description. */
interface Watch {
  /** Ends the alarm's name; also the heading of its section in `docs/operations.md`. */
  readonly section: string;
  /** Tells alarms of one section apart. */
  readonly suffix?: string;
  readonly means: string;
  readonly metric: IMetric;
  readonly threshold: number;
  /** @default - at the threshold or above it */
  readonly comparison?: ComparisonOperator;
  /** Whether silence is what it watches for. @default - silence is fine */
  readonly silenceBreaches?: boolean;
  /** `[2, 3]`: two of the last three periods. @default - one of one */
  readonly periods?: readonly [breaching: number, of: number];
}

const ONE_MINUTE = Duration.minutes(1);

/** For these no amount of waiting helps: somebody must act, so the first one rings. */
const AT_ONCE = {
  egainCredentialsRefused: {
    section: 'CredentialsRefused',
    means:
      "eGain refuses the product's client id or secret. Nothing is answered until it is mended.",
  },
  egainScopeInsufficient: {
    section: 'InsufficientScope',
    means: "eGain takes the product's credentials but grants them too little to read accounts.",
  },
  misconfigured: {
    section: 'Misconfigured',
    means: 'The secret is missing, unreadable or malformed, or a variable is.',
  },
} as const satisfies Partial<Record<FaultName, { section: string; means: string }>>;

/**
 * The stage's alarms. Silence is fine for all but one: without calls there is nothing to count. The
 * schedule is never silent while it runs.
 */
export class Alarms extends Construct {
  readonly all: readonly Alarm[];

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const watches = [
      ...faults(props.stage),
      ...decay(props),
      ...sharing(props),
      ...exports(props.exportAccounts),
    ];
    this.all = watches.map((watch) => this.alarm(watch, props));
  }

  private alarm(
    watch: Watch,
    { runbookUrl = 'docs/operations.md', stage, topic }: AlarmsProps,
  ): Alarm {
    const [datapointsToAlarm, evaluationPeriods] = watch.periods ?? [1, 1];
    const name = `${watch.section}${watch.suffix ?? ''}`;
    const alarm = new Alarm(this, name, {
      alarmName: `egain-accounts-${stage}-${name}`,
      alarmDescription: `${watch.means} What to do: ${runbookUrl}#${watch.section.toLowerCase()}`,
      metric: watch.metric,
      threshold: watch.threshold,
      comparisonOperator: watch.comparison ?? ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods,
      datapointsToAlarm,
      treatMissingData:
        watch.silenceBreaches === true
          ? TreatMissingData.BREACHING
          : TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(topic));
    alarm.addOkAction(new SnsAction(topic));
    return alarm;
  }
}

function faults(stage: string): Watch[] {
  const metrics = serviceMetrics(stage);
  const services: readonly ServiceName[] = ['api', 'task'];
  const rows = Object.keys(AT_ONCE) as (keyof typeof AT_ONCE)[];
  const atOnce = rows.flatMap((fault) => {
    const { section, means } = AT_ONCE[fault];
    const { code } = FAULTS[fault];
    return services.map((service) => ({
      section,
      suffix: service === 'api' ? 'Api' : 'Task',
      means: `${means} (${code}, seen by the ${service} function.)`,
      metric: metrics.of(service, 'Faults', { period: ONE_MINUTE }, code),
      threshold: 1,
    }));
  });
  return [
    ...atOnce,
    {
      section: 'ServerFaultShare',
      means: `More than ${SERVER_FAULT_SHARE}% of the partners' requests fail with 500 or above, in 2 of 3 periods of 5 minutes.`,
      metric: metrics.serverFaultShare(),
      threshold: SERVER_FAULT_SHARE,
      comparison: ComparisonOperator.GREATER_THAN_THRESHOLD,
      periods: [2, 3],
    },
    {
      section: 'AuthorizerFailures',
      means: "The authorizer can't decide who gets in, so valid partners are answered 500-901.",
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
  ];
}

function decay({ cache, stage }: AlarmsProps): Watch[] {
  const metrics = serviceMetrics(stage);
  const oldest = cache.freshSeconds + STALE_TOO_LONG_SECONDS;
  return [
    {
      section: 'StaleTooLong',
      means: `eGain has not given a whole list for so long that answers are more than ${STALE_TOO_LONG_SECONDS / 60} minutes past their freshness. They turn into failures ${cache.staleSeconds} s after the last whole list.`,
      // The age itself, so that one answer is enough however few are asked for.
      metric: metrics.of('api', 'SnapshotAge', { statistic: 'Maximum', period: ONE_MINUTE }),
      threshold: oldest,
      comparison: ComparisonOperator.GREATER_THAN_THRESHOLD,
    },
    {
      section: 'NearDeadline',
      means: `1 request in 100 takes longer than ${SLOW_MS / 1000} of the ${LONGEST_MS / 1000} s that an answer may take, in 2 of 3 periods of 5 minutes.`,
      metric: metrics.of('api', 'Latency', { statistic: 'p99' }),
      threshold: SLOW_MS,
      periods: [2, 3],
    },
  ];
}

/** What containers share, and what renews it. */
function sharing({ cache, stage }: AlarmsProps): Watch[] {
  const metrics = serviceMetrics(stage);
  const { refreshSeconds } = cache;
  const watches: Watch[] = [
    {
      section: 'SharedTableUnusable',
      means:
        'Containers cannot use the table that they share, in 2 of 3 periods of 5 minutes. Each goes on alone, so eGain is asked by all of them.',
      metric: metrics.of('api', 'SharedTableFailures'),
      threshold: TABLE_FAILURES,
      periods: [2, 3],
    },
  ];
  if (refreshSeconds !== undefined) {
    // In whole minutes, and no more than the day that CloudWatch takes.
    const minutes = Math.min(Math.max(5, Math.ceil(refreshSeconds / 60)), 24 * 60);
    watches.push({
      section: 'ScheduleStopped',
      means: `The schedule has renewed no snapshot in 3 periods of ${minutes} minutes. Requests renew it again, and wait for eGain.`,
      metric: metrics.of('refresh', 'ScheduledRenewals', { period: Duration.minutes(minutes) }),
      threshold: 1,
      comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
      silenceBreaches: true,
      periods: [3, 3],
    });
  }
  return watches;
}

/** Step Functions' own metrics: a run that fails in Step Functions runs no code of ours. */
function exports(exportAccounts: IStateMachine): Watch[] {
  return [
    {
      section: 'ExportFailed',
      means: 'A run of ExportAccounts failed and has written no manifest.',
      metric: exportAccounts.metricFailed({ period: Duration.minutes(5) }),
      threshold: 1,
    },
    {
      section: 'ExportFailed',
      suffix: 'ByTime',
      means: 'A run of ExportAccounts took longer than it may and has written no manifest.',
      metric: exportAccounts.metricTimedOut({ period: Duration.minutes(5) }),
      threshold: 1,
    },
  ];
}
