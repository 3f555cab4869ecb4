import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { readBody } from '../../local-server.ts';
import type { InvokeResult } from '../container.ts';
import type { LambdaFunction } from '../lambda-runtime.ts';
import {
  compressAnswer,
  type GatewayErrorType,
  type ProxyAnswer,
  proxyAnswer,
  renderGatewayResponse,
  sendProxyAnswer,
  substituteContext,
} from './answer.ts';
import type { Api, Route } from './api-template.ts';
import { createAuthorize } from './authorizer.ts';
import { decodedBody, matchRoute, methodArn, parseTarget, proxyEvent } from './request.ts';
import { createTokenBucket, createUsageMeter } from './usage-plans.ts';

/** API Gateway's limits of a request: the body, and the request line with all headers; bytes. */
const MAX_BODY = 10 * 1024 * 1024;
const MAX_HEADERS = 10_240;

export interface GatewayOptions {
  readonly api: Api;
  readonly functionOf: (arn: string) => LambdaFunction;
  /** Receives each line of the access log. */
  readonly onAccess?: (line: string) => void;
}

export interface Gateway {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Answers text that is not an HTTP request, or whose headers are too long for the parser. */
  readonly handleClientError: (error: NodeJS.ErrnoException, socket: Duplex) => void;
}

/** Variables of `$context`, by name. */
type Context = Readonly<Record<string, string>>;
type Outcome = { readonly context: Context } & (
  | { readonly answer: ProxyAnswer }
  | { readonly error: GatewayErrorType }
);

/**
 * An API Gateway REST API, made from its template: routes, authorizer, usage plans, Lambda proxy
 * integrations, and the template's gateway responses for its own errors.
 */
export function createGateway(options: GatewayOptions): Gateway {
  const { api, functionOf, onAccess } = options;
  const authorize = createAuthorize(functionOf);
  const refuseUsage = createUsageMeter(api.usagePlans);
  const buckets = new Map(api.routes.map((route) => [route, createTokenBucket(route.throttle)]));

  async function outcomeOf(request: IncomingMessage, requestId: string): Promise<Outcome> {
    if (headerSize(request) > MAX_HEADERS) return { error: 'REQUEST_TOO_LARGE', context: {} };
    const target = parseTarget(request.url ?? '/');
    if (target === undefined) return { error: 'BAD_REQUEST_PARAMETERS', context: {} };
    const method = request.method ?? '';
    const match = matchRoute(api, method, target.path);
    if (match === undefined) return { error: 'MISSING_AUTHENTICATION_TOKEN', context: {} };
    const { route } = match;
    const resource = { httpMethod: method, resourcePath: route.path };

    const token = request.headers.authorization;
    const authorization = await authorize(route, token, methodArn(api, method, target.path));
    if ('refused' in authorization) return { error: authorization.refused, context: resource };
    const context = { ...resource, ...authorizerVariables(authorization.context) };
    const refusal = refuse(route, authorization.apiKey);
    if (refusal !== undefined) return { error: refusal, context };

    const sent = await readBody(request, MAX_BODY);
    if (sent === undefined) return { error: 'REQUEST_TOO_LARGE', context };
    const body = decodedBody(sent, request.headers['content-encoding'], MAX_BODY);
    if (body === undefined) return { error: 'UNSUPPORTED_MEDIA_TYPE', context };
    const { context: authorizer } = authorization;
    const event = proxyEvent({ api, match, target, request, body, requestId, authorizer });
    const result = await inTime(functionOf(route.functionArn).invoke(event), route.timeoutMs);
    if (result === undefined) return { error: 'INTEGRATION_TIMEOUT', context };
    const answer = result.ok ? proxyAnswer(result.payload) : undefined;
    return answer === undefined ? { error: 'DEFAULT_5XX', context } : { answer, context };
  }

  function refuse(route: Route, apiKey: string | undefined): GatewayErrorType | undefined {
    if (buckets.get(route)?.() === false) return 'THROTTLED';
    return route.apiKeyRequired ? refuseUsage(apiKey) : undefined;
  }

  const render = (type: GatewayErrorType, requestId: string) =>
    renderGatewayResponse(api.gatewayResponses, type, requestId);

  return {
    async handle(request, response) {
      const requestId = randomUUID();
      const started = performance.now();
      const outcome = await outcomeOf(request, requestId);
      // Unless the rest of the request is read, the connection cannot be used again.
      request.resume();
      if ('answer' in outcome) {
        const acceptEncoding = request.headers['accept-encoding'];
        const answer = compressAnswer(outcome.answer, api.minimumCompressionSize, acceptEncoding);
        sendProxyAnswer(response, answer, requestId);
      } else {
        const { status, headers, body } = render(outcome.error, requestId);
        response.writeHead(status, headers).end(body);
      }
      onAccess?.(
        substituteContext(api.accessLogFormat ?? '', {
          ...outcome.context,
          ...('error' in outcome && { 'error.responseType': outcome.error }),
          requestId,
          status: String(response.statusCode),
          requestTimeEpoch: String(Date.now()),
          responseLatency: String(Math.round(performance.now() - started)),
        }),
      );
    },
    handleClientError(error, socket) {
      if (!socket.writable) {
        // A request that was answered may still be arriving. Cutting the connection now would take
        // the answer away from the caller, so only other errors end it.
        if (error.code?.startsWith('HPE_') !== true) socket.destroy();
        return;
      }
      const tooLong = error.code === 'HPE_HEADER_OVERFLOW';
      const type = tooLong ? 'REQUEST_TOO_LARGE' : 'BAD_REQUEST_PARAMETERS';
      const { status, headers, body } = render(type, randomUUID());
      const lines = Object.entries({ ...headers, Connection: 'close' }).map(
        ([name, value]) => `${name}: ${value}\r\n`,
      );
      const statusLine = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
      socket.end(`${statusLine}${lines.join('')}\r\n${body}`);
    },
  };
}

/** Waits as long as the integration may take; the function itself goes on to its own end. */
async function inTime(
  call: Promise<InvokeResult>,
  milliseconds: number,
): Promise<InvokeResult | undefined> {
  const answered = new AbortController();
  try {
    return await Promise.race([call, delay(milliseconds, undefined, answered)]);
  } finally {
    answered.abort();
  }
}

function headerSize({ method = '', url = '', rawHeaders }: IncomingMessage): number {
  let size = method.length + url.length + 12;
  for (const text of rawHeaders) size += text.length + 2;
  return size;
}

function authorizerVariables(context: Context): Context {
  return Object.fromEntries(
    Object.entries(context).map(([name, value]) => [`authorizer.${name}`, value]),
  );
}
