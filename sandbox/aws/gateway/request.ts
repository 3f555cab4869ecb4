import type { IncomingMessage } from 'node:http';
import { gunzipSync, inflateSync } from 'node:zlib';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../template.ts';
import type { Api, Route } from './api-template.ts';

/** A request's path as it was sent, from the root and with the stage, and its query, decoded. */
export interface Target {
  readonly path: string;
  readonly query: Multi;
}

/** Values by name, in the order they came; without a prototype, since any name is possible. */
type Multi = Record<string, string[]>;

/** A route that matches, with the path's parameters. */
export interface Match {
  readonly route: Route;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Splits and decodes a request target; `undefined` when its percent-encoding is broken. */
export function parseTarget(rawUrl: string): Target | undefined {
  // The parser reads bytes as Latin-1; they are UTF-8.
  const url = Buffer.from(rawUrl.replace(/^https?:\/\/[^/?]*/i, ''), 'latin1').toString('utf8');
  const [path = '', ...rest] = url.split('?');
  const query = Object.create(null) as Multi;
  try {
    decodeURIComponent(path);
    for (const pair of rest.join('?').split('&').filter(Boolean)) {
      const [name = '', ...value] = pair.split('=');
      (query[formDecoded(name)] ??= []).push(formDecoded(value.join('=')));
    }
    return { path, query };
  } catch {
    return undefined;
  }
}

function formDecoded(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

/** Finds the route for a method and a path. */
export function matchRoute(
  { stage, routes }: Api,
  method: string,
  path: string,
): Match | undefined {
  for (const route of routes) {
    const found = new RegExp(`^/${stage}${route.pattern}/?$`).exec(path);
    if (route.method !== method || found === null) continue;
    const groups = Object.entries(found.groups ?? {});
    const parameters = groups.map(([name, value]) => [name, decodeURIComponent(value)] as const);
    return { route, parameters: Object.fromEntries(parameters) };
  }
  return undefined;
}

/** The ARN by which policies and authorizers know a call. */
export function methodArn({ id, stage }: Api, method: string, path: string): string {
  const [, , ...segments] = path.replace(/\/$/, '').split('/');
  return `arn:aws:execute-api:${LOCAL_REGION}:${LOCAL_ACCOUNT}:${id}/${stage}/${method}/${segments.join('/')}`;
}

/**
 * Undoes the coding of a request's body; `undefined` for another coding or a body that is not coded
 * by it, which API Gateway answers with 415.
 *
 * @param limit the most bytes that may come of it; more counts as not coded
 */
export function decodedBody(
  body: Buffer,
  contentEncoding: string | undefined,
  limit: number,
): Buffer | undefined {
  const coding = contentEncoding?.trim().toLowerCase() ?? '';
  if (coding === 'identity' || coding === '') return body;
  const decode = { gzip: gunzipSync, deflate: inflateSync }[coding];
  try {
    return decode?.(body, { maxOutputLength: limit });
  } catch {
    return undefined;
  }
}

export interface EventParts {
  readonly api: Api;
  readonly match: Match;
  readonly target: Target;
  readonly request: IncomingMessage;
  readonly body: Buffer;
  readonly requestId: string;
  readonly authorizer: Readonly<Record<string, string>> | undefined;
}

/**
 * The event of a Lambda proxy integration, payload version 1.0.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
 */
export function proxyEvent(parts: EventParts): APIGatewayProxyEvent {
  const { api, match, target, request, body, requestId } = parts;
  const multiValueHeaders = headersOf(request);
  const httpMethod = request.method ?? '';
  const now = Date.now();
  const event = {
    resource: match.route.path,
    path: target.path.slice(api.stage.length + 1),
    httpMethod,
    headers: lastOfEach(multiValueHeaders),
    multiValueHeaders,
    queryStringParameters: orNull(lastOfEach(target.query)),
    multiValueQueryStringParameters: orNull(target.query),
    pathParameters: orNull(match.parameters),
    stageVariables: null,
    body: body.length === 0 ? null : body.toString('utf8'),
    isBase64Encoded: false,
    requestContext: {
      accountId: LOCAL_ACCOUNT,
      apiId: api.id,
      authorizer: parts.authorizer,
      // API Gateway names the domain that it serves: here, the host that was asked.
      domainName: request.headers.host ?? 'localhost',
      domainPrefix: api.id,
      extendedRequestId: requestId.slice(0, 16),
      httpMethod,
      identity: { sourceIp: '127.0.0.1' },
      path: target.path,
      protocol: `HTTP/${request.httpVersion}`,
      requestId,
      requestTime: new Date(now).toUTCString(),
      requestTimeEpoch: now,
      resourceId: match.route.path,
      resourcePath: match.route.path,
      stage: api.stage,
    },
  };
  // The fields that only other kinds of authorizer and caller fill are left out.
  return event as unknown as APIGatewayProxyEvent;
}

/** Headers by the name as it was first written; a name in another case is the same header. */
function headersOf({ rawHeaders }: IncomingMessage): Multi {
  const names = new Map<string, string>();
  const headers = Object.create(null) as Multi;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const sent = rawHeaders[index] ?? '';
    const lower = sent.toLowerCase();
    if (lower === 'connection' || lower === 'transfer-encoding') continue;
    const name = names.get(lower) ?? sent;
    names.set(lower, name);
    (headers[name] ??= []).push(rawHeaders[index + 1] ?? '');
  }
  return headers;
}

function lastOfEach(values: Multi): Record<string, string> {
  const single = Object.create(null) as Record<string, string>;
  for (const name of Object.keys(values)) single[name] = values[name]?.at(-1) ?? '';
  return single;
}

function orNull<T extends object>(values: T): T | null {
  return Object.keys(values).length === 0 ? null : values;
}
