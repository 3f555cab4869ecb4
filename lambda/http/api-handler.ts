import withMiddleware, { type MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import { Fault } from '../faults.ts';
import type { InvocationTelemetry } from '../platform/telemetry.ts';
import { correlationIdOf } from './correlation-id.ts';
import { withCors } from './cors.ts';
import { faultAnswer } from './envelope.ts';
import { recordInvocation } from './invocation-record.ts';
import { type Answer, toProxyResult } from './response.ts';
import { createRoutes, type RouteOptions } from './routes.ts';

export interface ApiHandlerOptions extends RouteOptions {
  readonly telemetry: InvocationTelemetry;
  /** The origins whose scripts may read the answers; none by default. */
  readonly corsOrigins?: readonly string[];
}

/** What is invoked for each request; it never rejects. */
export type ApiHandler = (
  event: APIGatewayProxyEvent,
  context: Context,
) => Promise<APIGatewayProxyResult>;

/**
 * Makes the handler of the partner API: the routes, and around them the middleware that puts
 * answers and faults into the gateway's form and keeps the record of each request.
 */
export function createApiHandler(options: ApiHandlerOptions): ApiHandler {
  // The deadline is our own: Middy's early time-out would answer in its place. Its types do not
  // know that the middleware turns every answer into the gateway's form.
  return withMiddleware<APIGatewayProxyEvent, Answer | APIGatewayProxyResult>({
    timeoutEarlyInMillis: 0,
  })
    .use(exchange(options))
    .handler(createRoutes(options)) as ApiHandler;
}

/** What is known of a request from its beginning. */
interface Beginning extends Record<string, unknown> {
  startedAt: number;
  correlationId: string;
}

function exchange({
  telemetry,
  clock,
  corsOrigins = [],
}: ApiHandlerOptions): MiddlewareObj<
  APIGatewayProxyEvent,
  Answer | APIGatewayProxyResult,
  Error,
  Context,
  Beginning
> {
  const respond = (answer: Answer, event: APIGatewayProxyEvent, correlationId: string) => {
    const headers = withCors(answer.headers, event, corsOrigins);
    return toProxyResult({ ...answer, headers }, correlationId);
  };

  return {
    before({ event, internal }) {
      internal.startedAt = clock.now();
      internal.correlationId = correlationIdOf(event);
    },
    after(request) {
      // The routes' own: nothing else has put one in its place yet.
      const answer = request.response as Answer;
      recordInvocation({ ...request.internal, event: request.event, answer }, telemetry, clock);
      request.response = respond(answer, request.event, request.internal.correlationId);
    },
    onError(request) {
      const { error, event, internal } = request;
      const known = error instanceof Fault;
      const fault = known ? error : new Fault('internalError');
      const answer = faultAnswer(fault, event);
      const outcome = { ...internal, event, answer, fault, error: known ? undefined : error };
      recordInvocation(outcome, telemetry, clock);
      request.response = respond(answer, event, internal.correlationId);
    },
  };
}
