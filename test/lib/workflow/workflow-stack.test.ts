import { Match, Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { resolveTemplate } from '../../../sandbox/aws/template.ts';
import { aslErrors } from '../../support/asl.ts';
import { appOf, FULL_STAGE, PLAIN_STAGE } from '../../support/stage.ts';
import { statementsOf } from '../../support/user-app.ts';

/** A stage that deletes what it leaves, and keeps TaskFunction warm. */
const OTHER = { ...FULL_STAGE, functions: { concurrency: { task: { provisioned: 1 } } } };

let template: Template;
let other: Template;
let definitions: string[];

beforeAll(() => {
  const app = appOf(PLAIN_STAGE);
  template = Template.fromStack(app.workflow);
  other = Template.fromStack(appOf(OTHER).workflow);
  definitions = resolveTemplate(app.synth())
    .ofType('AWS::StepFunctions::StateMachine')
    .map(({ properties }) => String(properties['DefinitionString']));
});

describe('every state machine of the templates', () => {
  test('is valid in the States Language', () => {
    expect(definitions).toHaveLength(1);
    expect(definitions.flatMap(aslErrors)).toEqual([]);
  });

  test('is written in JSONPath', () => {
    expect(definitions.join('')).not.toMatch(/JSONata|QueryLanguage/);
  });

  test('has a time limit, a full log without the data, and traces', () => {
    expect(
      definitions.map((text) => JSON.parse(text) as object).every((asl) => 'TimeoutSeconds' in asl),
    ).toBe(true);
    template.hasResourceProperties('AWS::StepFunctions::StateMachine', {
      LoggingConfiguration: { IncludeExecutionData: false, Level: 'ALL' },
      TracingConfiguration: { Enabled: true },
    });
  });
});

test.each([
  ['TaskFunctionArn', 'task-function-arn', /TaskFunction/],
  ['ExportAccountsArn', 'export-accounts-arn', /ExportAccounts/],
  ['ExportBucketName', 'export-bucket', /ExportBucket[0-9A-F]{8}/],
  ['ExportKeyArn', 'export-key-arn', /ExportBucketKey[0-9A-F]{8}/],
])('what others refer to is an output and a parameter: %s', (output, parameter, value) => {
  const { Value } = template.findOutputs(output)[output] as { Value: unknown };

  expect(JSON.stringify(Value)).toMatch(value);
  template.hasResourceProperties('AWS::SSM::Parameter', {
    Name: `/egain-accounts/test/${parameter}`,
    Type: 'String',
    Value,
  });
});

describe('the state machine ExportAccounts', () => {
  test('has this logical id', () => {
    const [logicalId] = Object.keys(template.findResources('AWS::StepFunctions::StateMachine'));

    expect(logicalId).toMatch(/^ExportAccounts[0-9A-F]{8}$/);
  });

  test('may invoke the task, write under one prefix, log and trace, and nothing else', () => {
    const policies = Object.values(template.findResources('AWS::IAM::Policy'));
    const statements = policies.flatMap(statementsOf);
    const rows = statements.map(({ Action, Resource }) => [Action, JSON.stringify(Resource)]);

    expect(rows).toEqual([
      [
        's3:PutObject',
        expect.stringMatching(/"ExportBucket[0-9A-F]{8}","Arn"\]\},"\/exports\/\*"/),
      ],
      ['lambda:InvokeFunction', expect.stringMatching(/TaskFunction[^*]*$/)],
      [
        expect.toSatisfy((actions: string[]) => actions.every((a) => /^(logs|xray):/.test(a))),
        '"*"',
      ],
      ['kms:GenerateDataKey', expect.stringMatching(/"ExportBucketKey[0-9A-F]{8}","Arn"/)],
    ]);
    expect(statements.at(-1)?.Condition).toEqual({
      StringEquals: {
        'kms:ViaService': {
          'Fn::Join': ['', ['s3.', { Ref: 'AWS::Region' }, '.', { Ref: 'AWS::URLSuffix' }]],
        },
      },
    });
  });

  test('logs to a group of its own, where the policy of the account for logs stays short', () => {
    const stackId = { 'Fn::Split': ['/', { Ref: 'AWS::StackId' }] };

    template.hasResourceProperties('AWS::Logs::LogGroup', {
      LogGroupName: {
        'Fn::Join': [
          '',
          ['/aws/vendedlogs/states/egain-accounts-', { 'Fn::Select': [2, stackId] }],
        ],
      },
      RetentionInDays: 90,
    });
  });

  test('invokes the alias where containers are kept warm', () => {
    const policies = Object.values(other.findResources('AWS::IAM::Policy'));

    expect(JSON.stringify(policies.flatMap(statementsOf))).toMatch(/TaskFunctionAlias/);
  });
});

const deletionOf = (stack: Template) => {
  const buckets = Object.values(stack.findResources('AWS::S3::Bucket'));
  return [...new Set(buckets.map(({ DeletionPolicy }) => DeletionPolicy as unknown))];
};

describe('the bucket of the exports', () => {
  test('is private, encrypted by its own key, versioned, and emptied by age', () => {
    const [bucket] = Object.values(
      template.findResources('AWS::S3::Bucket', {
        Properties: { LoggingConfiguration: Match.anyValue() },
      }),
    );

    expect(bucket?.['Properties']).toMatchObject({
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          {
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: {
              SSEAlgorithm: 'aws:kms',
              KMSMasterKeyID: expect.anything(),
            },
          },
        ],
      },
      LifecycleConfiguration: {
        Rules: [{ ExpirationInDays: 30, Status: 'Enabled' }],
      },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      VersioningConfiguration: { Status: 'Enabled' },
    });
    expect(Object.values(template.findResources('AWS::KMS::Key'))).toMatchObject([
      { Properties: { EnableKeyRotation: true } },
    ]);
  });

  test('and its access log are served over TLS alone', () => {
    const policies = Object.values(template.findResources('AWS::S3::BucketPolicy'));
    const buckets = Object.values(template.findResources('AWS::S3::Bucket'));
    const denied = policies.filter((policy) =>
      JSON.stringify(policy).includes(
        '{"Action":"s3:*","Condition":{"Bool":{"aws:SecureTransport":"false"}},"Effect":"Deny"',
      ),
    );

    expect(denied).toHaveLength(buckets.length);
  });

  test('is kept or deleted with its stack as the stage config says', () => {
    expect([deletionOf(template), deletionOf(other)]).toEqual([
      ['RetainExceptOnCreate'],
      ['Delete'],
    ]);
  });
});
