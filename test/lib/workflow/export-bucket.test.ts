import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { ExportBucket } from '../../../lib/workflow/export-bucket.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

// As cdk.json has it: S3 may write access logs by the bucket's policy, and by no list of rights.
const context = { '@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy': true };
const stack = new Stack(new App({ outdir: temporaryFolder(), context }), 'Stack');
new ExportBucket(stack, 'Exports', { removalPolicy: RemovalPolicy.DESTROY });
const template = Template.fromStack(stack);

/** The access log's bucket is the one that has none itself. */
const [accessLogId, accessLog] = Object.entries(
  template.findResources('AWS::S3::Bucket', {
    Properties: { LoggingConfiguration: Match.absent() },
  }),
)[0] ?? ['', {}];

describe('every bucket of an export', () => {
  it('is closed to the public, owned by its owner, and versioned', () => {
    template.allResourcesProperties('AWS::S3::Bucket', {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      VersioningConfiguration: { Status: 'Enabled' },
    });
  });

  it('drops after a week what was replaced, deleted or half written', () => {
    template.allResourcesProperties('AWS::S3::Bucket', {
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
});

describe("the exports' access log", () => {
  it('is kept for 90 days, encrypted by S3 itself, which takes no key there', () => {
    expect(accessLog['Properties']).toMatchObject({
      LifecycleConfiguration: { Rules: [{ ExpirationInDays: 90 }] },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
        ],
      },
    });
  });

  it('has what is read of the exports', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      LoggingConfiguration: { DestinationBucketName: { Ref: accessLogId } },
    });
  });
});
