import type { APIGatewayProxyEvent } from 'aws-lambda';
import { headerOf } from './request-headers.ts';

/** The headers of an answer that a script of another origin may read. */
export const EXPOSED_HEADERS = [
  'ETag',
  'Age',
  'Cache-Status',
  'Retry-After',
  'X-Correlation-Id',
] as const;

/**
 * Lets a browser's script read the answer, if its origin is one that the stage config names. It is
 * named and never `*`, and credentials are not offered: a token comes in a header.
 *
 * @param headers what the answer carries already
 * @param origins none where CORS is not offered; then nothing is added
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 */
export function withCors(
  headers: Readonly<Record<string, string>>,
  event: APIGatewayProxyEvent,
  origins: readonly string[],
): Readonly<Record<string, string>> {
  if (origins.length === 0) return headers;
  const vary = headers['Vary'] === undefined ? 'Origin' : `${headers['Vary']}, Origin`;
  const origin = headerOf(event, 'origin');
  if (origin === undefined || !origins.includes(origin)) return { ...headers, Vary: vary };
  return {
    ...headers,
    Vary: vary,
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Expose-Headers': EXPOSED_HEADERS.join(', '),
  };
}
