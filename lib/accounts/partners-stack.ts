import { Stack, type StackProps } from 'aws-cdk-lib';
import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import type { Construct } from 'constructs';
import type { StageConfig } from '../stage/stage-config.ts';
import { PartnerPlan } from './partner-plan.ts';
import { type PartnerGroup, usageKey } from './partners-table.ts';

export interface PartnersStackProps extends StackProps {
  readonly stage: string;
  readonly config: Pick<StageConfig, 'partners'>;
  readonly group: PartnerGroup;
  readonly api: RestApi;
}

/** The usage plans of partners for whom the accounts stack has no room: a stack holds 500 resources. */
export class PartnersStack extends Stack {
  constructor(scope: Construct, id: string, props: PartnersStackProps) {
    super(scope, id, props);
    addPlans(this, props);
  }
}

/** Adds the usage plans of one group of partners to a stack. */
export function addPlans(
  scope: Construct,
  { stage, config, group, api }: Omit<PartnersStackProps, keyof StackProps>,
): void {
  for (const name of group.names) {
    const partner = config.partners[name];
    if (partner === undefined) continue;
    new PartnerPlan(scope, `Partner-${name}`, {
      name,
      stage,
      partner,
      usageKey: usageKey(stage, name, group.number),
      api,
    });
  }
}
