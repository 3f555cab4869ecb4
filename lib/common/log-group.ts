import type { RemovalPolicy } from 'aws-cdk-lib';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { StageConfig } from '../stage/stage-config.ts';
import { acknowledge } from './acknowledge.ts';
import { removalPolicy } from './removal-policy.ts';

/** How long a stage's log lines are kept, and what becomes of them when their stack goes. */
export interface LogKeeping {
  readonly retention: RetentionDays;
  readonly removalPolicy: RemovalPolicy;
}

export interface StageLogGroupProps extends LogKeeping {
  /** @default - one that CloudFormation makes */
  readonly logGroupName?: string;
}

export function logKeeping(config: Pick<StageConfig, 'functions' | 'removalPolicy'>): LogKeeping {
  const days = config.functions.logRetentionDays;
  return {
    retention: RetentionDays[RetentionDays[days] as keyof typeof RetentionDays],
    removalPolicy: removalPolicy(config),
  };
}

/** A log group that keeps its lines for as long as the stage config says. */
export class StageLogGroup extends LogGroup {
  constructor(scope: Construct, id: string, props: StageLogGroupProps) {
    super(scope, id, props);
    acknowledge(this, {
      'NIST.800.53.R5-CloudWatchLogGroupEncrypted':
        "CloudWatch Logs encrypts every group with the service's key. Nothing secret or personal " +
        'is logged, so a key of our own would add a way to lose logs and no protection.',
    });
  }
}
