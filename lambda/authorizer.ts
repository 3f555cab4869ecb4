import withMiddleware from '@middy/core';
import type { APIGatewayAuthorizerResult } from 'aws-lambda';
import { type Authorize, type AuthorizerRequest, createAuthorize } from './auth/authorize.ts';
import { readPartnersFile } from './auth/partners.ts';
import { TokenRefused } from './auth/verify-token.ts';
import {
  correlationId,
  HANDLER_OPTIONS,
  type Handler,
  type Invoked,
  invocationLog,
  type Middleware,
} from './invocation.ts';
import { readAuthorizerConfig } from './platform/config.ts';
import { withDeadline } from './platform/deadline.ts';
import { errorName, log, nameService } from './platform/log.ts';
import { count } from './platform/metrics.ts';

/**
 * Makes the handler of a TOKEN authorizer. A bad token throws `Unauthorized`, which API Gateway
 * answers with 401; any other error is its AUTHORIZER_FAILURE, a 500.
 *
 * @param prepare is tried at once and, while it fails, again at each request: a crash at init would
 *   not say why
 */
export function createHandler(
  prepare: () => Authorize,
): Handler<AuthorizerRequest, APIGatewayAuthorizerResult> {
  let authorize: Authorize | undefined;
  try {
    authorize = prepare();
  } catch {
    // The first request tries again, and its failure is logged.
  }

  return withMiddleware<AuthorizerRequest, APIGatewayAuthorizerResult>(HANDLER_OPTIONS)
    .use(invocationLog('decision', describe))
    .use(correlationId())
    .use(refusal)
    .handler((request, context) =>
      withDeadline(context, async (deadline) => {
        authorize ??= prepare();
        return await authorize(request, deadline);
      }),
    );
}

function describe({ response, error }: Invoked<AuthorizerRequest, APIGatewayAuthorizerResult>) {
  return {
    partner: response?.principalId,
    decision: response?.policyDocument.Statement[0]?.Effect ?? error?.message,
  };
}

/** Middleware: logs and counts why nobody was let in, and throws what API Gateway understands. */
const refusal: Middleware = {
  onError(request) {
    const { error } = request;
    const { correlationId: id } = request.internal;
    if (error instanceof TokenRefused) {
      count('TokensRefused');
      log.warn('token refused', { reason: error.message, correlationId: id });
      request.error = new Error('Unauthorized');
    } else {
      count('AuthorizerFailures');
      log.error('cannot decide', { ...tellable(error), correlationId: id });
      request.error = new Error('The authorizer cannot decide');
    }
  },
};

/** Only the product's own messages are told: others may quote what they were given. */
function tellable(error: unknown): { error: string; reason?: string } {
  if (!(error instanceof Error)) return { error: typeof error };
  const own = error.name === 'Fault' || error.name === 'KeysUnavailable';
  return { error: errorName(error), ...(own && { reason: error.message }) };
}

nameService('authorizer');

/** Tells API Gateway who gets in, with which scopes and on which usage plan. */
export const handler = createHandler(() => {
  const partners = readPartnersFile(new URL('partners.json', import.meta.url));
  return createAuthorize(readAuthorizerConfig(), partners);
});
