import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { acknowledge } from '../common/acknowledge.ts';
import { removalPolicy } from '../common/stage-stack.ts';
import type { StageConfig } from '../stage/stage-config.ts';

/**
 * Where alarms go: encrypted by its own key, TLS only, open to this account's CloudWatch alarms. The
 * e-mail address of the stage config subscribes, and must confirm.
 */
export class AlarmTopic extends Construct {
  readonly topic: ITopic;

  constructor(scope: Construct, id: string, config: StageConfig) {
    super(scope, id);
    const { account, region, partition } = Stack.of(this);
    const alarms = new ServicePrincipal('cloudwatch.amazonaws.com');
    const key = new Key(this, 'Key', {
      description: 'Protects what alarms say on their way',
      enableKeyRotation: true,
      removalPolicy: removalPolicy(config),
    });
    // CloudWatch can't be let use the service's default key (alias/aws/sns).
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
    const anyAlarm = `arn:${partition}:cloudwatch:${region}:${account}:alarm:*`;
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [alarms],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: {
          StringEquals: { 'aws:SourceAccount': account },
          ArnLike: { 'aws:SourceArn': anyAlarm },
        },
      }),
    );
    const { email } = config.alarms;
    if (email === undefined) return;
    acknowledge(topic.addSubscription(new EmailSubscription(email)), {
      'Serverless-SNSRedrivePolicy':
        'SNS hands e-mail over and learns of no failure, so there is nothing to redrive. The ' +
        "alarm's state stays in CloudWatch.",
    });
  }
}
