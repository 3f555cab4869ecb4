import { Duration } from 'aws-cdk-lib';
import { JitterType, type RetryProps } from 'aws-cdk-lib/aws-stepfunctions';
import { FAULTS, type WorkflowError } from '../../lambda/faults.ts';

/** Lambda's own trouble: the function was not started, or its answer got lost. */
const NOT_INVOKED = [
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.TooManyRequestsException',
];
/** The container died. A page is only read, so another try does no harm. */
const CONTAINER_DIED = ['Lambda.Unknown', 'Sandbox.Timedout', 'Runtime.ExitError'];

type Pace = Pick<RetryProps, 'interval' | 'maxDelay' | 'maxAttempts'>;

const BRIEFLY: Pace = {
  interval: Duration.seconds(2),
  maxDelay: Duration.seconds(30),
  maxAttempts: 5,
};
const ONCE_OR_TWICE: Pace = { ...BRIEFLY, maxAttempts: 2 };
/** The task has spent its own retries, so these wait for an outage to end. */
const PATIENTLY: Pace = {
  interval: Duration.seconds(5),
  maxDelay: Duration.seconds(60),
  maxAttempts: 5,
};
/** A throttle is only prolonged by whoever asks again soon. */
const SLOWLY: Pace = {
  interval: Duration.seconds(30),
  maxDelay: Duration.seconds(300),
  maxAttempts: 5,
};

/** The errors of TaskFunction that the fault catalogue calls worth another try. */
export function retriedErrors(): WorkflowError[] {
  const rows = Object.values(FAULTS).filter(({ retry }) => retry);
  const errors = rows.flatMap(({ workflowError }) => workflowError ?? []);
  return [...new Set<WorkflowError>(errors)];
}

/** The retriers of a state that invokes TaskFunction. */
export function taskRetries(): RetryProps[] {
  const faults = retriedErrors().map((error) =>
    retrier([error], error === 'UpstreamThrottled' ? SLOWLY : PATIENTLY),
  );
  return [...faults, retrier(NOT_INVOKED, BRIEFLY), retrier(CONTAINER_DIED, ONCE_OR_TWICE)];
}

/** The retriers of a state that writes to S3. Writing the same object again changes nothing. */
export function writeRetries(): RetryProps[] {
  return [retrier(['States.TaskFailed'], BRIEFLY)];
}

function retrier(errors: string[], pace: Pace): RetryProps {
  return { errors, ...pace, backoffRate: 2, jitterStrategy: JitterType.FULL };
}
