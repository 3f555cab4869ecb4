import { type RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { acknowledge } from '../common/acknowledge.ts';

export interface AlarmTopicProps {
  /**
   * Who is told.
   * @default - nobody, until somebody subscribes
   */
  readonly email: string | undefined;
  /** What becomes of the topic's key when its stack goes. */
  readonly removalPolicy: RemovalPolicy;
}

/**
 * Where alarms go: encrypted by a key of its own, TLS only, open to this account's CloudWatch
 * alarms. The e-mail address that subscribes must confirm.
 */
export class AlarmTopic extends Construct {
  readonly topic: ITopic;

  constructor(scope: Construct, id: string, { email, removalPolicy }: AlarmTopicProps) {
    super(scope, id);
    const { account, region, partition } = Stack.of(this);
    const alarms = new ServicePrincipal('cloudwatch.amazonaws.com');
    const key = new Key(this, 'Key', {
      description: 'Protects what alarms say on their way',
      enableKeyRotation: true,
      removalPolicy,
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
    const topic = new Topic(this, 'Resource', {
      displayName: 'eGain accounts',
      masterKey: key,
      enforceSSL: true,
    });
    this.topic = topic;
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [alarms],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: {
          StringEquals: { 'aws:SourceAccount': account },
          ArnLike: {
            'aws:SourceArn': `arn:${partition}:cloudwatch:${region}:${account}:alarm:*`,
          },
        },
      }),
    );
    if (email === undefined) return;
    acknowledge(topic.addSubscription(new EmailSubscription(email)), {
      'Serverless-SNSRedrivePolicy':
        'SNS hands e-mail over and learns of no failure, so there is nothing to redrive. The ' +
        "alarm's state stays in CloudWatch.",
    });
  }
}
