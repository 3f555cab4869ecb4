import { randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';
import type { Middleware } from './invocation.ts';

/**
 * Names the invocation.
 *
 * @param idOf the name that it has already; without one, it gets a random one
 */
export function correlationId<Event, Result>(
  idOf: (event: Event, context: Context) => string | undefined,
): Middleware<Event, Result> {
  return {
    before({ event, context, internal }) {
      internal.correlationId = idOf(event, context) ?? randomUUID();
    },
  };
}

/** The name that Lambda gave the invocation; an event made by hand may come without a context. */
export const lambdaRequestId = (_: unknown, context: Partial<Context>): string | undefined =>
  context.awsRequestId;
