import { RemovalPolicy } from 'aws-cdk-lib';
import type { StageConfig } from '../stage/stage-config.ts';

/**
 * What CloudFormation does with state (secret, key, user pool, logs) that leaves its stack. What a
 * first deploy made before it failed goes again, so that nothing stands in the next one's way.
 */
export function removalPolicy(config: Pick<StageConfig, 'removalPolicy'>): RemovalPolicy {
  return config.removalPolicy === 'destroy'
    ? RemovalPolicy.DESTROY
    : RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;
}
