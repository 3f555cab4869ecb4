import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { describe, expect, it } from 'vitest';
import { EgainCredentials } from '../../../lib/credentials/egain-credentials.ts';
import { KEY_ARN, propertiesOfOnly, SECRET_ARN } from '../../support/stage.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** What a function may do that reads these credentials. */
function grantedBy(props: { readonly secretArn?: string; readonly keyArn?: string }): unknown {
  const stack = new Stack(new App({ outdir: temporaryFolder() }), 'Stack');
  const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  const removalPolicy = RemovalPolicy.RETAIN;
  new EgainCredentials(stack, 'Credentials', { ...props, removalPolicy }).grantRead(role);
  const policy = propertiesOfOnly(Template.fromStack(stack), 'AWS::IAM::Policy');
  return (policy['PolicyDocument'] as { Statement: unknown }).Statement;
}

const viaSecretsManager = {
  'kms:ViaService': {
    'Fn::Join': ['', ['secretsmanager.', { Ref: 'AWS::Region' }, '.', { Ref: 'AWS::URLSuffix' }]],
  },
};

describe('who reads the credentials', () => {
  it('may read that secret that was made, and use its key for nothing else', () => {
    const secret = { Ref: expect.stringMatching(/^CredentialsSecret/) };

    expect(grantedBy({})).toEqual([
      { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: secret },
      {
        Effect: 'Allow',
        Action: 'kms:Decrypt',
        Resource: { 'Fn::GetAtt': [expect.stringMatching(/^CredentialsKey/), 'Arn'] },
        Condition: {
          StringEquals: viaSecretsManager,
          ArnLike: { 'kms:EncryptionContext:SecretARN': [secret] },
        },
      },
    ]);
  });

  it('may use no key where the secret that was there has none of its own', () => {
    expect(grantedBy({ secretArn: SECRET_ARN })).toEqual([
      {
        Effect: 'Allow',
        Action: 'secretsmanager:GetSecretValue',
        Resource: [SECRET_ARN, `${SECRET_ARN}-??????`],
      },
    ]);
  });

  it('may use the key of the secret that was there, for that secret', () => {
    expect(grantedBy({ secretArn: SECRET_ARN, keyArn: KEY_ARN })).toContainEqual({
      Effect: 'Allow',
      Action: 'kms:Decrypt',
      Resource: KEY_ARN,
      Condition: {
        StringEquals: viaSecretsManager,
        ArnLike: { 'kms:EncryptionContext:SecretARN': [SECRET_ARN, `${SECRET_ARN}-??????`] },
      },
    });
  });
});
