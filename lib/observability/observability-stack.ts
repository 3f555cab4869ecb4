import { CfnOutput } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { AccountsStack } from '../accounts/accounts-stack.ts';
import { type StageProps, StageStack } from '../common/stage-stack.ts';
import type { WorkflowStack } from '../workflow/workflow-stack.ts';
import { AlarmTopic } from './alarm-topic.ts';
import { Alarms } from './alarms.ts';
import { LogQueries } from './log-queries.ts';
import { OperationsDashboard } from './operations-dashboard.ts';
import { addGatewayMetrics } from './stage-metrics.ts';

export interface ObservabilityStackProps extends StageProps {
  readonly accounts: AccountsStack;
  readonly workflow: WorkflowStack;
}

/** How people watch a stage: alarms and whom they tell, a dashboard, saved log queries. */
export class ObservabilityStack extends StageStack {
  constructor(scope: Construct, id: string, props: ObservabilityStackProps) {
    super(scope, id, props, {
      description: 'eGain accounts: alarms, dashboard and saved log queries',
    });
    const { config, stage, accounts, workflow } = props;
    const { apiFunction, taskFunction, authorizerFunction, accessLogs } = accounts;
    const { exportAccounts } = workflow;
    const { topic } = new AlarmTopic(this, 'AlarmTopic', config);
    const alarms = new Alarms(this, 'Alarms', { config, stage, topic, exportAccounts });
    addGatewayMetrics(this, stage, accessLogs);
    new OperationsDashboard(this, 'Operations', {
      cache: config.cache,
      stage,
      alarms: alarms.all,
      functions: [apiFunction, taskFunction, authorizerFunction].map((one) => one.function),
      exportAccounts,
    });
    new LogQueries(this, 'LogQueries', stage, {
      api: apiFunction.logGroup,
      task: taskFunction.logGroup,
      authorizer: authorizerFunction.logGroup,
      access: accessLogs,
    });
    new CfnOutput(this, 'AlarmTopicArn', {
      value: topic.topicArn,
      description: 'Where alarms go; more may subscribe',
    });
  }
}
