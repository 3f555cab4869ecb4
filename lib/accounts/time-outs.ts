import { Duration } from 'aws-cdk-lib';

/**
 * How long each waits for the next, outermost first, so that the innermost gives up first and says
 * why: API Gateway's own limit is 29 s, and a function keeps a second back for its answer.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
 */
export const TIME_OUTS = {
  integration: Duration.seconds(28),
  api: Duration.seconds(27),
  authorizer: Duration.seconds(10),
  /** No gateway waits for it; a state machine's own time-out is longer. */
  task: Duration.seconds(60),
  /** The longest that Lambda gives: a walk may have to go slowly. */
  refresh: Duration.minutes(15),
} as const;
