import { Aws } from 'aws-cdk-lib';
import { ApiKey, type IRestApi, Period, type RestApi, UsagePlan } from 'aws-cdk-lib/aws-apigateway';
import { Construct } from 'constructs';
import type { PartnerConfig } from '../stage/stage-config.ts';
import { partnerResourceName } from '../stage/stage-name.ts';

export interface PartnerPlanProps {
  /** The partner's name in the stage config. */
  readonly name: string;
  readonly stage: string;
  readonly partner: Pick<PartnerConfig, 'throttle' | 'quota'>;
  /** Names the partner's usage plan: see `usageKey`. */
  readonly usageKey: string;
  readonly api: RestApi;
}

/** What one partner may send: a usage plan with its throttle and quota, and the key that names it. */
export class PartnerPlan extends Construct {
  constructor(scope: Construct, id: string, props: PartnerPlanProps) {
    super(scope, id);
    const { throttle, quota } = props.partner;
    const plan = new UsagePlan(this, 'UsagePlan', {
      name: partnerResourceName(props.stage, props.name),
      description: `What partner ${props.name} may send`,
      throttle: { rateLimit: throttle.rate, burstLimit: throttle.burst },
      quota: { limit: quota.limit, period: Period[quota.period] },
      // CDK's classes and interfaces don't agree under `exactOptionalPropertyTypes`.
      apiStages: [{ api: props.api as IRestApi, stage: props.api.deploymentStage }],
    });
    plan.addApiKey(
      new ApiKey(this, 'UsageKey', {
        description: `Counts what partner ${props.name} sends`,
        // Unique in the account, whatever other stage of the same names is deployed elsewhere.
        value: `${props.usageKey}-${Aws.ACCOUNT_ID}`,
      }),
    );
  }
}
