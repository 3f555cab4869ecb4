import { Match, type Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { resolveTemplate } from '../../../sandbox/aws/template.ts';
import { aslErrors } from '../../support/asl.ts';
import { FULL_STAGE, PLAIN_STAGE, propertiesOf, synthesised } from '../../support/stage.ts';
import { statementsOf } from '../../support/user-app.ts';

/** A stage that deletes what it leaves, and keeps TaskFunction warm. */
const OTHER = { ...FULL_STAGE, functions: { concurrency: { task: { provisioned: 1 } } } };

const { workflow: template, assembly } = synthesised(PLAIN_STAGE);
const { workflow: other } = synthesised(OTHER);

const statements = (stack: Template) =>
  Object.values(stack.findResources('AWS::IAM::Policy')).flatMap(statementsOf);

test.each([
  ['TaskFunctionArn', 'task-function-arn', /TaskFunction/],
  ['ExportAccountsArn', 'export-accounts-arn', /ExportAccounts/],
  ['ExportBucketName', 'export-bucket', /ExportBucket[0-9A-F]{8}/],
  ['ExportKeyArn', 'export-key-arn', /ExportBucketKey[0-9A-F]{8}/],
])('authors find %s by output and by parameter', (output, parameter, value) => {
  const { Value } = template.findOutputs(output)[output] as { Value: unknown };

  expect(JSON.stringify(Value)).toMatch(value);
  template.hasResourceProperties('AWS::SSM::Parameter', {
    Name: `/egain-accounts/test/${parameter}`,
    Type: 'String',
    Value,
  });
});

describe('the state machine ExportAccounts', () => {
  test('has this logical id, and a definition in JSONPath that is valid', () => {
    const [logicalId] = Object.keys(template.findResources('AWS::StepFunctions::StateMachine'));
    const [machine] = resolveTemplate(assembly).ofType('AWS::StepFunctions::StateMachine');
    const definition = String(machine?.properties['DefinitionString']);

    expect(logicalId).toMatch(/^ExportAccounts[0-9A-F]{8}$/);
    expect(aslErrors(definition)).toEqual([]);
    expect(definition).not.toMatch(/JSONata|QueryLanguage/);
  });

  test('has traces, and a full log without data in its own group with a short name', () => {
    const stackId = { 'Fn::Split': ['/', { Ref: 'AWS::StackId' }] };

    template.hasResourceProperties('AWS::StepFunctions::StateMachine', {
      LoggingConfiguration: { IncludeExecutionData: false, Level: 'ALL' },
      TracingConfiguration: { Enabled: true },
    });
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

  test('may invoke the task, write under one prefix, log and trace, and nothing else', () => {
    const all = statements(template);

    expect(all.map(({ Action, Resource }) => [Action, JSON.stringify(Resource)])).toEqual([
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
    expect(all.at(-1)?.Condition).toEqual({
      StringEquals: {
        'kms:ViaService': {
          'Fn::Join': ['', ['s3.', { Ref: 'AWS::Region' }, '.', { Ref: 'AWS::URLSuffix' }]],
        },
      },
    });
  });

  test('invokes the alias where containers are kept warm', () => {
    expect(JSON.stringify(statements(other))).toMatch(/TaskFunctionAlias/);
  });
});

describe('the buckets of the export', () => {
  // That they are private, encrypted, versioned and logged is held by cdk-nag.
  test('are owned by their owner, and drop remnants after a week', () => {
    template.allResourcesProperties('AWS::S3::Bucket', {
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      LifecycleConfiguration: {
        Rules: [
          Match.objectLike({
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
            NoncurrentVersionExpiration: { NoncurrentDays: 7 },
            Status: 'Enabled',
          }),
        ],
      },
    });
  });

  test('hold exports for 30 days under their own key, and the access log for 90', () => {
    const [exports, accessLog] = ['ExportBucket', 'ExportBucketAccessLog'].map((id) =>
      propertiesOf(template, 'AWS::S3::Bucket', id),
    );

    expect(exports).toMatchObject({
      LifecycleConfiguration: { Rules: [{ ExpirationInDays: 30 }] },
    });
    const { Value } = template.findOutputs('ExportKeyArn')['ExportKeyArn'] as { Value: unknown };
    expect(JSON.stringify(exports)).toContain(`"KMSMasterKeyID":${JSON.stringify(Value)}`);
    expect(accessLog).toMatchObject({
      LifecycleConfiguration: { Rules: [{ ExpirationInDays: 90 }] },
    });
  });

  test('are kept or deleted with their stack as the stage config says', () => {
    template.allResources('AWS::S3::Bucket', { DeletionPolicy: 'RetainExceptOnCreate' });
    other.allResources('AWS::S3::Bucket', { DeletionPolicy: 'Delete' });
  });
});
