import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { AccountsStack } from '../accounts/accounts-stack.ts';
import { removalPolicy } from '../common/removal-policy.ts';
import type { StageConfig } from '../stage/stage-config.ts';
import type { WorkflowStack } from '../workflow/workflow-stack.ts';
import { AlarmTopic } from './alarm-topic.ts';
import { Alarms } from './alarms.ts';
import { GatewayMetrics } from './gateway-metrics.ts';
import { LogQueries } from './log-queries.ts';
import { OperationsDashboard } from './operations-dashboard.ts';

export interface ObservabilityStackProps extends StackProps {
  readonly config: StageConfig;
  readonly stage: string;
  readonly accounts: AccountsStack;
  readonly workflow: WorkflowStack;
}

/** How a stage is seen from outside: alarms and whom they wake, a dashboard, saved log queries. */
export class ObservabilityStack extends Stack {
  /** Another subscriber, as a chat or a pager, goes here. */
  readonly alarmTopic: ITopic;
  readonly alarms: Alarms;

  constructor(scope: Construct, id: string, props: ObservabilityStackProps) {
    super(scope, id, props);
    const { config, stage, accounts, workflow } = props;
    const { apiFunction, taskFunction, authorizerFunction, accessLogs } = accounts;
    const { exportAccounts } = workflow;
    this.alarmTopic = new AlarmTopic(this, 'AlarmTopic', {
      email: config.alarms.email,
      removalPolicy: removalPolicy(config),
    }).topic;
    this.alarms = new Alarms(this, 'Alarms', {
      cache: config.cache,
      stage,
      runbookUrl: config.alarms.runbookUrl,
      topic: this.alarmTopic,
      exportAccounts,
    });
    new GatewayMetrics(this, 'GatewayMetrics', { stage, accessLogs });
    new OperationsDashboard(this, 'Operations', {
      freshSeconds: config.cache.freshSeconds,
      stage,
      alarms: this.alarms.all,
      functions: [apiFunction, taskFunction, authorizerFunction].map((one) => one.function),
      exportAccounts,
    });
    new LogQueries(this, 'LogQueries', {
      stage,
      api: apiFunction.logGroup,
      task: taskFunction.logGroup,
      authorizer: authorizerFunction.logGroup,
      access: accessLogs,
    });
    new CfnOutput(this, 'AlarmTopicArn', {
      value: this.alarmTopic.topicArn,
      description: 'Where alarms go; more may subscribe',
    });
  }
}
