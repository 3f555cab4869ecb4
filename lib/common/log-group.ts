import { LogGroup, type LogGroupProps, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { StageConfig } from '../stage/stage-config.ts';
import { acknowledge } from './acknowledge.ts';
import { removalPolicy } from './removal-policy.ts';

/** A log group that keeps its lines for as long as the stage config says. */
export class StageLogGroup extends LogGroup {
  constructor(
    scope: Construct,
    id: string,
    config: StageConfig,
    props: Pick<LogGroupProps, 'logGroupName'> = {},
  ) {
    const days = config.functions.logRetentionDays;
    super(scope, id, {
      ...props,
      retention: RetentionDays[RetentionDays[days] as keyof typeof RetentionDays],
      removalPolicy: removalPolicy(config),
    });
    acknowledge(this, {
      'NIST.800.53.R5-CloudWatchLogGroupEncrypted':
        "CloudWatch Logs encrypts every group with the service's key. Nothing secret or personal " +
        'is logged, so a key of our own would add a way to lose logs and no protection.',
    });
  }
}
