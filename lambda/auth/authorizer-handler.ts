import type { APIGatewayAuthorizerResult, Context } from 'aws-lambda';
import type { Clock } from '../platform/clock.ts';
import { deadlineOf } from '../platform/deadline.ts';
import type { InvocationTelemetry } from '../platform/telemetry.ts';
import type { Authorize, AuthorizerRequest } from './authorize.ts';
import { TokenRefused } from './verify-token.ts';

/**
 * Makes the handler of a TOKEN authorizer. A bad token is `Unauthorized`, which API Gateway answers
 * with 401; a valid token of a stranger gets a policy that denies; any other error is API Gateway's
 * AUTHORIZER_FAILURE, a 500. Never a pass.
 *
 * @param prepare puts the authorizer together. It is tried at once, and again at each request for
 *   as long as it fails: a crash at init would tell nobody why.
 */
export function createHandler(
  prepare: () => Authorize,
  telemetry: InvocationTelemetry,
  clock: Clock,
) {
  let authorize = attempt(prepare);

  return async (
    request: AuthorizerRequest,
    context: Pick<Context, 'awsRequestId' | 'getRemainingTimeInMillis'>,
  ): Promise<APIGatewayAuthorizerResult> => {
    const deadline = deadlineOf(context, clock);
    try {
      authorize ??= prepare();
      return await authorize(request, deadline);
    } catch (error) {
      throw explain(error, context.awsRequestId, telemetry);
    } finally {
      deadline.dispose();
      telemetry.flush();
    }
  };
}

function attempt(prepare: () => Authorize): Authorize | undefined {
  try {
    return prepare();
  } catch {
    return undefined;
  }
}

/** Logs and counts why nobody was let in; the error it makes tells the gateway what it must know. */
function explain(error: unknown, requestId: string, telemetry: InvocationTelemetry): Error {
  if (error instanceof TokenRefused) {
    telemetry.count('TokensRefused');
    telemetry.warn('token refused', { reason: error.message, requestId });
    return new Error('Unauthorized');
  }
  telemetry.count('AuthorizerFailures');
  telemetry.error('cannot decide', { ...describe(error), requestId });
  return new Error('The authorizer cannot decide');
}

/** Others' messages may quote what they were given, so only the product's own are told. */
function describe(error: unknown): { error: string; reason?: string } {
  if (!(error instanceof Error)) return { error: typeof error };
  const own = error.name === 'Fault' || error.name === 'KeysUnavailable';
  return own ? { error: error.name, reason: error.message } : { error: error.name };
}
