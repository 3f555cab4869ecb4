import type { Request } from '@middy/core';
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import type { Invocation, Middleware } from '../middleware/invocation.ts';
import type { HttpResponse } from './response.ts';

export type HttpMiddleware = Middleware<APIGatewayProxyEvent, HttpResponse>;
export type HttpRequest = Request<APIGatewayProxyEvent, HttpResponse, Error, Context, Invocation>;

/** Middleware that changes every answer, those to faults too. */
export function onEveryResponse(
  change: (response: HttpResponse, request: HttpRequest) => HttpResponse,
): HttpMiddleware {
  const apply = (request: HttpRequest) => {
    if (request.response) request.response = change(request.response, request);
  };
  return { after: apply, onError: apply };
}
