import { RemovalPolicy } from 'aws-cdk-lib';
import type { StageConfig } from '../stage/stage-config.ts';

/** What CloudFormation does with state (secret, key, user pool, logs) that leaves its stack. */
export function removalPolicy(config: StageConfig): RemovalPolicy {
  return config.removalPolicy === 'destroy' ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
}
