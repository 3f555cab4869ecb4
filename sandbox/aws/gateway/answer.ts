import { type ServerResponse, validateHeaderName, validateHeaderValue } from 'node:http';
import { gzipSync } from 'node:zlib';

/** The answer of a Lambda proxy integration, checked. */
export interface ProxyAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, values: readonly string[]])[];
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
 * Reads a function's answer as API Gateway does; `undefined` when it is malformed.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
 */
export function proxyAnswer(payload: unknown): ProxyAnswer | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  const { statusCode, headers, multiValueHeaders, body, isBase64Encoded } = payload as Readonly<
    Record<string, unknown>
  >;
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 200 || status > 599) return undefined;
  const text = body ?? '';
  if (typeof text !== 'string') return undefined;
  const named = new Map<string, readonly [name: string, values: readonly string[]]>();
  for (const [name, value] of [headers, multiValueHeaders].flatMap((each) =>
    Object.entries(each ?? {}),
  )) {
    const lower = name.toLowerCase();
    if (lower === 'transfer-encoding') continue;
    const values = [value as unknown].flat().map(String);
    if (!isHeader(name, values)) return undefined;
    named.set(lower, [REMAPPED.has(lower) ? `x-amzn-Remapped-${name}` : name, values]);
  }
  return {
    status,
    headers: [...named.values()],
    body: Buffer.from(text, isBase64Encoded === true ? 'base64' : 'utf8'),
  };
}

function isHeader(name: string, values: readonly string[]): boolean {
  try {
    validateHeaderName(name);
    for (const value of values) validateHeaderValue(name, value);
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
  return { ...answer, headers: [...headers, ['Content-Encoding', ['gzip']]], body: gzipSync(body) };
}

/** Sends the answer, with the headers that API Gateway adds. */
export function sendProxyAnswer(
  response: ServerResponse,
  { status, headers, body }: ProxyAnswer,
  requestId: string,
): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json');
  for (const [name, values] of headers) {
    response.setHeader(name, values.length === 1 ? (values[0] ?? '') : values);
  }
  response.setHeader('x-amzn-RequestId', requestId);
  if (status === 204 || status === 304) {
    response.removeHeader('Content-Type');
    response.end();
    return;
  }
  response.setHeader('Content-Length', body.length).end(body);
}
