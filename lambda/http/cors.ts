import { type HttpMiddleware, onEveryResponse } from './http-middleware.ts';
import { headerOf } from './request-headers.ts';
import { withHeaders } from './response.ts';

/** The headers of an answer that a script of another origin may read. */
export const EXPOSED_HEADERS = [
  'ETag',
  'Age',
  'Cache-Status',
  'Accounts-Version',
  'Link',
  'Retry-After',
  'X-Correlation-Id',
] as const;

/**
 * Lets a browser's script read the answer, if its origin is one that the stage config names. It is
 * named and never `*`, and credentials are not offered: a token comes in a header.
 *
 * @param origins none where CORS is not offered; then nothing is added
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 */
export function cors(origins: readonly string[]): HttpMiddleware {
  return onEveryResponse((response, { event }) => {
    if (origins.length === 0) return response;
    const { Vary: vary } = response.headers;
    const origin = headerOf(event, 'origin');
    return withHeaders(response, {
      Vary: vary === undefined ? 'Origin' : `${vary}, Origin`,
      ...(origin !== undefined &&
        origins.includes(origin) && {
          'Access-Control-Allow-Origin': origin,
          'Access-Control-Expose-Headers': EXPOSED_HEADERS.join(', '),
        }),
    });
  });
}
