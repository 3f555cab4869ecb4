import { Duration } from 'aws-cdk-lib';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledge } from '../common/acknowledge.ts';
import { removalPolicy } from '../common/stage-stack.ts';
import type { StageConfig } from '../stage/stage-config.ts';

/** How long an export is kept; replaced and deleted versions go sooner. */
const KEPT = Duration.days(30);
const REMNANTS_KEPT = Duration.days(7);

/**
 * The bucket of the exports: private, encrypted by its own key (accounts hold phone numbers and
 * e-mail addresses), TLS only, versioned, with an access log, and emptied by age.
 */
export class ExportBucket extends Construct {
  readonly bucket: s3.IBucket;
  /** A reader of an export needs `kms:Decrypt` on it, beside `s3:GetObject`. */
  readonly key: IKey;

  constructor(scope: Construct, id: string, config: StageConfig) {
    super(scope, id);
    const policy = removalPolicy(config);
    const key = new Key(this, 'Key', {
      description: 'Protects the exported accounts',
      enableKeyRotation: true,
      removalPolicy: policy,
    });
    const guarded = {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy: policy,
      versioned: true,
    };
    const lifecycle = {
      expiration: KEPT,
      noncurrentVersionExpiration: REMNANTS_KEPT,
      abortIncompleteMultipartUploadAfter: REMNANTS_KEPT,
    };
    const accessLog = new s3.Bucket(this, 'AccessLog', {
      ...guarded,
      // S3 delivers no access logs to a bucket that is encrypted by a KMS key.
      encryption: s3.BucketEncryption.S3_MANAGED,
      lifecycleRules: [{ ...lifecycle, expiration: Duration.days(90) }],
    });
    const bucket = new s3.Bucket(this, 'Resource', {
      ...guarded,
      encryption: s3.BucketEncryption.KMS,
      encryptionKey: key,
      bucketKeyEnabled: true,
      // CDK's classes and interfaces don't agree under `exactOptionalPropertyTypes`.
      serverAccessLogsBucket: accessLog as s3.IBucket,
      lifecycleRules: [lifecycle],
    });
    this.bucket = bucket as s3.IBucket;
    this.key = key;
    const itself = 'This is the access log itself; a log of the log would have no end.';
    acknowledge(accessLog, {
      'AwsSolutions-S1': itself,
      'NIST.800.53.R5-S3BucketLoggingEnabled': itself,
      'NIST.800.53.R5-S3DefaultEncryptionKMS':
        'S3 delivers no access logs to a bucket that is encrypted by a KMS key.',
      'NIST.800.53.R5-S3BucketReplicationEnabled':
        'It tells who read exports, which are deleted after a month themselves.',
    });
    acknowledge(bucket, {
      'NIST.800.53.R5-S3BucketReplicationEnabled':
        'An export can be repeated at any time, and is deleted after a month.',
    });
  }
}
