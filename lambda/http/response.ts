import type { APIGatewayProxyResult } from 'aws-lambda';
import type { SnapshotAnswer } from '../accounts/snapshot-store.ts';
import { Fault } from '../faults.ts';
import { entityTag, matchesEntityTag } from './conditional.ts';

/** How fresh the accounts in an answer are. */
export type Freshness = Pick<SnapshotAnswer, 'state' | 'ageSeconds' | 'freshSecondsLeft'>;

/** An answer before it is put into the gateway's form. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** For the log and the metrics; undefined where no snapshot was needed. */
  readonly freshness?: Freshness | undefined;
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
export function jsonAnswer(
  body: string,
  headers: Readonly<Record<string, string>>,
  ifNoneMatch: string | undefined,
  freshness?: Freshness,
): Answer {
  if (isTooLarge(body)) throw new Fault('tooLarge');
  const tag = entityTag(body);
  const always = { ...headers, ETag: tag };
  return matchesEntityTag(ifNoneMatch, tag)
    ? { status: 304, headers: always, body: '', freshness }
    : { status: 200, headers: { ...always, 'Content-Type': 'application/json' }, body, freshness };
}

/** What an answer made from a snapshot says about its age. */
export function freshnessHeaders(freshness: Freshness): Record<string, string> {
  return {
    'Cache-Control': `private, max-age=${freshness.freshSecondsLeft}`,
    Age: String(freshness.ageSeconds),
    'Cache-Status': `egain-accounts; ${cacheStatus(freshness)}`,
    // So that a cache which serves two partners keeps them apart.
    Vary: 'Authorization',
  };
}

/**
 * Where the accounts came from. `hit` says that eGain was not asked; after a failure it was, so
 * that is `fwd=stale`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9211#section-2
 */
function cacheStatus({ state, freshSecondsLeft }: Freshness): string {
  if (state === 'stale') return 'fwd=stale; detail=stale-if-error';
  return `${state === 'hit' ? 'hit' : 'fwd=miss; stored'}; ttl=${freshSecondsLeft}`;
}

/** The answer in the form that API Gateway's proxy integration takes. */
export function toProxyResult(
  { status, headers, body }: Answer,
  correlationId: string,
): APIGatewayProxyResult {
  return {
    statusCode: status,
    headers: {
      ...headers,
      'X-Correlation-Id': correlationId,
      'X-Content-Type-Options': 'nosniff',
    },
    body,
  };
}

function isTooLarge(body: string): boolean {
  if (body.length * MAX_BYTES_PER_UNIT <= MAX_BYTES) return false;
  return Buffer.byteLength(JSON.stringify(body)) > MAX_BYTES;
}
