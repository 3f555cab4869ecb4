import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Function } from 'aws-cdk-lib/aws-lambda';
import {
  DefinitionBody,
  type IChainable,
  QueryLanguage,
  StateMachine,
} from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { resolveTemplate } from '../../sandbox/aws/template.ts';
import { temporaryFolder } from './temporary-folder.ts';

export const TASK_ARN = 'arn:aws:lambda:us-east-1:000000000000:function:TaskFunction';

export interface UserApp {
  /** The state machine's, intrinsic functions resolved. */
  readonly definition: string;
  /** What its role may do. */
  readonly statements: readonly unknown[];
}

/** A workflow author's own app: a state machine around TaskFunction, imported by its ARN. */
export function userApp(
  define: (
    scope: Construct,
    taskFunction: ReturnType<typeof Function.fromFunctionArn>,
  ) => IChainable,
  queryLanguage: QueryLanguage = QueryLanguage.JSON_PATH,
): UserApp {
  const app = new App({ outdir: temporaryFolder(), analyticsReporting: false });
  const stack = new Stack(app, 'user');
  const taskFunction = Function.fromFunctionArn(stack, 'TaskFunction', TASK_ARN);
  const machine = new StateMachine(stack, 'Machine', {
    queryLanguage,
    definitionBody: DefinitionBody.fromChainable(define(stack, taskFunction)),
  });
  const policies = Template.fromStack(Stack.of(machine)).findResources('AWS::IAM::Policy');
  const resource = resolveTemplate(app.synth()).only('AWS::StepFunctions::StateMachine');
  return {
    definition: String(resource.properties['DefinitionString']),
    statements: Object.values(policies).flatMap(statementsOf),
  };
}

/** The statements of an `AWS::IAM::Policy`. */
export function statementsOf(policy: Readonly<Record<string, unknown>>): PolicyStatement[] {
  return (policy as { Properties: { PolicyDocument: { Statement: PolicyStatement[] } } }).Properties
    .PolicyDocument.Statement;
}

export interface PolicyStatement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}
