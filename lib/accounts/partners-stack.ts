import { Aws } from 'aws-cdk-lib';
import { ApiKey, type IRestApi, Period, type RestApi, UsagePlan } from 'aws-cdk-lib/aws-apigateway';
import { Construct } from 'constructs';
import { type StageProps, StageStack } from '../common/stage-stack.ts';
import { partnerResourceName } from '../stage/stage-name.ts';
import { type PartnerGroup, usageKey } from './partners-table.ts';

export interface PartnersStackProps extends StageProps {
  readonly group: PartnerGroup;
  readonly api: RestApi;
}

/** The usage plans of partners for whom the accounts stack has no room. */
export class PartnersStack extends StageStack {
  constructor(scope: Construct, id: string, props: PartnersStackProps) {
    super(scope, id, props, { description: 'eGain accounts: what more partners may send' });
    addUsagePlans(this, props);
  }
}

/** Gives each partner of the group a usage plan with its throttle and quota, and its key. */
export function addUsagePlans(
  stack: Construct,
  { stage, group, api }: Omit<PartnersStackProps, 'config'>,
): void {
  for (const [name, { throttle, quota }] of group.partners) {
    const scope = new Construct(stack, `Partner-${name}`);
    const plan = new UsagePlan(scope, 'UsagePlan', {
      name: partnerResourceName(stage, name),
      description: `What partner ${name} may send`,
      throttle: { rateLimit: throttle.rate, burstLimit: throttle.burst },
      quota: { limit: quota.limit, period: Period[quota.period] },
      // CDK's classes and interfaces don't agree under `exactOptionalPropertyTypes`.
      apiStages: [{ api: api as IRestApi, stage: api.deploymentStage }],
    });
    plan.addApiKey(
      new ApiKey(scope, 'UsageKey', {
        description: `Counts what partner ${name} sends`,
        // The account's id keeps the value unique when another account has the same stage.
        value: `${usageKey(stage, name, group.number)}-${Aws.ACCOUNT_ID}`,
      }),
    );
  }
}
