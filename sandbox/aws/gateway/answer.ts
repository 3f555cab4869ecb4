import { type ServerResponse, validateHeaderName, validateHeaderValue } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { GatewayResponse } from './api-template.ts';

/** The answer of a Lambda proxy integration, checked. */
export interface ProxyAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

/** Headers that API Gateway keeps for itself and passes on under another name. */
const REMAPPED = new Set(
  (
    'authorization connection content-length content-md5 date expect host max-forwards server te ' +
    'trailer upgrade user-agent via warn www-authenticate'
  ).split(' '),
);

/**
 * Reads a function's answer as API Gateway does; `undefined` when it is malformed. What the product
 * never sends (`multiValueHeaders`, base64) is not read.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
 */
export function proxyAnswer(payload: unknown): ProxyAnswer | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  const { statusCode, headers, body } = payload as Readonly<Record<string, unknown>>;
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 200 || status > 599) return undefined;
  const text = body ?? '';
  if (typeof text !== 'string') return undefined;
  const sent = Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)] as const);
  if (!sent.every(isHeader)) return undefined;
  return {
    status,
    headers: sent.map(([name, value]) => [
      REMAPPED.has(name.toLowerCase()) ? `x-amzn-Remapped-${name}` : name,
      value,
    ]),
    body: Buffer.from(text),
  };
}

function isHeader([name, value]: readonly [string, string]): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}

/** `gzip` as a member of `Accept-Encoding`, unless its weight is 0. */
const GZIP = /(?:^|,)\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))|,|$)/i;

/**
 * Compresses an answer of at least `minimumSize` bytes for a caller that accepts gzip, unless the
 * function has done so. Nothing else about the answer changes. API Gateway knows deflate as well.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-receive-response-with-compressed-payload.html
 */
export function compressAnswer(
  answer: ProxyAnswer,
  minimumSize: number | undefined,
  acceptEncoding = '',
): ProxyAnswer {
  const { body, headers } = answer;
  if (minimumSize === undefined || body.length === 0 || body.length < minimumSize) return answer;
  const coded = headers.some(([name]) => name.toLowerCase() === 'content-encoding');
  if (coded || !GZIP.test(acceptEncoding)) return answer;
  return { ...answer, headers: [...headers, ['Content-Encoding', 'gzip']], body: gzipSync(body) };
}

/** Sends the answer, with the headers that API Gateway adds. */
export function sendProxyAnswer(
  response: ServerResponse,
  { status, headers, body }: ProxyAnswer,
  requestId: string,
): void {
  const isHead = response.req.method === 'HEAD';
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json');
  for (const [name, value] of headers) response.setHeader(name, value);
  response.setHeader('x-amzn-RequestId', requestId);
  if (status === 204 || status === 304) {
    response.removeHeader('Content-Type');
    response.end();
    return;
  }
  // The length in an answer to HEAD would be that of GET, which is not known here.
  if (!isHead) response.setHeader('Content-Length', body.length);
  response.end(body);
}

/**
 * The errors that API Gateway makes by itself: the default status and text of each.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
 */
const GATEWAY_ERRORS = {
  ACCESS_DENIED: [403, 'User is not authorized to access this resource with an explicit deny'],
  AUTHORIZER_CONFIGURATION_ERROR: [500, 'Internal server error'],
  AUTHORIZER_FAILURE: [500, 'Internal server error'],
  BAD_REQUEST_PARAMETERS: [400, 'Bad Request'],
  DEFAULT_5XX: [502, 'Internal server error'],
  INTEGRATION_TIMEOUT: [504, 'Endpoint request timed out'],
  INVALID_API_KEY: [403, 'Forbidden'],
  MISSING_AUTHENTICATION_TOKEN: [403, 'Missing Authentication Token'],
  QUOTA_EXCEEDED: [429, 'Limit Exceeded'],
  REQUEST_TOO_LARGE: [413, 'Request Too Long'],
  THROTTLED: [429, 'Too Many Requests'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'Unsupported Media Type'],
  UNAUTHORIZED: [401, 'Unauthorized'],
} as const satisfies Record<string, readonly [number, string]>;

export type GatewayErrorType = keyof typeof GATEWAY_ERRORS;

export interface RenderedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: string;
}

/** Renders the API's own response for an error, or API Gateway's where the API has none. */
export function renderGatewayResponse(
  responses: ReadonlyMap<string, GatewayResponse>,
  type: GatewayErrorType,
  requestId: string,
): RenderedResponse {
  const [defaultStatus, message] = GATEWAY_ERRORS[type];
  const fallback = defaultStatus < 500 ? 'DEFAULT_4XX' : 'DEFAULT_5XX';
  const {
    StatusCode,
    ResponseTemplates,
    ResponseParameters = {},
  } = responses.get(type) ?? responses.get(fallback) ?? {};
  const variables = {
    'error.message': message,
    'error.messageString': JSON.stringify(message),
    'error.responseType': type,
    requestId,
  };
  const template =
    ResponseTemplates?.['application/json'] ?? '{"message":$context.error.messageString}';
  const body = substituteContext(template, variables);
  const headers = Object.entries(ResponseParameters).map(([name, value]) => [
    name.replace(/^gatewayresponse\.header\./, ''),
    value.startsWith("'") ? value.slice(1, -1) : substituteContext(`$${value}`, variables),
  ]);
  return {
    status: Number(StatusCode ?? defaultStatus),
    headers: {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
      'x-amzn-RequestId': requestId,
      'x-amzn-ErrorType': `${type}_EXCEPTION`,
      ...(Object.fromEntries(headers) as Record<string, string>),
    },
    body,
  };
}

/** Fills in `$context` variables, the only ones that these templates have; unknown ones are empty. */
export function substituteContext(
  template: string,
  variables: Readonly<Record<string, string>>,
): string {
  return template.replace(
    /\$(?:\{context\.([\w.]+)\}|context\.([A-Za-z]\w*(?:\.[A-Za-z]\w*)*))/g,
    (_whole, braced?: string, bare?: string) => variables[braced ?? bare ?? ''] ?? '',
  );
}
