import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { describe, expect, it } from 'vitest';
import { Firewall } from '../../../lib/accounts/firewall.ts';
import { propertiesOfOnly } from '../../support/stage.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

interface Rule {
  readonly Name: string;
  readonly Priority: number;
  readonly Statement: object;
  readonly VisibilityConfig: object;
}

const stack = new Stack(new App({ outdir: temporaryFolder() }), 'Stack');
const api = new RestApi(stack, 'Api', { cloudWatchRole: false });
api.root.addMethod('GET');
new Firewall(stack, 'Firewall', {
  logs: { retention: RetentionDays.ONE_WEEK, removalPolicy: RemovalPolicy.DESTROY },
  requestsPerIp: 2000,
  stage: api.deploymentStage,
});
const template = Template.fromStack(stack);
const acl = propertiesOfOnly(template, 'AWS::WAFv2::WebACL') as { Rules: readonly Rule[] };

describe('the firewall', () => {
  it('stands before the stage, and lets in what no rule blocks', () => {
    const [logicalId] = Object.keys(template.findResources('AWS::WAFv2::WebACL'));

    expect(acl).toMatchObject({ Scope: 'REGIONAL', DefaultAction: { Allow: {} } });
    template.hasResourceProperties('AWS::WAFv2::WebACLAssociation', {
      ResourceArn: { 'Fn::Join': ['', Match.arrayWith(['::/restapis/'])] },
      WebACLArn: { 'Fn::GetAtt': [logicalId, 'Arn'] },
    });
  });

  it('blocks an address that sends more than its number in 5 minutes', () => {
    expect(acl.Rules[0]).toMatchObject({
      Name: 'RateByIp',
      Action: { Block: {} },
      Statement: {
        RateBasedStatement: { AggregateKeyType: 'IP', Limit: 2000, EvaluationWindowSec: 300 },
      },
    });
  });

  it("blocks by AWS's own rules after that", () => {
    const groups = acl.Rules.slice(1);

    expect(groups.map(({ Name }) => Name)).toEqual([
      'AWSManagedRulesCommonRuleSet',
      'AWSManagedRulesKnownBadInputsRuleSet',
      'AWSManagedRulesAmazonIpReputationList',
    ]);
    for (const group of groups) {
      expect(group).toMatchObject({
        OverrideAction: { None: {} },
        Statement: { ManagedRuleGroupStatement: { VendorName: 'AWS', Name: group.Name } },
      });
    }
    for (const { Statement } of groups.slice(1)) {
      expect(Statement).toMatchObject({ ManagedRuleGroupStatement: { RuleActionOverrides: [] } });
    }
    expect(acl.Rules.map(({ Priority }) => Priority)).toEqual([0, 1, 2, 3]);
  });

  it('counts what each rule blocks, and keeps no sample, which would hold tokens', () => {
    const all = [acl as unknown as Rule, ...acl.Rules];

    for (const { VisibilityConfig } of all) {
      expect(VisibilityConfig).toMatchObject({
        CloudWatchMetricsEnabled: true,
        SampledRequestsEnabled: false,
        MetricName: expect.stringMatching(/^\w+$/),
      });
    }
    expect(new Set(all.map(({ VisibilityConfig }) => JSON.stringify(VisibilityConfig))).size).toBe(
      all.length,
    );
  });

  it('logs to a group of its own, by an ARN that WAF takes', () => {
    const { LogDestinationConfigs } = propertiesOfOnly(
      template,
      'AWS::WAFv2::LoggingConfiguration',
    ) as { LogDestinationConfigs: [{ 'Fn::Join': [string, unknown[]] }] };
    const [group] = Object.keys(template.findResources('AWS::Logs::LogGroup'));
    const parts = LogDestinationConfigs[0]['Fn::Join'][1];

    expect(parts.slice(0, 3)).toEqual(['arn:', { Ref: 'AWS::Partition' }, ':logs:']);
    expect(parts.slice(-2)).toEqual([':log-group:', { Ref: group }]);
  });
});
