import { Duration } from 'aws-cdk-lib';
import { JitterType, type RetryProps } from 'aws-cdk-lib/aws-stepfunctions';
import { FAULTS, type WorkflowError } from '../../lambda/faults.ts';

type WorkflowErrors = { readonly [Name in WorkflowError]: Name };

/**
 * The names of the errors that TaskFunction fails with, to be caught with `addCatch`.
 *
 * @example
 * task.addCatch(tellTheOperator, { errors: [WORKFLOW_ERRORS.CredentialsRejected] });
 */
export const WORKFLOW_ERRORS: WorkflowErrors = Object.fromEntries(
  Object.values(FAULTS).flatMap(({ workflowError: name }) => (name === null ? [] : [[name, name]])),
  // The catalogue names each of them at least once; a test compares.
) as WorkflowErrors;

/** Lambda's own failures: the function was not started, or its answer got lost. */
const NOT_INVOKED = [
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.TooManyRequestsException',
];
/** The container died. The task only reads, so another try does no harm. */
const CONTAINER_DIED = ['Lambda.Unknown', 'Sandbox.Timedout', 'Runtime.ExitError'];

/** When an error is tried again: after how many seconds at first and at most, and how often. */
type Pace = readonly [first: number, longest: number, attempts: number];

const BRIEFLY: Pace = [2, 30, 5];
const ONCE_OR_TWICE: Pace = [2, 30, 2];
/** The task has used up its own retries, so these wait for an outage to end. */
const PATIENTLY: Pace = [5, 60, 5];
/** Asking again soon would only prolong a throttle. */
const SLOWLY: Pace = [30, 300, 5];

/** The errors of TaskFunction that the fault catalogue calls worth another try. */
export function retriedErrors(): WorkflowError[] {
  const rows = Object.values(FAULTS).filter(({ retry }) => retry);
  return [...new Set<WorkflowError>(rows.flatMap(({ workflowError }) => workflowError ?? []))];
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

function retrier(errors: string[], [first, longest, maxAttempts]: Pace): RetryProps {
  return {
    errors,
    interval: Duration.seconds(first),
    maxDelay: Duration.seconds(longest),
    maxAttempts,
    backoffRate: 2,
    jitterStrategy: JitterType.FULL,
  };
}
