import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import { acknowledge } from '../common/acknowledge.ts';
import { removalPolicy } from '../common/removal-policy.ts';
import type { StageConfig } from '../stage/stage-config.ts';

export interface AlarmTopicProps {
  readonly config: StageConfig;
}

/**
 * Where alarms go: encrypted by a key of its own, TLS only, open to this account's CloudWatch
 * alarms. The stage config's e-mail address subscribes, where it names one; it must confirm.
 */
export class AlarmTopic extends Topic {
  constructor(scope: Construct, id: string, { config }: AlarmTopicProps) {
    const { account, region, partition } = Stack.of(scope);
    const alarms = new ServicePrincipal('cloudwatch.amazonaws.com');
    const key = new Key(scope, `${id}Key`, {
      description: 'Protects what alarms say on their way',
      enableKeyRotation: true,
      removalPolicy: removalPolicy(config),
    });
    // The service's own key (alias/aws/sns) can't be opened to CloudWatch.
    key.addToResourcePolicy(
      new PolicyStatement({
        principals: [alarms],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': account } },
      }),
    );
    super(scope, id, { displayName: 'eGain accounts', masterKey: key, enforceSSL: true });
    this.addToResourcePolicy(
      new PolicyStatement({
        principals: [alarms],
        actions: ['sns:Publish'],
        resources: [this.topicArn],
        conditions: {
          StringEquals: { 'aws:SourceAccount': account },
          ArnLike: {
            'aws:SourceArn': `arn:${partition}:cloudwatch:${region}:${account}:alarm:*`,
          },
        },
      }),
    );
    if (config.alarms.email === undefined) return;
    acknowledge(this.addSubscription(new EmailSubscription(config.alarms.email)), {
      'Serverless-SNSRedrivePolicy':
        'SNS hands e-mail over and learns of no failure, so there is nothing to redrive. The ' +
        "alarm's state stays in CloudWatch.",
    });
  }
}
