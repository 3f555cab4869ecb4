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
