import { readFileSync } from 'node:fs';
import withMiddleware from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { openApiDocument } from './http/openapi.ts';
import { correlationIdOf, partnerOf } from './http/request.ts';
import {
  commonHeaders,
  cors,
  faultResponse,
  type HttpRequest,
  type HttpResponse,
  headWithoutBody,
} from './http/response.ts';
import {
  getAccount,
  getContract,
  listAccounts,
  queryLog,
  type RouteOptions,
  router,
} from './http/routes.ts';
import {
  correlationId,
  faultLog,
  HANDLER_OPTIONS,
  type Handler,
  invocationLog,
} from './invocation.ts';
import { readPublicSettings } from './platform/config.ts';
import { nameService } from './platform/log.ts';
import { createContainer } from './snapshot/container.ts';

export interface ApiHandlerOptions extends RouteOptions {
  /** The origins whose scripts may read the answers. Default: none. */
  readonly corsOrigins?: readonly string[];
}

/** Makes the partner API's handler, which never rejects: its middlewares, outermost first, and routes. */
export function createApiHandler(
  options: ApiHandlerOptions,
): Handler<APIGatewayProxyEvent, APIGatewayProxyResult> {
  return withMiddleware<APIGatewayProxyEvent, HttpResponse>(HANDLER_OPTIONS)
    .use(invocationLog('request', describe))
    .use(correlationId(correlationIdOf))
    .use(commonHeaders)
    .use(cors(options.corsOrigins ?? []))
    .use(headWithoutBody)
    .use(faultResponse)
    .use(queryLog)
    .use(faultLog)
    .handler<APIGatewayProxyEvent, HttpResponse>(
      router({
        '/accounts': listAccounts(options),
        '/accounts/{id}': getAccount(options),
        '/openapi.json': getContract(options),
      }),
    );
}

function describe({ event, response }: HttpRequest) {
  return {
    partner: partnerOf(event),
    route: `${event.httpMethod} ${event.resource}`,
    status: response?.statusCode,
  };
}

nameService('api');
const { service, ready } = createContainer();
const settings = readPublicSettings();
const readOpenApi = () => readFileSync(new URL('openapi.json', import.meta.url), 'utf8');

/** Answers the partner API's requests, as API Gateway's proxy integration (REST) sends them. */
export const handler = createApiHandler({
  service,
  openApi: openApiDocument(readOpenApi, settings),
  corsOrigins: settings.corsOrigins,
});

/** Settles when init may end; the bundle's main module waits for it. */
export { ready };
