import { readFileSync } from 'node:fs';
import withMiddleware from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import { openApiDocument, publicTokenUrl } from './http/openapi.ts';
import { correlationIdOf, partnerOf } from './http/request.ts';
import {
  commonHeaders,
  cors,
  faultResponse,
  type HttpResponse,
  headWithoutBody,
} from './http/response.ts';
import { createRoutes, queryLog, type RouteOptions } from './http/routes.ts';
import { correlationId, faultLog, HANDLER_OPTIONS, invocationLog } from './invocation.ts';
import { readCorsOrigins, readPublicSettings } from './platform/config.ts';
import { systemClock } from './platform/deadline.ts';
import { createTelemetry } from './platform/telemetry.ts';
import { createContainer } from './snapshot/container.ts';

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

const telemetry = createTelemetry('api');
const container = createContainer(telemetry);
const settings = readPublicSettings();
const readOpenApi = () => readFileSync(new URL('openapi.json', import.meta.url), 'utf8');

/** Answers the partner API's requests, as API Gateway's proxy integration (REST) sends them. */
export const handler = createApiHandler({
  service: container.service,
  openApi: openApiDocument(readOpenApi, publicTokenUrl(settings, systemClock), settings.contactUrl),
  telemetry,
  clock: systemClock,
  corsOrigins: readCorsOrigins(),
});

/** Settles when init may end; the bundle's main module waits for it. */
export const { ready } = container;
