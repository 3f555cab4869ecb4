import { type ServerResponse, validateHeaderName, validateHeaderValue } from 'node:http';
import { acceptedCoding, compressed } from './content-coding.ts';

/** What a Lambda proxy integration answers with, checked. */
export interface ProxyAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, values: readonly string[]])[];
  readonly body: Buffer | string;
}

/** Headers that API Gateway keeps for itself and passes on under another name. */
const REMAPPED = new Set([
  'authorization',
  'connection',
  'content-length',
  'content-md5',
  'date',
  'expect',
  'host',
  'max-forwards',
  'server',
  'te',
  'trailer',
  'upgrade',
  'user-agent',
  'via',
  'warn',
  'www-authenticate',
]);

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
  if (body !== undefined && body !== null && typeof body !== 'string') return undefined;
  const named = new Map<string, { readonly name: string; readonly values: readonly string[] }>();
  const all = [
    ...Object.entries((headers ?? {}) as Record<string, unknown>),
    ...Object.entries((multiValueHeaders ?? {}) as Record<string, unknown>),
  ];
  for (const [name, value] of all) {
    const lower = name.toLowerCase();
    if (lower === 'transfer-encoding') continue;
    const values = [value].flat().map(String);
    if (!isHeader(name, values)) return undefined;
    named.set(lower, { name: REMAPPED.has(lower) ? `x-amzn-Remapped-${name}` : name, values });
  }
  const text = body ?? '';
  return {
    status,
    headers: [...named.values()].map(({ name, values }) => [name, values] as const),
    body: isBase64Encoded === true ? Buffer.from(text, 'base64') : text,
  };
}

/**
 * Compresses an answer of at least `minimumSize` bytes for a caller that accepts it, unless the
 * function has done so. Nothing else about the answer changes.
 */
export function compressAnswer(
  answer: ProxyAnswer,
  minimumSize: number | undefined,
  acceptEncoding: string | undefined,
): ProxyAnswer {
  const coding = acceptedCoding(acceptEncoding);
  if (minimumSize === undefined || coding === undefined) return answer;
  const body = Buffer.from(answer.body);
  const coded = answer.headers.some(([name]) => name.toLowerCase() === 'content-encoding');
  if (coded || body.length === 0 || body.length < minimumSize) return answer;
  const headers = [...answer.headers, ['Content-Encoding', [coding]] as const];
  return { ...answer, headers, body: compressed(body, coding) };
}

/** Sends the answer, with the headers that API Gateway adds. */
export function sendProxyAnswer(
  response: ServerResponse,
  { status, headers, body }: ProxyAnswer,
  requestId: string,
): void {
  response.setHeader('Content-Type', 'application/json');
  for (const [name, values] of headers)
    response.setHeader(name, values.length === 1 ? (values[0] ?? '') : values);
  response.setHeader('x-amzn-RequestId', requestId);
  response.statusCode = status;
  if (status === 204 || status === 304) {
    response.removeHeader('Content-Type');
    response.end();
    return;
  }
  response.setHeader('Content-Length', Buffer.byteLength(body)).end(body);
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
