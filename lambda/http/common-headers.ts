import { type HttpMiddleware, onEveryResponse } from './http-middleware.ts';
import { withHeaders } from './response.ts';

/** Gives every answer the headers that do not depend on what it holds. */
export function commonHeaders(): HttpMiddleware {
  return onEveryResponse((response, { internal }) =>
    withHeaders(response, {
      'X-Correlation-Id': internal.correlationId,
      'X-Content-Type-Options': 'nosniff',
    }),
  );
}
