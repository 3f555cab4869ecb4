import { hash } from 'node:crypto';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { Fault, toFault } from '../faults.ts';
import type { Invoked, Middleware } from '../invocation.ts';
import type { SnapshotAnswer } from '../snapshot/snapshots.ts';
import { headerOf, seesEverything } from './request.ts';

/** An answer in the form that API Gateway's proxy integration takes. */
export interface HttpResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type HttpRequest = Invoked<APIGatewayProxyEvent, HttpResponse>;
export type HttpMiddleware = Middleware<APIGatewayProxyEvent, HttpResponse>;

export interface Representation {
  /** JSON. */
  readonly body: string;
  readonly etag: string;
}

/** Lambda's limit for an answer is 6 MB, some of it kept for status and headers. */
const MAX_ANSWER_BYTES = 6 * 1024 * 1024 - 64 * 1024;
/** The most bytes that one UTF-16 unit of the body takes in the function's JSON answer. */
const MAX_BYTES_PER_UNIT = 3;

/**
 * Adds the entity tag of a body. It is weak, because the gateway may compress the body, and a strong
 * tag would have to differ between the two forms.
 *
 * @param howToAskForLess tells the caller what to do if the body is too large
 * @throws Fault `413-901` if the body, escaped as the platform does, would pass its limit
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-8.8.1
 */
export function createRepresentation(body: string, howToAskForLess: string): Representation {
  const mayBeTooLarge = body.length * MAX_BYTES_PER_UNIT > MAX_ANSWER_BYTES;
  if (mayBeTooLarge && Buffer.byteLength(JSON.stringify(body)) > MAX_ANSWER_BYTES) {
    throw new Fault('tooLarge', {
      developerMessage: `The answer is larger than the platform allows. ${howToAskForLess}`,
    });
  }
  return { body, etag: `W/"${hash('sha256', body, 'base64url')}"` };
}

/**
 * Answers with a representation, or with 304 if the caller has it already: if `If-None-Match` names
 * its tag, in a list, weak or strong, or is `*`.
 *
 * @param headers what either answer says beside the tag
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
 */
export function respond(
  { body, etag }: Representation,
  headers: Readonly<Record<string, string>>,
  event: APIGatewayProxyEvent,
): HttpResponse {
  // The product's tags hold no quote and no comma, so a foreign tag that is cut wrongly equals none.
  const tags = headerOf(event, 'if-none-match')?.split(',') ?? [];
  const opaque = tags.map((tag) => tag.trim().replace(/^W\//, ''));
  if (opaque.includes(etag.replace('W/', '')) || opaque.join() === '*') {
    return { statusCode: 304, headers: { ...headers, ETag: etag }, body: '' };
  }
  return {
    statusCode: 200,
    headers: { 'Content-Type': 'application/json', ...headers, ETag: etag },
    body,
  };
}

/**
 * The headers that tell the age of an answer. `max-age` is the whole freshness, from which a cache
 * subtracts `Age` (RFC 9111, section 4.2). `Cache-Status` is RFC 9211's: a stale answer is a hit where
 * nobody asks eGain.
 */
export function freshnessHeaders({
  state,
  freshSeconds,
  ageSeconds,
  leftAlone,
}: Omit<SnapshotAnswer, 'snapshot'>): Record<string, string> {
  const stale = leftAlone ? 'hit' : 'fwd=stale';
  const source = { hit: 'hit', miss: 'fwd=miss; stored', stale }[state];
  const secondsLeft = freshSeconds - ageSeconds;
  return {
    'Cache-Control': `private, max-age=${freshSeconds}`,
    Age: String(ageSeconds),
    'Cache-Status': `egain-accounts; ${source}; ttl=${secondsLeft}`,
    // Keeps partners, and the two forms of a body, apart in a shared cache.
    Vary: 'Authorization, Accept-Encoding',
  };
}

/** Middleware: answers whatever was thrown with its envelope. */
export const faultResponse: HttpMiddleware = {
  onError(request) {
    request.response = responseTo(toFault(request.error), request.event);
  },
};

function responseTo(fault: Fault, event: APIGatewayProxyEvent): HttpResponse {
  const { code, retryAfterSeconds } = fault;
  const { developerMessage, details, userMessage } = fault.told(seesEverything(event));
  const asksForUserMessage =
    headerOf(event, 'x-egain-error-message')?.trim().toLowerCase() === 'yes';
  const envelope = {
    code,
    developerMessage,
    ...(details.length > 0 && { details }),
    ...(asksForUserMessage && { userMessage }),
  };
  return {
    statusCode: fault.status,
    headers: {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      ...(retryAfterSeconds !== undefined && { 'Retry-After': String(retryAfterSeconds) }),
    },
    body: JSON.stringify(envelope),
  };
}

/** Middleware: answers HEAD as GET, without the body. */
export const headWithoutBody = onEveryResponse((_, { event }) =>
  event.httpMethod === 'HEAD' ? { body: '' } : {},
);

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
 * Middleware: lets scripts of these origins read the answers. The origin is named, never `*`, and
 * credentials are not offered, as tokens come in a header.
 *
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 */
export function cors(origins: readonly string[]): HttpMiddleware {
  return onEveryResponse(({ headers: { Vary: vary } }, { event }) => {
    if (origins.length === 0) return {};
    const origin = headerOf(event, 'origin');
    const headers: Record<string, string> = {
      Vary: vary === undefined ? 'Origin' : `${vary}, Origin`,
    };
    if (origin === undefined || !origins.includes(origin)) return { headers };
    headers['Access-Control-Allow-Origin'] = origin;
    headers['Access-Control-Expose-Headers'] = EXPOSED_HEADERS.join(', ');
    return { headers };
  });
}

/** Middleware: adds the headers that do not depend on what the answer holds. */
export const commonHeaders = onEveryResponse((_, { internal }) => ({
  headers: { 'X-Correlation-Id': internal.correlationId, 'X-Content-Type-Options': 'nosniff' },
}));

/** Middleware that changes every answer, those to faults too; headers are added to its own. */
function onEveryResponse(
  change: (response: HttpResponse, request: HttpRequest) => Partial<HttpResponse>,
): HttpMiddleware {
  const apply = (request: HttpRequest) => {
    const { response } = request;
    if (!response) return;
    const changed = change(response, request);
    const headers = { ...response.headers, ...changed.headers };
    request.response = { ...response, ...changed, headers };
  };
  return { after: apply, onError: apply };
}
