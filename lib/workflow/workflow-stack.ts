import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { AccountsStack } from '../accounts/accounts-stack.ts';
import type { StageConfig } from '../stage/stage-config.ts';
import { ExportAccounts } from './export-accounts.ts';
import { ExportBucket } from './export-bucket.ts';

export interface WorkflowStackProps extends StackProps {
  readonly config: StageConfig;
  readonly accounts: AccountsStack;
}

/** The Step Functions side: the state machine that exports all accounts, and its bucket. */
export class WorkflowStack extends Stack {
  readonly exportAccounts: ExportAccounts;
  readonly exportBucket: ExportBucket;

  constructor(scope: Construct, id: string, props: WorkflowStackProps) {
    super(scope, id, props);
    const { config, accounts } = props;
    this.exportBucket = new ExportBucket(this, 'ExportBucket', { config });
    this.exportAccounts = new ExportAccounts(this, 'ExportAccounts', {
      config,
      taskFunction: accounts.taskFunction.target,
      bucket: this.exportBucket,
    });

    new CfnOutput(this, 'ExportAccountsArn', {
      value: this.exportAccounts.stateMachineArn,
      description: 'The state machine that exports all accounts',
    });
    new CfnOutput(this, 'ExportBucketName', {
      value: this.exportBucket.bucketName,
      description: 'Where the exports are, under exports/',
    });
    new CfnOutput(this, 'TaskFunctionArn', {
      value: accounts.taskFunction.target.functionArn,
      description: 'What a state machine of yours invokes',
    });
  }
}
