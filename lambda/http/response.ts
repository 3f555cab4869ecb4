import { matchesEntityTag } from './conditional.ts';
import type { Representation } from './representation.ts';

/** An answer in the form that API Gateway's proxy integration takes. */
export interface HttpResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Answers with a representation, or with 304 where the caller has it already.
 *
 * @param headers what the answer says beside the representation's own, with either status
 */
export function respond(
  representation: Representation,
  headers: Readonly<Record<string, string>>,
  ifNoneMatch: string | undefined,
): HttpResponse {
  const { body, headers: own } = representation;
  return matchesEntityTag(ifNoneMatch, own['ETag'])
    ? { statusCode: 304, headers: { ...headers, ...own }, body: '' }
    : {
        statusCode: 200,
        headers: { 'Content-Type': 'application/json', ...headers, ...own },
        body,
      };
}

/** The answer with more headers. */
export function withHeaders(
  response: HttpResponse,
  headers: Readonly<Record<string, string>>,
): HttpResponse {
  return { ...response, headers: { ...response.headers, ...headers } };
}
