import { runStateMachine } from '../../../sandbox/aws/state-machine.ts';
import type { Sandbox } from '../../../sandbox/sandbox.ts';
import { type AccountState, type AwsAnswer, type AwsCall, json } from './state.ts';

/** @see https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
export async function answerLambda(call: AwsCall, { sandbox }: AccountState): Promise<AwsAnswer> {
  const result = await sandbox?.functionNamed('TaskFunction').invoke(JSON.parse(call.body));
  if (result === undefined) {
    return { ...json(404, {}), headers: { 'x-amzn-errortype': 'ResourceNotFoundException' } };
  }
  return result.ok
    ? json(200, result.payload as object)
    : { ...json(200, result.error), headers: { 'x-amz-function-error': 'Unhandled' } };
}

/** @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html */
export async function answerStepFunctions(
  { target, body }: AwsCall,
  state: AccountState,
): Promise<AwsAnswer> {
  const input = JSON.parse(body) as { readonly executionArn?: string; readonly input?: string };
  if (target.endsWith('.DescribeExecution')) {
    return json(200, state.executions.get(input.executionArn ?? '') ?? {}, '1.0');
  }
  if (state.sandbox === undefined) return json(400, { __type: 'StateMachineDoesNotExist' }, '1.0');
  const executionArn = `arn:aws:states:${state.region}:${state.account}:execution:export:${state.executions.size}`;
  const head = { executionArn, stateMachineArn: 'export', startDate: 1 };
  state.executions.set(executionArn, { ...head, status: 'RUNNING' });
  void run(state, state.sandbox, JSON.parse(input.input ?? '{}')).then((ended) =>
    state.executions.set(executionArn, { ...head, ...ended }),
  );
  return json(200, { executionArn, startDate: 1 }, '1.0');
}

async function run(state: AccountState, sandbox: Sandbox, input: unknown): Promise<object> {
  const machine = sandbox.template.only('AWS::StepFunctions::StateMachine');
  const task = sandbox.functionNamed('TaskFunction');
  const execution = await runStateMachine(String(machine.properties['DefinitionString']), input, {
    invoke: (_arn, payload) => task.invoke(payload),
    putObject: (bucket, key, text) => void state.objects.set(`${bucket}/${key}`, text),
    retryWaitMs: 10,
  });
  return execution.status === 'SUCCEEDED'
    ? { status: 'SUCCEEDED', output: JSON.stringify(execution.output) }
    : { status: 'FAILED', error: execution.error, cause: execution.cause };
}
