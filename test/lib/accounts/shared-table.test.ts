import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { describe, expect, it } from 'vitest';
import { SharedTable } from '../../../lib/accounts/shared-table.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const stack = new Stack(new App({ outdir: temporaryFolder() }), 'Stack');
const role = new Role(stack, 'Reader', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
new SharedTable(stack, 'SharedTable').grantUse(role);
const template = Template.fromStack(stack);

describe('the shared table', () => {
  it('has the key and the end of life that the containers write', () => {
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      BillingMode: 'PAY_PER_REQUEST',
    });
  });

  it('is encrypted by that key', () => {
    const [key] = Object.keys(template.findResources('AWS::KMS::Key'));

    template.hasResourceProperties('AWS::DynamoDB::Table', {
      SSESpecification: {
        SSEEnabled: true,
        SSEType: 'KMS',
        KMSMasterKeyId: { 'Fn::GetAtt': [key, 'Arn'] },
      },
    });
  });

  it('goes with its stack, and its key too', () => {
    template.hasResource('AWS::DynamoDB::Table', { DeletionPolicy: 'Delete' });
    template.hasResource('AWS::KMS::Key', {
      DeletionPolicy: 'Delete',
      Properties: { EnableKeyRotation: true, PendingWindowInDays: 7 },
    });
  });

  it('opens its items by their keys alone, and its key by way of DynamoDB alone', () => {
    const [policy] = Object.values(template.findResources('AWS::IAM::Policy'));

    expect(policy?.['Properties']).toMatchObject({
      PolicyDocument: {
        Statement: [
          {
            Resource: { 'Fn::GetAtt': [expect.stringMatching(/^SharedTable[0-9A-F]{8}$/), 'Arn'] },
            Action: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:PutItem'],
            Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['v1#*'] } },
          },
          {
            Action: ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey'],
            Resource: { 'Fn::GetAtt': [expect.stringMatching(/^SharedTableKey/), 'Arn'] },
            Condition: {
              StringEquals: {
                'kms:ViaService': {
                  'Fn::Join': [
                    '',
                    ['dynamodb.', { Ref: 'AWS::Region' }, '.', { Ref: 'AWS::URLSuffix' }],
                  ],
                },
              },
            },
          },
        ],
      },
    });
  });
});
