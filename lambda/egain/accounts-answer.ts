import * as z from 'zod/mini';
import { Fault } from '../faults.ts';
import type { UnreadBody } from '../platform/http-client.ts';
import { parseJson } from '../platform/json.ts';
import { type Account, type AccountsPage, accountSchema, accountsPageSchema } from './account.ts';
import { readEnvelope } from './envelope.ts';
import { judgeFailure } from './judge-failure.ts';
import { createLeakCheck } from './leak-check.ts';
import { excessIn } from './page-bounds.ts';
import { createRedact, type Sensitive, secretsOf } from './redact.ts';
import type { UpstreamResponse } from './transport/attempt.ts';
import type { UpstreamResult } from './transport/upstream.ts';

/** A page that came over HTTP. */
export interface FetchedPage extends AccountsPage {
  /** Of its text. */
  readonly bytes: number;
}

const MAX_ACCOUNTS = 10_000;

/**
 * What eGain's API answered: a page of accounts, all of it as its contract says, or a fault.
 *
 * @param sensitive what the request was made with, to be kept out of what is passed on
 * @param now milliseconds since the epoch
 * @throws Fault `502-901` to `502-905`, `503-901`, `504-901`, or eGain's own 5xx
 */
export function judgeAccounts(
  sent: UpstreamResult,
  sensitive: Sensitive,
  now: number,
): FetchedPage {
  const { result } = sent;
  if (result.kind !== 'response') throw judgeFailure(sent, { server: 'eGain', now });
  if (result.status === 200) return readPage(result);
  const envelope = readEnvelope(
    result.status,
    result.text,
    createRedact(sensitive),
    createLeakCheck(secretsOf(sensitive)),
  );
  throw judgeFailure(sent, { server: 'eGain', now, envelope });
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

/** How a body can fail that came with status 200. */
const UNREAD: Readonly<Record<UnreadBody, string>> = {
  'too-large': 'the page is larger than 20 MB',
  'not-utf-8': 'the page is not UTF-8',
  undecodable: 'the page cannot be decoded',
  'cut-off': 'the page is cut off',
};

function readPage({ headers, text, unread }: UpstreamResponse): FetchedPage {
  if (unread !== undefined) throw broken(UNREAD[unread]);
  // Without a type, RFC 9110 (section 8.3) lets the content tell.
  if (!JSON_TYPE.test(headers.get('content-type') || 'application/json')) {
    throw broken('the page is not JSON');
  }
  const body = text ?? '';
  const excess = excessIn(body);
  if (excess !== undefined) throw broken(excess);
  const page = valid(headSchema, parseJson(body), []);
  return { ...page, account: accountsOf(page), bytes: Buffer.byteLength(body) };
}

const headSchema = z.object({
  paginationInfo: accountsPageSchema.shape.paginationInfo,
  account: z.optional(z.unknown()),
});

/** One by one up to the first that is not as it should be: a page may hold ten thousand. */
function accountsOf({ account, paginationInfo }: z.infer<typeof headSchema>): Account[] {
  if (paginationInfo.count === 0 && (account === null || account === undefined)) return [];
  if (!Array.isArray(account)) throw broken('account is missing or not of its type');
  if (account.length > MAX_ACCOUNTS) throw broken('the page holds more than 10,000 accounts');
  return account.map((each: unknown, index) => valid(accountSchema, each, ['account', index]));
}

function valid<T extends z.ZodMiniType>(
  schema: T,
  value: unknown,
  at: readonly PropertyKey[],
): z.output<T> {
  const result = z.safeParse(schema, value);
  if (result.success) return result.data;
  const path = dotted([...at, ...(result.error.issues[0]?.path ?? [])]);
  throw broken(
    path === '' ? 'the page is not a JSON object' : `${path} is missing or not of its type`,
  );
}

/**
 * Where eGain's answer is wrong is for the log alone: it may be in an account that the caller may
 * not know of. With what value is for nobody.
 */
function broken(reason: string): Fault {
  return new Fault('egainContractBroken', { reason });
}

/** `account[3].name` for `['account', 3, 'name']`. */
function dotted(path: readonly PropertyKey[]): string {
  return path
    .map((step, index) =>
      typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${String(step)}`,
    )
    .join('');
}
