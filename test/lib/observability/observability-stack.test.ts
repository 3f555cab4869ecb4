import { readFileSync } from 'node:fs';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { LONGEST_MS } from '../../../lambda/platform/deadline.ts';
import { GATEWAY_METRICS, METRICS } from '../../../lambda/platform/metrics.ts';
import { ACCESS_LOG_FORMAT } from '../../../lib/accounts/access-log.ts';
import type { AlarmProperties } from '../../support/cloudwatch.ts';
import { appOf, FULL_STAGE, PLAIN_STAGE } from '../../support/stage.ts';

const RUNBOOK = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
const NAMESPACE = 'EgainAccounts/test';
const EMAIL = { Protocol: 'email', Endpoint: 'ops@example.com' };

let plain: Template;
let full: Template;
let alarms: AlarmProperties[];

beforeAll(() => {
  plain = Template.fromStack(appOf(PLAIN_STAGE).observability);
  full = Template.fromStack(appOf(FULL_STAGE).observability);
  alarms = propertiesOf<AlarmProperties>('AWS::CloudWatch::Alarm');
});

describe('the alarms', () => {
  it('are the ones that the runbook has a section for, and no section is left over', () => {
    const named = Object.values(full.findResources('AWS::CloudWatch::Alarm')).map(
      ({ Properties }) =>
        /What to do: [^#]+#([a-z]+)$/.exec((Properties as AlarmProperties).AlarmDescription)?.[1],
    );
    const runbook = RUNBOOK.split(/^## /m).find((section) => section.startsWith('Runbook')) ?? '';
    const sections = [...runbook.matchAll(/^### (\w+)$/gm)].map(([, title]) =>
      title?.toLowerCase(),
    );

    expect(new Set(named)).toEqual(new Set(sections));
  });

  it('tell the topic when they go off and when they are over', () => {
    const [topic] = Object.keys(plain.findResources('AWS::SNS::Topic'));

    plain.allResourcesProperties('AWS::CloudWatch::Alarm', {
      AlarmActions: [{ Ref: topic }],
      OKActions: [{ Ref: topic }],
    });
  });

  it('ring for slowness late enough to mean it, and early enough to help', () => {
    full.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'egain-accounts-test-NearDeadline',
      Threshold: 0.8 * LONGEST_MS,
      EvaluationPeriods: 3,
      DatapointsToAlarm: 2,
    });
  });

  it('take silence for health, but for that of the schedule', () => {
    plain.allResourcesProperties('AWS::CloudWatch::Alarm', { TreatMissingData: 'notBreaching' });
    full.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'egain-accounts-test-ScheduleStopped',
      TreatMissingData: 'breaching',
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
      EvaluationPeriods: 3,
    });
    plain.resourcePropertiesCountIs(
      'AWS::CloudWatch::Alarm',
      { AlarmName: 'egain-accounts-test-ScheduleStopped' },
      0,
    );
  });

  it('lead to the runbook that the stage config names', () => {
    full.allResourcesProperties('AWS::CloudWatch::Alarm', {
      AlarmDescription: Match.stringLikeRegexp('https://wiki.example.com/runbook#[a-z]+$'),
    });
    plain.allResourcesProperties('AWS::CloudWatch::Alarm', {
      AlarmDescription: Match.stringLikeRegexp('docs/operations.md#[a-z]+$'),
    });
  });

  it('watch metrics of this stage alone', () => {
    const text = JSON.stringify(alarms);
    const namespaces = [...text.matchAll(/"Namespace":"([^"]+)"/g)].map(([, name]) => name);

    expect(new Set(namespaces)).toEqual(new Set([NAMESPACE, 'AWS/States']));
  });

  it('take the threshold of stale answers from the stage config', () => {
    plain.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'egain-accounts-test-StaleTooLong',
      Threshold: 30 + 300,
    });
  });
});

describe('the topic of the alarms', () => {
  it('is encrypted by a key of its own, which rotates and which CloudWatch may use', () => {
    const [key] = Object.keys(plain.findResources('AWS::KMS::Key'));

    plain.hasResourceProperties('AWS::SNS::Topic', {
      KmsMasterKeyId: { 'Fn::GetAtt': [key, 'Arn'] },
    });
    plain.hasResourceProperties('AWS::KMS::Key', {
      EnableKeyRotation: true,
      KeyPolicy: {
        Statement: Match.arrayWith([
          {
            Effect: 'Allow',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
            Resource: '*',
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          },
        ]),
      },
    });
  });

  it("takes messages over TLS alone, and from this account's alarms", () => {
    plain.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: [
          Match.objectLike({
            Effect: 'Deny',
            Principal: '*',
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
          Match.objectLike({
            Effect: 'Allow',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Action: 'sns:Publish',
            Condition: {
              StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
              ArnLike: {
                'aws:SourceArn': {
                  'Fn::Join': ['', Match.arrayWith([':alarm:*'])],
                },
              },
            },
          }),
        ],
      },
    });
  });

  it('signs its mails by the name of the product', () => {
    plain.hasResourceProperties('AWS::SNS::Topic', { DisplayName: 'eGain accounts' });
  });

  it('writes e-mail where the stage config names an address, and to nobody otherwise', () => {
    full.hasResourceProperties('AWS::SNS::Subscription', EMAIL);
    plain.resourceCountIs('AWS::SNS::Subscription', 0);
  });
});

describe('the dashboard', () => {
  it("has a name of its own in each region, for names are the whole account's", () => {
    full.hasResourceProperties('AWS::CloudWatch::Dashboard', {
      DashboardName: {
        'Fn::Join': ['', ['egain-accounts-test-', { Ref: 'AWS::Region' }]],
      },
    });
  });

  it('shows every metric that the product writes', () => {
    const [dashboard] = propertiesOf<object>('AWS::CloudWatch::Dashboard');
    const body = JSON.stringify(dashboard);

    for (const name of Object.keys({ ...METRICS, ...GATEWAY_METRICS }))
      expect(body).toContain(name);
  });

  it.each(['ApiFunction', 'TaskFunction', 'AuthorizerFunction'])('shows %s at work', (name) => {
    const [dashboard] = propertiesOf<object>('AWS::CloudWatch::Dashboard');

    expect(JSON.stringify(dashboard).includes(`OutputRef${name}`)).toBe(true);
  });
});

describe("the gateway's metrics", () => {
  it("look at fields that the access log's lines have", () => {
    const fields = Object.keys(JSON.parse(ACCESS_LOG_FORMAT.toString()) as object);
    const filters = JSON.stringify(propertiesOf<object>('AWS::Logs::MetricFilter'));
    const looked = [...filters.matchAll(/\$\.(\w+)/g)].map(([, field]) => field);

    expect(looked).not.toEqual([]);
    expect(fields).toEqual(expect.arrayContaining(looked));
  });

  it.each(Object.keys(GATEWAY_METRICS))('%s is counted in the namespace of the stage', (name) => {
    plain.hasResourceProperties('AWS::Logs::MetricFilter', {
      MetricTransformations: [
        Match.objectLike({ MetricName: name, MetricNamespace: NAMESPACE, Unit: 'Count' }),
      ],
    });
  });
});

function propertiesOf<T>(type: string): T[] {
  return Object.values(plain.findResources(type)).map(
    (resource) => (resource as { readonly Properties: T }).Properties,
  );
}
