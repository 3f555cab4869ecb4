import { hash } from 'node:crypto';
import type { Request } from '@middy/core';
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { DEFAULT_PAGESIZE, MAX_PAGENUM } from '../accounts/parameters.ts';
import type { Query } from '../accounts/query.ts';
import { Fault, toFault } from '../faults.ts';
import type { Invocation, Middleware } from '../invocation.ts';
import { type ByteLru, createByteLru } from '../platform/util.ts';
import type { Snapshot } from '../snapshot/content.ts';
import type { SnapshotAnswer } from '../snapshot/snapshots.ts';
import {
  type AuthorizedEvent,
  type HeadersEvent,
  headerOf,
  seesEverything,
  writeQueryString,
} from './request.ts';

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
function withHeaders(
  response: HttpResponse,
  headers: Readonly<Record<string, string>>,
): HttpResponse {
  return { ...response, headers: { ...response.headers, ...headers } };
}

/** eGain's form of an error, which is the product's too. */
interface Envelope {
  readonly code: string;
  readonly developerMessage: string;
  readonly details?: Fault['details'];
  readonly userMessage?: string;
}

/** Answers whatever was thrown with its envelope. */
export function faultResponse(): HttpMiddleware {
  return {
    onError(request) {
      request.response = responseTo(toFault(request.error), request.event);
    },
  };
}

