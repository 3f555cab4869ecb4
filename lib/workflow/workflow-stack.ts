import { CfnOutput } from 'aws-cdk-lib';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import type { AccountsStack } from '../accounts/accounts-stack.ts';
import { type StageProps, StageStack } from '../common/stage-stack.ts';
import { ExportAccounts } from './export-accounts.ts';
import { ExportBucket } from './export-bucket.ts';

export interface WorkflowStackProps extends StageProps {
  readonly accounts: AccountsStack;
}

/** The Step Functions side: the state machine that exports all accounts, and its bucket. */
export class WorkflowStack extends StageStack {
  readonly exportAccounts: IStateMachine;

  constructor(scope: Construct, id: string, props: WorkflowStackProps) {
    super(scope, id, props, { description: 'eGain accounts: the export to S3' });
    const { config, stage, accounts } = props;
    const exports = new ExportBucket(this, 'ExportBucket', config);
    const taskFunction = accounts.taskFunction.target;
    const { stateMachine } = new ExportAccounts(this, 'ExportAccounts', {
      config,
      taskFunction,
      exports,
    });
    this.exportAccounts = stateMachine;

    /** Tells authors of workflows: by output, and to other stacks by parameter. */
    const publish = (output: string, parameter: string, value: string, description: string) => {
      new CfnOutput(this, output, { value, description });
      new StringParameter(this, `${output}Parameter`, {
        parameterName: `/egain-accounts/${stage}/${parameter}`,
        stringValue: value,
        description,
      });
    };
    const { bucket, key } = exports;
    publish(
      'TaskFunctionArn',
      'task-function-arn',
      taskFunction.functionArn,
      'What a state machine of yours invokes',
    );
    publish(
      'ExportAccountsArn',
      'export-accounts-arn',
      stateMachine.stateMachineArn,
      'The state machine that exports all accounts',
    );
    publish(
      'ExportBucketName',
      'export-bucket',
      bucket.bucketName,
      'Where the exports are, under exports/',
    );
    publish('ExportKeyArn', 'export-key-arn', key.keyArn, "The key of the exports' bucket");
  }
}
