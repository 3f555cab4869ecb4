import withMiddleware from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import { correlationId } from '../middleware/correlation-id.ts';
import { faultLog } from '../middleware/fault-log.ts';
import { HANDLER_OPTIONS } from '../middleware/invocation.ts';
import { invocationLog } from '../middleware/invocation-log.ts';
import { partnerOf } from './authorizer-context.ts';
import { commonHeaders } from './common-headers.ts';
import { correlationIdOf } from './correlation-id.ts';
import { cors } from './cors.ts';
import { faultResponse } from './fault-response.ts';
import { headWithoutBody } from './head.ts';
import { queryLog } from './query-log.ts';
import type { HttpResponse } from './response.ts';
import { createRoutes, type RouteOptions } from './routes.ts';

export interface ApiHandlerOptions extends RouteOptions {
  /** The origins whose scripts may read the answers; none by default. */
  readonly corsOrigins?: readonly string[];
}

/** What is invoked for each request; it never rejects. */
export type ApiHandler = (
  event: APIGatewayProxyEvent,
  context: Context,
) => Promise<APIGatewayProxyResult>;

/** Makes the handler of the partner API: the routes, and around them one concern after another. */
export function createApiHandler(options: ApiHandlerOptions): ApiHandler {
  const { telemetry, clock, corsOrigins = [] } = options;
  return withMiddleware<APIGatewayProxyEvent, HttpResponse>(HANDLER_OPTIONS)
    .use(
      invocationLog<APIGatewayProxyEvent, HttpResponse>({
        message: 'request',
        telemetry,
        clock,
        describe: ({ event, response }) => ({
          partner: partnerOf(event),
          route: `${event.httpMethod} ${event.resource}`,
          status: response?.statusCode,
        }),
      }),
    )
    .use(correlationId<APIGatewayProxyEvent, HttpResponse>(correlationIdOf))
    .use(commonHeaders())
    .use(cors(corsOrigins))
    .use(headWithoutBody())
    .use(faultResponse())
    .use(queryLog(telemetry))
    .use(faultLog<APIGatewayProxyEvent, HttpResponse>(telemetry))
    .handler<APIGatewayProxyEvent, HttpResponse>(createRoutes(options));
}
