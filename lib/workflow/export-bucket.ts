import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type IBucket,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledge } from '../common/acknowledge.ts';

export interface ExportBucketProps {
  /** What becomes of the exports when their stack goes. */
  readonly removalPolicy: RemovalPolicy;
}

/** How long an export is kept; what replaced or deleted objects leave behind goes sooner. */
const KEPT = Duration.days(30);
const REMNANTS_KEPT = Duration.days(7);

/**
 * The bucket of the exports: private, encrypted by a key of its own (accounts hold phone numbers
 * and e-mail addresses), TLS only, versioned, with an access log, and emptied by age.
 */
export class ExportBucket extends Construct {
  readonly bucket: IBucket;
  /** Who reads an export needs `kms:Decrypt` on it, beside `s3:GetObject`. */
  readonly key: IKey;

  constructor(scope: Construct, id: string, { removalPolicy }: ExportBucketProps) {
    super(scope, id);
    const key = new Key(this, 'Key', {
      description: 'Protects the exported accounts',
      enableKeyRotation: true,
      removalPolicy,
    });
    const guarded = {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy,
      versioned: true,
    };
    const lifecycle = {
      expiration: KEPT,
      noncurrentVersionExpiration: REMNANTS_KEPT,
      abortIncompleteMultipartUploadAfter: REMNANTS_KEPT,
    };
    const accessLog = new Bucket(this, 'AccessLog', {
      ...guarded,
      // S3 delivers access logs to no bucket whose default is a KMS key.
      encryption: BucketEncryption.S3_MANAGED,
      lifecycleRules: [{ ...lifecycle, expiration: Duration.days(90) }],
    });
    const bucket = new Bucket(this, 'Resource', {
      ...guarded,
      encryption: BucketEncryption.KMS,
      encryptionKey: key,
      bucketKeyEnabled: true,
      // CDK's classes and interfaces don't agree under `exactOptionalPropertyTypes`.
      serverAccessLogsBucket: accessLog as IBucket,
      lifecycleRules: [lifecycle],
    });
    this.bucket = bucket as IBucket;
    this.key = key;
    acknowledge(accessLog, ACCESS_LOG);
    acknowledge(bucket, NOT_REPLICATED);
  }
}

const NOT_REPLICATED = {
  'NIST.800.53.R5-S3BucketReplicationEnabled':
    'An export can be made again at any time, and goes after a month.',
};

const ACCESS_LOG = {
  'AwsSolutions-S1': 'This is the access log itself; a log of the log would have no end.',
  'NIST.800.53.R5-S3BucketLoggingEnabled':
    'This is the access log itself; a log of the log would have no end.',
  'NIST.800.53.R5-S3DefaultEncryptionKMS':
    'S3 delivers access logs to no bucket whose default encryption is a KMS key.',
  'NIST.800.53.R5-S3BucketReplicationEnabled':
    'It tells who read exports that themselves go after a month.',
};
