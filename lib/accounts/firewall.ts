import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Stage as ApiStage } from 'aws-cdk-lib/aws-apigateway';
import { CfnLoggingConfiguration, CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import { StageLogGroup } from '../common/stage-stack.ts';
import type { StageConfig } from '../stage/stage-config.ts';

export interface FirewallProps {
  readonly config: StageConfig;
  /** How many requests one address may send in 5 minutes. */
  readonly requestsPerIp: number;
  readonly apiStage: ApiStage;
}

/**
 * AWS's rule groups. The rules listed with a group would block requests that the contract allows:
 * long queries, a client without `User-Agent`, and names, attributes and ids that are any text
 * (`help.ini`, `url:http://10.0.0.1/`, `a <b>`), which the product only compares. Such a rule counts
 * its matches and lets them through.
 *
 * @see https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
 */
const RULE_GROUPS: Readonly<Record<string, readonly string[]>> = {
  AWSManagedRulesCommonRuleSet: [
    'NoUserAgent_HEADER',
    'SizeRestrictions_QUERYSTRING',
    'SizeRestrictions_URIPATH',
    'EC2MetaDataSSRF_QUERYARGUMENTS',
    'EC2MetaDataSSRF_URIPATH',
    'GenericLFI_QUERYARGUMENTS',
    'GenericLFI_URIPATH',
    'RestrictedExtensions_QUERYARGUMENTS',
    'RestrictedExtensions_URIPATH',
    'GenericRFI_QUERYARGUMENTS',
    'GenericRFI_URIPATH',
    'CrossSiteScripting_QUERYARGUMENTS',
    'CrossSiteScripting_URIPATH',
  ],
  AWSManagedRulesKnownBadInputsRuleSet: [],
  AWSManagedRulesAmazonIpReputationList: [],
};

/** The rate limit and AWS's groups; each is charged for. */
export const FIREWALL_RULES = 1 + Object.keys(RULE_GROUPS).length;

/**
 * AWS WAF in front of the API: a rate limit by address, and AWS's rules against known bad input and
 * bad addresses. The API's gateway response answers what it blocks, in the envelope.
 */
export class Firewall extends Construct {
  constructor(scope: Construct, id: string, { config, requestsPerIp, apiStage }: FirewallProps) {
    super(scope, id);
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
        ...Object.entries(RULE_GROUPS).map(([name, counted], index) => ({
          name,
          priority: index + 1,
          overrideAction: { none: {} },
          statement: {
            managedRuleGroupStatement: {
              vendorName: 'AWS',
              name,
              ruleActionOverrides: counted.map((rule) => ({
                name: rule,
                actionToUse: { count: {} },
              })),
            },
          },
          visibilityConfig: visibility(name),
        })),
      ],
    });
    new CfnWebACLAssociation(this, 'Association', {
      resourceArn: apiStage.stageArn,
      webAclArn: acl.attrArn,
    });
    // WAF writes only to groups with this prefix. Each web ACL has a new id, so the retained group of
    // an earlier firewall does not obstruct a later one.
    const group = `aws-waf-logs-egain-accounts-${acl.attrId}`;
    const logs = new StageLogGroup(this, 'Logs', config, group);
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