function responseTo(fault: Fault, event: HeadersEvent & AuthorizedEvent): HttpResponse {
  const { code, retryAfterSeconds } = fault;
  const { developerMessage, details, userMessage } = fault.told(seesEverything(event));
  const envelope: Envelope = {
    code,
    developerMessage,
    ...(details.length > 0 && { details }),
    ...(wantsUserMessage(event) && { userMessage }),
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

function wantsUserMessage(event: HeadersEvent): boolean {
  return headerOf(event, 'x-egain-error-message')?.trim().toLowerCase() === 'yes';
}

/** Gives every answer the headers that do not depend on what it holds. */
export function commonHeaders(): HttpMiddleware {
  return onEveryResponse((response, { internal }) =>
    withHeaders(response, {
      'X-Correlation-Id': internal.correlationId,
      'X-Content-Type-Options': 'nosniff',
    }),
  );
}

/**
 * A weak entity tag: the same for the same bytes, and made of nothing but them. Weak, since the
 * gateway may compress the body, and a strong one would have to tell the two forms apart.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-8.8.1
 */
export function entityTag(body: string): string {
  return `W/"${hash('sha256', body, 'base64url')}"`;
}

/**
 * Whether an `If-None-Match` names the tag: one of a list, weak or strong, or `*`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
 */
export function matchesEntityTag(
  ifNoneMatch: string | undefined,
  tag: string | undefined,
): boolean {
  if (ifNoneMatch === undefined || tag === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  // Our own tags hold neither quotes nor commas, so what is cut wrongly can't equal one.
  return ifNoneMatch.split(',').some((entry) => opaque(entry.trim()) === opaque(tag));
}

const opaque = (tag: string): string => tag.replace(/^W\//, '');

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

/** How fresh the accounts in an answer are. */
export type Freshness = Omit<SnapshotAnswer, 'snapshot'>;

/**
 * What an answer made from a snapshot says about its age. `max-age` is the whole freshness: a cache
 * takes `Age` off it (RFC 9111, section 4.2).
 */
export function freshnessHeaders(freshness: Freshness): Record<string, string> {
  return {
    'Cache-Control': `private, max-age=${freshness.freshSeconds}`,
    Age: String(freshness.ageSeconds),
    'Cache-Status': `egain-accounts; ${cacheStatus(freshness)}`,
    // So that a cache which serves two partners, or two forms of the body, keeps them apart.
    Vary: 'Authorization, Accept-Encoding',
  };
}

/**
 * Where the accounts came from. `hit` says that eGain was not asked; `stale` that renewing them
 * failed, or that another is still at it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9211#section-2
 */
function cacheStatus({ state, freshSecondsLeft, freshSeconds, ageSeconds }: Freshness): string {
  if (state === 'stale') return `fwd=stale; ttl=${freshSeconds - ageSeconds}`;
  return `${state === 'hit' ? 'hit' : 'fwd=miss; stored'}; ttl=${freshSecondsLeft}`;
}

/** Answers HEAD as GET, without the body. */
export function headWithoutBody(): HttpMiddleware {
  return onEveryResponse((response, { event }) =>
    event.httpMethod === 'HEAD' ? { ...response, body: '' } : response,
  );
}

export type HttpMiddleware = Middleware<APIGatewayProxyEvent, HttpResponse>;
type HttpRequest = Request<APIGatewayProxyEvent, HttpResponse, Error, Context, Invocation>;

/** Middleware that changes every answer, those to faults too. */
function onEveryResponse(
  change: (response: HttpResponse, request: HttpRequest) => HttpResponse,
): HttpMiddleware {
  const apply = (request: HttpRequest) => {
    if (request.response) request.response = change(request.response, request);
  };
  return { after: apply, onError: apply };
}

/** API Gateway passes on 10,240 bytes of headers; this leaves room for all the others. */
const MAX_LINK_BYTES = 9000;

/**
 * The `Link` header of a list: its first, previous, next and last page, as far as there are such,
 * as references relative to the request's own URL. Past the end, the page before is the last one.
 * A query that is very long leaves room for the most useful of them only.
 *
 * @param count how many accounts match
 * @see https://www.rfc-editor.org/rfc/rfc8288#section-3
 */
export function pageLinks(query: Query, count: number): Record<string, string> {
  const { pagenum = 1, pagesize = DEFAULT_PAGESIZE } = query;
  const last = Math.min(Math.max(1, Math.ceil(count / pagesize)), MAX_PAGENUM);
  const pages = {
    next: pagenum < last ? pagenum + 1 : undefined,
    prev: pagenum > 1 ? Math.min(pagenum - 1, last) : undefined,
    first: 1,
    last,
  };
  const rest = writeQueryString({ ...query, pagenum: undefined });
  const links: string[] = [];
  let size = 0;
  for (const [relation, page] of Object.entries(pages)) {
    if (page === undefined) continue;
    const link = `<?pagenum=${page}${rest && `&${rest}`}>; rel="${relation}"`;
    size += link.length + 2;
    if (size > MAX_LINK_BYTES) break;
    links.push(link);
  }
  return links.length === 0 ? {} : { Link: links.join(', ') };
}

/** What is answered to a question about one snapshot, whenever and however often it is asked. */
export interface Representation {
  /** JSON. */
  readonly body: string;
  /** Those that depend on the content alone. */
  readonly headers: Readonly<Record<string, string>>;
  /** How many accounts match, where it is a list. */
  readonly count?: number;
}

/** Lambda's limit for a function's answer is 6 MB; some is kept for status and headers. */
const MAX_ANSWER_BYTES = 6 * 1024 * 1024 - 64 * 1024;
/** The most bytes that one UTF-16 unit of the body can take in the function's JSON answer. */
const MAX_BYTES_PER_UNIT = 3;
/** UTF-16 units of all the answers that a container keeps; at most two bytes each. */
const MAX_KEPT_UNITS = 16 * 1024 * 1024;

/**
 * Makes a representation.
 *
 * @param howToAskForLess tells the caller what to do about a body that is too large
 * @throws Fault `413-901` when the body, escaped as the platform does, would pass its limit
 */
export function createRepresentation(
  { body, headers, ...rest }: Representation,
  howToAskForLess: string,
): Representation {
  if (isTooLarge(body)) {
    throw new Fault('tooLarge', {
      developerMessage: `The answer is larger than the platform allows. ${howToAskForLess}`,
    });
  }
  return { ...rest, body, headers: { ...headers, ETag: entityTag(body) } };
}

const kept = new WeakMap<Snapshot['accounts'], ByteLru<Representation>>();

/**
 * The answer to a question about a snapshot: a partner that polls asks the same one again. It is
 * kept as long as the snapshot's accounts are, with the others that were asked for last.
 *
 * @param question names viewer and query as a whole
 */
export function representationOf(
  { accounts }: Snapshot,
  question: string,
  make: () => Representation,
): Representation {
  let answers = kept.get(accounts);
  if (answers === undefined) {
    answers = createByteLru(MAX_KEPT_UNITS, ({ body }) => body.length);
    kept.set(accounts, answers);
  }
  const known = answers.get(question);
  if (known !== undefined) return known;
  const made = make();
  answers.set(question, made);
  return made;
}

function isTooLarge(body: string): boolean {
  if (body.length * MAX_BYTES_PER_UNIT <= MAX_ANSWER_BYTES) return false;
  return Buffer.byteLength(JSON.stringify(body)) > MAX_ANSWER_BYTES;
}
