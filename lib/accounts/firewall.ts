import { ArnFormat, Aws, Fn, Stack } from 'aws-cdk-lib';
import type { Stage as ApiStage } from 'aws-cdk-lib/aws-apigateway';
import { CfnLoggingConfiguration, CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import { StageLogGroup } from '../common/log-group.ts';
import type { StageConfig } from '../stage/stage-config.ts';

export interface FirewallProps {
  readonly config: StageConfig;
  /** Requests that one address may send in 5 minutes. */
  readonly requestsPerIp: number;
  readonly stage: ApiStage;
}

const MANAGED = ['AWSManagedRulesCommonRuleSet', 'AWSManagedRulesKnownBadInputsRuleSet'];

/**
 * AWS WAF before the API: AWS's common rules and a rate limit by address. What it blocks is
 * answered by the API's own gateway response, in the envelope.
 */
export class Firewall extends Construct {
  constructor(scope: Construct, id: string, props: FirewallProps) {
    super(scope, id);
    const { config, requestsPerIp, stage } = props;
    const acl = new CfnWebACL(this, 'WebAcl', {
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      visibilityConfig: visibility('Firewall'),
      rules: [
        {
          name: 'RateByIp',
          priority: 0,
          action: { block: {} },
          statement: {
            rateBasedStatement: {
              aggregateKeyType: 'IP',
              limit: requestsPerIp,
              evaluationWindowSec: 300,
            },
          },
          visibilityConfig: visibility('RateByIp'),
        },
        ...MANAGED.map((name, index) => ({
          name,
          priority: index + 1,
          overrideAction: { none: {} },
          statement: { managedRuleGroupStatement: { vendorName: 'AWS', name } },
          visibilityConfig: visibility(name),
        })),
      ],
    });
    new CfnWebACLAssociation(this, 'Association', {
      resourceArn: stage.stageArn,
      webAclArn: acl.attrArn,
    });
    // WAF writes to groups of this prefix alone. The stack's own id keeps the name free for the
    // next stack, where this one's logs are retained.
    const stackId = Fn.select(2, Fn.split('/', Aws.STACK_ID));
    const logs = new StageLogGroup(this, 'Logs', config, {
      logGroupName: `aws-waf-logs-egain-accounts-${stackId}`,
    });
    new CfnLoggingConfiguration(this, 'Logging', {
      resourceArn: acl.attrArn,
      // CloudFormation's own ARN of a group ends in :*, which WAF refuses.
      logDestinationConfigs: [
        Stack.of(this).formatArn({
          service: 'logs',
          resource: 'log-group',
          resourceName: logs.logGroupName,
          arnFormat: ArnFormat.COLON_RESOURCE_NAME,
        }),
      ],
      redactedFields: [{ singleHeader: { Name: 'authorization' } }, { queryString: {} }],
    });
  }
}

function visibility(metricName: string): CfnWebACL.VisibilityConfigProperty {
  return { metricName, cloudWatchMetricsEnabled: true, sampledRequestsEnabled: false };
}
