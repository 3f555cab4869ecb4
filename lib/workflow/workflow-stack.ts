import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import type { AccountsStack } from '../accounts/accounts-stack.ts';
import { logKeeping } from '../common/log-group.ts';
import { removalPolicy } from '../common/removal-policy.ts';
import type { StageConfig } from '../stage/stage-config.ts';
import { ExportAccounts } from './export-accounts.ts';
import { ExportBucket } from './export-bucket.ts';

export interface WorkflowStackProps extends StackProps {
  readonly config: StageConfig;
  readonly accounts: AccountsStack;
  /** The stage's name, which the parameters' names hold. */
  readonly stage: string;
}

/** The Step Functions side: the state machine that exports all accounts, and its bucket. */
export class WorkflowStack extends Stack {
  readonly exportAccounts: IStateMachine;

  constructor(scope: Construct, id: string, props: WorkflowStackProps) {
    super(scope, id, props);
    const { config, accounts, stage } = props;
    const exports = new ExportBucket(this, 'ExportBucket', {
      removalPolicy: removalPolicy(config),
    });
    const { stateMachine } = new ExportAccounts(this, 'ExportAccounts', {
      logs: logKeeping(config),
      taskFunction: accounts.taskFunction.target,
      exports,
    });
    this.exportAccounts = stateMachine;

    const told: readonly Told[] = [
      {
        output: 'TaskFunctionArn',
        parameter: 'task-function-arn',
        value: accounts.taskFunction.target.functionArn,
        description: 'What a state machine of yours invokes',
      },
      {
        output: 'ExportAccountsArn',
        parameter: 'export-accounts-arn',
        value: stateMachine.stateMachineArn,
        description: 'The state machine that exports all accounts',
      },
      {
        output: 'ExportBucketName',
        parameter: 'export-bucket',
        value: exports.bucket.bucketName,
        description: 'Where the exports are, under exports/',
      },
      {
        output: 'ExportKeyArn',
        parameter: 'export-key-arn',
        value: exports.key.keyArn,
        description: "The key of the exports' bucket",
      },
    ];
    for (const { output, parameter, value, description } of told) {
      new CfnOutput(this, output, { value, description });
      new StringParameter(this, `${output}Parameter`, {
        parameterName: `/egain-accounts/${stage}/${parameter}`,
        stringValue: value,
        description,
      });
    }
  }
}

/** What authors of workflows refer to: by output, or in other stacks by parameter. */
interface Told {
  readonly output: string;
  readonly parameter: string;
  readonly value: string;
  readonly description: string;
}
