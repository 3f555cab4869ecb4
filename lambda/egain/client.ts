import * as z from 'zod/mini';
import { Fault } from '../faults.ts';
import type { Clock, Deadline } from '../platform/deadline.ts';
import type { UnreadBody } from '../platform/http-client.ts';
import { parseEndpoint, parseJson } from '../platform/util.ts';
import { type Account, type AccountsPage, accountSchema, accountsPageSchema } from './account.ts';
import { judgeFailure } from './failure.ts';
import type { Upstream, UpstreamResponse, UpstreamResult } from './send.ts';
import type { Token, TokenSource } from './token.ts';
import { createLeakCheck, createRedact, readEnvelope, type Sensitive, secretsOf } from './words.ts';

const MAX_PAGE_BYTES = 20_000_000;

/** A page after the first. */
interface PageRequest {
  readonly pagenum: number;
  /** The size that page 1 reported; left out where it reported none. */
  readonly pagesize?: number;
}

/**
 * Gets one page; without `page`, the first, asked for without parameters.
 *
 * @throws Fault, as `judgeAccounts` and the token source do
 */
export type FetchPage = (deadline: Deadline, page?: PageRequest) => Promise<FetchedPage>;

export interface ClientOptions {
  /** The base of eGain's API, without a slash at the end. */
  readonly apiUrl: string;
  readonly tokens: TokenSource;
  readonly upstream: Upstream;
  readonly clock: Clock;
}

/** The authorised `GET {apiUrl}/accounts`. */
export function createClient(options: ClientOptions): FetchPage {
  const { apiUrl, tokens, upstream, clock } = options;

  return async (deadline, page) => {
    parseEndpoint('EGAIN_API_URL', apiUrl);
    const url = `${apiUrl}/accounts${query(page)}`;
    const send = (token: Token): Promise<UpstreamResult> => {
      const headers = {
        authorization: `Bearer ${token.value}`,
        accept: 'application/json',
        'accept-language': 'en-US',
        'x-egain-error-message': 'yes',
      };
      return upstream.send({ url, method: 'GET', headers, maxBytes: MAX_PAGE_BYTES }, deadline);
    };

    let token = await tokens.get(deadline);
    for (;;) {
      const sent = await send(token);
      const { result } = sent;
      const unauthorised = result.kind === 'response' && result.status === 401;
      const other = unauthorised ? await tokens.replace(token, deadline) : undefined;
      if (other === undefined) {
        const sensitive = { token: token.value, ...token.credentials };
        return judgeAccounts(sent, sensitive, clock.now());
      }
      token = other;
    }
  };
}

/** The dollar signs are part of eGain's names. */
function query(page: PageRequest | undefined): string {
  if (page === undefined) return '';
  const size = page.pagesize === undefined ? '' : `&$pagesize=${page.pagesize}`;
  return `?$pagenum=${page.pagenum}${size}`;
}

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

/** Of one account, in bytes. */
const MAX_ACCOUNT_BYTES = 256 * 1024;
/** Of what one page may hold. Its JSON takes a multiple of its text in memory when it is parsed. */
const MAX_VALUES = 2_000_000;
const MAX_DEPTH = 64;
/** The depth of an account: in the list, in the page. */
const ACCOUNT_DEPTH = 3;
/** UTF-8 has three bytes at most for a UTF-16 unit. */
const MAX_BYTES_PER_UNIT = 3;

/**
 * Looks over a page's text for what would cost too much to parse, in one pass without a copy. What
 * else is wrong with it, the parser tells.
 *
 * @returns what is too much; undefined where nothing is
 */
export function excessIn(text: string): string | undefined {
  if (text.length * MAX_BYTES_PER_UNIT <= MAX_ACCOUNT_BYTES) return undefined;
  let depth = 0;
  let values = 0;
  let began = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charAt(at)) {
      case '"':
        at = endOfString(text, at);
        break;
      case ',':
        values += 1;
        break;
      case '{':
      case '[':
        values += 1;
        depth += 1;
        if (depth === ACCOUNT_DEPTH) began = at;
        break;
      case '}':
      case ']':
        if (depth === ACCOUNT_DEPTH && isTooLong(text, began, at + 1)) {
          return 'an account is larger than 256 KB';
        }
        depth -= 1;
        break;
      default:
    }
    if (depth > MAX_DEPTH) return 'the page is nested too deep';
    if (values > MAX_VALUES) return 'the page holds too many values';
  }
  return undefined;
}

/** The place of the closing quote, or the text's end where there is none. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at += 1) {
    at = text.indexOf('"', at);
    if (at === -1) return text.length;
    let backslashes = 0;
    while (text[at - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return at;
  }
}

function isTooLong(text: string, start: number, end: number): boolean {
  const units = end - start;
  if (units * MAX_BYTES_PER_UNIT <= MAX_ACCOUNT_BYTES) return false;
  return units > MAX_ACCOUNT_BYTES || Buffer.byteLength(text.slice(start, end)) > MAX_ACCOUNT_BYTES;
}
