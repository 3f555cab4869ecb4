import { RemovalPolicy, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { StageConfig } from '../stage/stage-config.ts';
import { acknowledge } from './acknowledge.ts';

/** What every stack of a stage is made from. */
export interface StageProps {
  readonly config: StageConfig;
  /** The stage's name. */
  readonly stage: string;
}

/** A stack of a stage: tagged, with all that is in it, and deployed as the stage config says. */
export class StageStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { config, stage }: StageProps,
    props: Pick<StackProps, 'description' | 'terminationProtection'>,
  ) {
    const { account, region } = config.aws;
    const tags = { application: 'egain-accounts', stage, ...config.aws.tags };
    super(scope, id, {
      ...props,
      env: { ...(account && { account }), ...(region && { region }) },
      tags,
    });
    // CloudFormation does not hand a stack's tags on to every type of resource that takes some.
    for (const [key, value] of Object.entries(tags)) Tags.of(this).add(key, value);
  }
}

/**
 * What CloudFormation does with state (secret, key, user pool, logs) that leaves its stack. A first
 * deploy that fails always cleans up after itself, so that nothing obstructs the next one.
 */
export function removalPolicy(config: Pick<StageConfig, 'removalPolicy'>): RemovalPolicy {
  return config.removalPolicy === 'destroy'
    ? RemovalPolicy.DESTROY
    : RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;
}

/** A log group that keeps its lines for as long as the stage config says. */
export class StageLogGroup extends LogGroup {
  /** @param logGroupName without it, CloudFormation makes one */
  constructor(scope: Construct, id: string, config: StageConfig, logGroupName?: string) {
    const days = config.functions.logRetentionDays;
    super(scope, id, {
      retention: RetentionDays[RetentionDays[days] as keyof typeof RetentionDays],
      removalPolicy: removalPolicy(config),
      ...(logGroupName === undefined ? {} : { logGroupName }),
    });
    acknowledge(this, {
      'NIST.800.53.R5-CloudWatchLogGroupEncrypted':
        "CloudWatch Logs encrypts every group with the service's key. Nothing secret or personal " +
        'is logged, so a key of our own would add a way to lose logs and no protection.',
    });
  }
}
