import { Fault } from '../faults.ts';
import { entityTag, matchesEntityTag } from './conditional.ts';

/** An answer in the form that API Gateway's proxy integration takes. */
export interface HttpResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Lambda's limit for a function's answer is 6 MB; some is kept for status and headers. */
const MAX_BYTES = 6 * 1024 * 1024 - 64 * 1024;
/** The most bytes that one UTF-16 unit of the body can take in the function's JSON answer. */
const MAX_BYTES_PER_UNIT = 3;

/**
 * Answers with JSON, or with 304 where the caller has it already.
 *
 * @param headers what the answer says about caching, with either status.
 * @throws Fault `413-901` when the body, escaped as the platform does, would pass its limit.
 */
export function jsonResponse(
  body: string,
  headers: Readonly<Record<string, string>>,
  ifNoneMatch: string | undefined,
): HttpResponse {
  if (isTooLarge(body)) throw new Fault('tooLarge');
  const tag = entityTag(body);
  const always = { ...headers, ETag: tag };
  return matchesEntityTag(ifNoneMatch, tag)
    ? { statusCode: 304, headers: always, body: '' }
    : { statusCode: 200, headers: { ...always, 'Content-Type': 'application/json' }, body };
}

/** The answer with more headers. */
export function withHeaders(
  response: HttpResponse,
  headers: Readonly<Record<string, string>>,
): HttpResponse {
  return { ...response, headers: { ...response.headers, ...headers } };
}

function isTooLarge(body: string): boolean {
  if (body.length * MAX_BYTES_PER_UNIT <= MAX_BYTES) return false;
  return Buffer.byteLength(JSON.stringify(body)) > MAX_BYTES;
}
