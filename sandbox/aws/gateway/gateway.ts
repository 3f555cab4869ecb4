import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Clock, systemClock } from '../../../lambda/platform/deadline.ts';
import { readBody } from '../../local-server.ts';
import type { InvokeResult, LambdaFunction } from '../lambda-runtime.ts';
import type { Api, Route } from './api-template.ts';
import { decodedBody } from './content-coding.ts';
import { type Authorization, createAuthorize } from './gateway-authorizer.ts';
import { type Match, matchRoute, methodArn, parseTarget, proxyEvent } from './gateway-event.ts';
import {
  type GatewayErrorType,
  renderGatewayResponse,
  substituteContext,
} from './gateway-responses.ts';
import { compressAnswer, type ProxyAnswer, proxyAnswer, sendProxyAnswer } from './proxy-answer.ts';
import { createTokenBucket, createUsageMeter } from './usage-plans.ts';

/** API Gateway's quotas of a request: the body, and the request line with all headers. */
const MAX_BODY = 10 * 1024 * 1024;
const MAX_HEADERS = 10_240;

export interface GatewayOptions {
  readonly api: Api;
  readonly functionOf: (arn: string) => LambdaFunction;
  /** For throttles, quotas and the authorizer's cache. */
  readonly clock?: Clock;
  /** Takes a line of the access log. */
  readonly onAccess?: (line: string) => void;
}

export interface Gateway {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Answers what is no HTTP request, or one whose headers are too long for the parser. */
  readonly handleClientError: (error: NodeJS.ErrnoException, socket: Duplex) => void;
}

type Outcome =
  | { readonly answer: ProxyAnswer; readonly context: Context }
  | { readonly error: GatewayErrorType; readonly context: Context };
type Context = Readonly<Record<string, string>>;

/**
 * An API Gateway REST API, made from its template: routes, authorizer, usage plans, Lambda proxy
 * integrations, and its own errors as the template's gateway responses.
 */
export function createGateway(options: GatewayOptions): Gateway {
  const { api, functionOf, clock = systemClock } = options;
  const authorize = createAuthorize(clock);
  const usage = createUsageMeter(api.usagePlans, clock);
  const buckets = new Map(
    api.routes.map((route) => [route, createTokenBucket(route.throttle, clock)]),
  );

  async function outcome(request: IncomingMessage, requestId: string): Promise<Outcome> {
    if (headerSize(request) > MAX_HEADERS) return { error: 'REQUEST_TOO_LARGE', context: {} };
    const target = parseTarget(request.url ?? '/');
    if (target === undefined) return { error: 'BAD_REQUEST_PARAMETERS', context: {} };
    const method = request.method ?? '';
    const [stage, ...segments] = target.segments;
    const match = stage === api.stage ? matchRoute(api.routes, method, segments) : undefined;
    if (match === undefined) return { error: 'MISSING_AUTHENTICATION_TOKEN', context: {} };
    const { route } = match;
    const resource = { httpMethod: method, resourcePath: route.path };

    const authorization = await authorized(route, request, methodArn(api, method, segments));
    if ('refused' in authorization) return { error: authorization.refused, context: resource };
    const context = { ...resource, ...authorizerVariables(authorization.context) };
    const refusal =
      buckets.get(route)?.() === false
        ? 'THROTTLED'
        : route.apiKeyRequired
          ? usage.refuse(authorization.apiKey)
          : undefined;
    if (refusal !== undefined) return { error: refusal, context };

    const sent = await readBody(request, MAX_BODY);
    if (sent === undefined) return { error: 'REQUEST_TOO_LARGE', context };
    const body = decodedBody(sent, request.headers['content-encoding'], MAX_BODY);
    if (body === undefined) return { error: 'UNSUPPORTED_MEDIA_TYPE', context };
    const event = proxyEvent({
      api,
      match,
      target,
      request,
      body,
      requestId,
      authorizer: authorization.context,
    });
    const result = await withinTime(functionOf(route.functionArn).invoke(event), match);
    if (result === undefined) return { error: 'INTEGRATION_TIMEOUT', context };
    const answer = result.ok ? proxyAnswer(result.payload) : undefined;
    return answer === undefined ? { error: 'DEFAULT_5XX', context } : { answer, context };
  }

  async function authorized(
    { authorizer }: Route,
    request: IncomingMessage,
    arn: string,
  ): Promise<Authorization> {
    if (authorizer === undefined) return { context: {}, apiKey: undefined };
    return authorize(authorizer, functionOf(authorizer.functionArn), request, arn);
  }

  return {
    async handle(request, response) {
      const requestId = randomUUID();
      const started = performance.now();
      const result = await outcome(request, requestId);
      // What is left of a request must be read, or the connection cannot be used again.
      request.resume();
      if ('answer' in result) {
        const { minimumCompressionSize } = api;
        const acceptEncoding = request.headers['accept-encoding'];
        const answer = compressAnswer(result.answer, minimumCompressionSize, acceptEncoding);
        sendProxyAnswer(response, answer, requestId);
      }
      if ('error' in result || !response.headersSent) {
        const type = 'error' in result ? result.error : 'DEFAULT_5XX';
        const { status, headers, body } = renderGatewayResponse(
          api.gatewayResponses,
          type,
          requestId,
          api.stage,
        );
        const length = { 'Content-Length': Buffer.byteLength(body) };
        response.writeHead(status, { ...headers, ...length }).end(body);
      }
      if (api.accessLogFormat === undefined || options.onAccess === undefined) return;
      options.onAccess(
        substituteContext(api.accessLogFormat, {
          ...result.context,
          ...('error' in result ? { 'error.responseType': result.error } : {}),
          requestId,
          status: String(response.statusCode),
          requestTimeEpoch: String(Date.now()),
          responseLatency: String(Math.round(performance.now() - started)),
        }),
      );
    },
    handleClientError(error, socket) {
      if (!socket.writable) {
        // What still comes of a request that was answered is read past: cutting the connection
        // before the caller has sent it would take the answer away.
        if (error.code?.startsWith('HPE_') !== true) socket.destroy();
        return;
      }
      const { status, headers, body } = renderGatewayResponse(
        api.gatewayResponses,
        error.code === 'HPE_HEADER_OVERFLOW' ? 'REQUEST_TOO_LARGE' : 'BAD_REQUEST_PARAMETERS',
        randomUUID(),
        api.stage,
      );
      const lines = Object.entries({
        ...headers,
        'Content-Length': Buffer.byteLength(body),
        Connection: 'close',
      }).map(([name, value]) => `${name}: ${value}\r\n`);
      const statusLine = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
      socket.end(`${statusLine}${lines.join('')}\r\n${body}`);
    },
  };
}

/** Waits as long as the integration may take; the function itself goes on to its own end. */
async function withinTime(
  call: Promise<InvokeResult>,
  { route }: Match,
): Promise<InvokeResult | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, route.timeoutMs, undefined);
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
}

function headerSize(request: IncomingMessage): number {
  let size = (request.method?.length ?? 0) + (request.url?.length ?? 0) + 12;
  for (const text of request.rawHeaders) size += text.length + 2;
  return size;
}

function authorizerVariables(context: Readonly<Record<string, unknown>>): Context {
  const entries = Object.entries(context).map(
    ([name, value]) => [`authorizer.${name}`, String(value)] as const,
  );
  return Object.fromEntries(entries);
}
