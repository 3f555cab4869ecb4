import { JitterType } from 'aws-cdk-lib/aws-stepfunctions';
import { expect, test } from 'vitest';
import { FAULT_NAMES, FAULTS } from '../../../lambda/faults.ts';
import {
  retriedErrors,
  taskRetries,
  WORKFLOW_ERRORS,
  writeRetries,
} from '../../../lib/workflow/workflow-errors.ts';

/** After how many seconds an error is tried again at first and at most, and how often. */
function paceOf(error: string, retriers = taskRetries()): (number | undefined)[] {
  const { interval, maxDelay, maxAttempts } =
    retriers.find(({ errors }) => errors?.includes(error)) ?? {};
  return [interval?.toSeconds(), maxDelay?.toSeconds(), maxAttempts];
}

test.each<readonly [what: string, error: string, pace: readonly number[]]>([
  ['a throttle, which asking soon prolongs', 'UpstreamThrottled', [30, 300, 5]],
  ['an outage of eGain', 'UpstreamUnavailable', [5, 60, 5]],
  ...[
    'ServiceException',
    'AWSLambdaException',
    'SdkClientException',
    'ClientExecutionTimeoutException',
    'TooManyRequestsException',
  ].map((name) => ['a function that was not started', `Lambda.${name}`, [2, 30, 5]] as const),
  ...['Lambda.Unknown', 'Sandbox.Timedout', 'Runtime.ExitError'].map(
    (name) => ['a container that died', name, [2, 30, 2]] as const,
  ),
  ['a refusal, which would be the same again', 'CredentialsRejected', []],
])('%s (%s) is tried again after %j: first, longest, times', (_, error, pace) => {
  expect(paceOf(error).filter((part) => part !== undefined)).toEqual(pace);
});

test('every failure of S3 is written again', () => {
  expect(paceOf('States.TaskFailed', writeRetries())).toEqual([2, 30, 5]);
});

test('each wait is twice the one before, with jitter, so that not all ask at once', () => {
  for (const { backoffRate, jitterStrategy } of [...taskRetries(), ...writeRetries()]) {
    expect([backoffRate, jitterStrategy]).toEqual([2, JitterType.FULL]);
  }
});

test.each(FAULT_NAMES)('%s is retried exactly when all faults of its error name are', (fault) => {
  const { workflowError, retry } = FAULTS[fault];
  if (workflowError === null) return;

  expect(retriedErrors().includes(workflowError)).toBe(retry);
  expect(WORKFLOW_ERRORS[workflowError]).toBe(workflowError);
});
