import { Aws, CfnOutput, Duration } from 'aws-cdk-lib';
import { ApiKey, type IRestApi, Period, type RestApi, UsagePlan } from 'aws-cdk-lib/aws-apigateway';
import {
  type CfnUserPoolClient,
  type IUserPool,
  OAuthScope,
  UserPoolClient,
} from 'aws-cdk-lib/aws-cognito';
import { Construct } from 'constructs';
import type { PartnerConfig } from '../stage/stage-config.ts';

export interface PartnerProps {
  /** The partner's name in the stage config. */
  readonly name: string;
  readonly stage: string;
  readonly partner: PartnerConfig;
  /** Names the partner's usage plan: see `usageKey`. */
  readonly usageKey: string;
  readonly api: RestApi;
  /**
   * The pool that issues the partner's tokens.
   * @default - another issuer does, and no app client is made
   */
  readonly userPool?: IUserPool | undefined;
}

/** What a partner's usage plan and app client are called, so that they can be found by name. */
export function clientName(stage: string, partner: string): string {
  return `egain-accounts-${stage}-${partner}`;
}

/**
 * All that one partner needs: a usage plan with its throttle and quota, and an app client in the
 * user pool. Removing the partner's entry removes them, and so shuts the partner out.
 */
export class Partner extends Construct {
  /** The app client's id; undefined with another issuer. Its secret stays in Cognito. */
  readonly clientId: string | undefined;

  constructor(scope: Construct, id: string, props: PartnerProps) {
    super(scope, id);
    const { partner, api } = props;
    const plan = new UsagePlan(this, 'UsagePlan', {
      name: clientName(props.stage, props.name),
      description: `What partner ${props.name} may send`,
      throttle: { rateLimit: partner.throttle.rate, burstLimit: partner.throttle.burst },
      quota: { limit: partner.quota.limit, period: Period[partner.quota.period] },
      // CDK's classes and interfaces don't agree under `exactOptionalPropertyTypes`.
      apiStages: [{ api: api as IRestApi, stage: api.deploymentStage }],
    });
    plan.addApiKey(
      new ApiKey(this, 'UsageKey', {
        description: `Counts what partner ${props.name} sends`,
        // Unique in the account, whatever other stage of the same names is deployed elsewhere.
        value: `${props.usageKey}-${Aws.ACCOUNT_ID}`,
      }),
    );
    if (props.userPool === undefined) return;
    const client = new UserPoolClient(this, 'AppClient', {
      userPool: props.userPool,
      userPoolClientName: clientName(props.stage, props.name),
      generateSecret: true,
      accessTokenValidity: Duration.hours(1),
      preventUserExistenceErrors: true,
      oAuth: {
        flows: { clientCredentials: true },
        scopes: partner.scopes.map((name) => OAuthScope.custom(name)),
      },
    });
    // It gets tokens by its secret alone; without a word Cognito would allow sign-ins as well.
    (client.node.defaultChild as CfnUserPoolClient).explicitAuthFlows = [
      'ALLOW_REFRESH_TOKEN_AUTH',
    ];
    this.clientId = client.userPoolClientId;
    new CfnOutput(this, 'ClientId', {
      value: this.clientId,
      description: `The client id of partner ${props.name}; its secret is in Cognito`,
    });
  }
}
