import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { filteredDatapoints, type MetricFilterProperties } from '../../support/cloudwatch.ts';
import {
  FULL_STAGE,
  PLAIN_STAGE,
  propertiesById,
  propertiesOfOnly,
  synthesised,
} from '../../support/stage.ts';

const { observability: plain, accounts } = synthesised(PLAIN_STAGE);
const { observability: full } = synthesised(FULL_STAGE);

describe('the topic of the alarms', () => {
  // cdk-nag holds that it is encrypted.
  it("is for this account's alarms over TLS, whose service may use its key", () => {
    const ofThisAccount = { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } };
    const Principal = { Service: 'cloudwatch.amazonaws.com' };

    plain.hasResourceProperties('AWS::KMS::Key', {
      KeyPolicy: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Principal,
            Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
            Condition: ofThisAccount,
          }),
        ]),
      },
    });
    plain.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Deny',
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
          Match.objectLike({
            Principal,
            Action: 'sns:Publish',
            Condition: {
              ...ofThisAccount,
              ArnLike: { 'aws:SourceArn': { 'Fn::Join': ['', Match.arrayWith([':alarm:*'])] } },
            },
          }),
        ]),
      },
    });
  });

  it('writes e-mail where the stage config names an address, and to nobody otherwise', () => {
    expect(propertiesOfOnly(full, 'AWS::SNS::Subscription')).toMatchObject({
      Protocol: 'email',
      Endpoint: 'ops@example.com',
    });
    plain.resourceCountIs('AWS::SNS::Subscription', 0);
    expect(Object.keys(plain.findOutputs('*'))).toContain('AlarmTopicArn');
  });
});

describe("the gateway's metrics", () => {
  const filters = Object.values(
    propertiesById<MetricFilterProperties>(plain, 'AWS::Logs::MetricFilter'),
  );

  /** What the metrics of the access log make of one of its lines. */
  function countsOf(partner: string, status: string, gatewayError: string): string[] {
    const line = JSON.stringify({ partner, status, gatewayError });
    const points = filters.flatMap((filter) => filteredDatapoints(filter, [line], 0));
    return points
      .map(({ name, dimensions }) => [name, ...Object.values(dimensions)].join(' of '))
      .toSorted();
  }

  const [faults, requests] = ['PartnerFaults of acme', 'PartnerRequests of acme'];
  const throttles = 'PartnerThrottles of acme';

  it.each([
    ['an answer', 'acme', '200', '-', [requests]],
    ["the function's refusal", 'acme', '400', '-', [faults, requests]],
    ['a crash', 'acme', '500', 'INTEGRATION_FAILURE', ['GatewayFaults', faults, requests]],
    ['a partner over its throttle', 'acme', '429', 'THROTTLED', [faults, requests, throttles]],
    ['a partner over its quota', 'acme', '429', 'QUOTA_EXCEEDED', [faults, requests, throttles]],
    ['a caller without a token', '-', '401', 'UNAUTHORIZED', []],
  ])('count %s as what it is', (_, partner, status, gatewayError, counts) => {
    expect(countsOf(partner, status, gatewayError)).toEqual(counts);
  });

  it("read fields that the access log has, and count in the stage's namespace", () => {
    const { AccessLogSetting } = propertiesOfOnly(accounts, 'AWS::ApiGateway::Stage') as {
      AccessLogSetting: { Format: string };
    };
    const fields = Object.keys(JSON.parse(AccessLogSetting.Format) as object);
    const read = [...JSON.stringify(filters).matchAll(/\$\.(\w+)/g)].map(([, field]) => field);

    expect(read).not.toEqual([]);
    expect(fields).toEqual(expect.arrayContaining(read));
    for (const { MetricTransformations } of filters) {
      expect(MetricTransformations).toMatchObject([
        { MetricNamespace: 'EgainAccounts/test', Unit: 'Count', MetricValue: '1' },
      ]);
    }
  });
});

describe('the saved log queries', () => {
  interface SavedQuery {
    readonly Name: string;
    readonly LogGroupNames: readonly object[];
    readonly QueryString: string;
  }
  const queries = Object.values(propertiesById<SavedQuery>(plain, 'AWS::Logs::QueryDefinition'));

  it('are in a folder of the stage, and have commands that Logs Insights knows', () => {
    for (const { Name, QueryString } of queries) {
      expect(Name).toMatch(/^egain-accounts-test\/[A-Z]/);
      for (const command of QueryString.split('\n| ')) {
        expect(command).toMatch(/^(?:fields|filter|stats|sort|limit) \S/);
      }
    }
  });

  const [api, task, authorizer] = ['ApiFunctionLogs', 'TaskFunctionLogs', 'AuthorizerFunctionLogs'];
  it.each([
    ['What happened to one request', [api, 'PartnerApiAccessLogs']],
    ['Why requests failed', [api, task]],
    ['Who was turned away, and why', [authorizer]],
    ['What the gateway answered by itself', ['PartnerApiAccessLogs']],
    ['Crashes and time-outs of functions', [api, task, authorizer]],
    ['Runs of the task that failed', [task]],
  ])('%s reads the logs %j', (name, groups) => {
    const query = queries.find(({ Name }) => Name.endsWith(`/${name}`));
    const read = query?.LogGroupNames.map(
      (group) => /OutputRef(\w+?Logs)/.exec(JSON.stringify(group))?.[1],
    );

    expect(read).toEqual(groups);
  });
});
