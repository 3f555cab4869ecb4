import { JitterType } from 'aws-cdk-lib/aws-stepfunctions';
import { expect, test } from 'vitest';
import { taskRetries, writeRetries } from '../../../lib/workflow/workflow-retries.ts';

/** After how many seconds an error is tried again at first and at most, and how often. */
function paceOf(error: string, retriers = taskRetries()): (number | undefined)[] {
  const { interval, maxDelay, maxAttempts } =
    retriers.find(({ errors }) => errors?.includes(error)) ?? {};
  return [interval?.toSeconds(), maxDelay?.toSeconds(), maxAttempts];
}

test.each([
  ['a throttle of eGain’s, which asking soon prolongs', 'UpstreamThrottled', [30, 300, 5]],
  ['an outage of eGain’s', 'UpstreamUnavailable', [5, 60, 5]],
  ['a function that was not started', 'Lambda.ServiceException', [2, 30, 5]],
  ['a function that was throttled', 'Lambda.TooManyRequestsException', [2, 30, 5]],
  ['a container that died', 'Lambda.Unknown', [2, 30, 2]],
  ['a container that took too long', 'Sandbox.Timedout', [2, 30, 2]],
  ['a refusal, which would be the same again', 'CredentialsRejected', []],
])('%s (%s) is tried again after %j: first, longest, times', (_, error, pace) => {
  expect(paceOf(error).filter((part) => part !== undefined)).toEqual(pace);
});

test('whatever S3 fails with is written again', () => {
  expect(paceOf('States.TaskFailed', writeRetries())).toEqual([2, 30, 5]);
});

test('each wait is twice the one before, and of a random length, so that not all come at once', () => {
  for (const { backoffRate, jitterStrategy } of [...taskRetries(), ...writeRetries()]) {
    expect([backoffRate, jitterStrategy]).toEqual([2, JitterType.FULL]);
  }
});
