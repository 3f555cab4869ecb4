import withMiddleware from '@middy/core';
import type { APIGatewayAuthorizerResult, Context } from 'aws-lambda';
import { type Authorize, type AuthorizerRequest, createAuthorize } from './auth/authorize.ts';
import { readPartnersFile } from './auth/partners.ts';
import { TokenRefused } from './auth/verify-token.ts';
import {
  correlationId,
  HANDLER_OPTIONS,
  invocationLog,
  lambdaRequestId,
  type Middleware,
} from './invocation.ts';
import { readAuthorizerConfig } from './platform/config.ts';
import { type Clock, deadlineOf, systemClock } from './platform/deadline.ts';
import { createTelemetry, type InvocationTelemetry } from './platform/telemetry.ts';

/** What API Gateway invokes for a token that it does not know yet. */
export type AuthorizerHandler = (
  request: AuthorizerRequest,
  context: Context,
) => Promise<APIGatewayAuthorizerResult>;

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
): AuthorizerHandler {
  let authorize = attempt(prepare);

  return withMiddleware<AuthorizerRequest, APIGatewayAuthorizerResult>(HANDLER_OPTIONS)
    .use(
      invocationLog<AuthorizerRequest, APIGatewayAuthorizerResult>({
        message: 'decision',
        telemetry,
        clock,
        describe: ({ response, error }) => ({
          partner: response?.principalId,
          decision: response?.policyDocument.Statement[0]?.Effect ?? error?.message,
        }),
      }),
    )
    .use(correlationId<AuthorizerRequest, APIGatewayAuthorizerResult>(lambdaRequestId))
    .use(refusal(telemetry))
    .handler(async (request, context) => {
      const deadline = deadlineOf(context, { clock });
      try {
        authorize ??= prepare();
        return await authorize(request, deadline);
      } finally {
        deadline.dispose();
      }
    });
}

function attempt(prepare: () => Authorize): Authorize | undefined {
  try {
    return prepare();
  } catch {
    return undefined;
  }
}

/** Logs and counts why nobody was let in, and throws what tells the gateway what it must know. */
function refusal(
  telemetry: InvocationTelemetry,
): Middleware<AuthorizerRequest, APIGatewayAuthorizerResult> {
  return {
    onError(request) {
      const { error } = request;
      const { correlationId: id } = request.internal;
      if (error instanceof TokenRefused) {
        telemetry.count('TokensRefused');
        telemetry.warn('token refused', { reason: error.message, correlationId: id });
        request.error = new Error('Unauthorized');
      } else {
        telemetry.count('AuthorizerFailures');
        telemetry.error('cannot decide', { ...describe(error), correlationId: id });
        request.error = new Error('The authorizer cannot decide');
      }
    },
  };
}

/** Others' messages may quote what they were given, so only the product's own are told. */
function describe(error: unknown): { error: string; reason?: string } {
  if (!(error instanceof Error)) return { error: typeof error };
  const own = error.name === 'Fault' || error.name === 'KeysUnavailable';
  return own ? { error: error.name, reason: error.message } : { error: error.name };
}

const telemetry = createTelemetry('authorizer');

/** Lets API Gateway know who gets in, with which scopes, on which usage plan. */
export const handler = createHandler(
  () => {
    const partners = readPartnersFile(new URL('partners.json', import.meta.url));
    return createAuthorize(readAuthorizerConfig(), partners, telemetry, systemClock);
  },
  telemetry,
  systemClock,
);
