import { Fault, isFault } from '../faults.ts';
import type { Deadline } from '../platform/deadline.ts';
import type { UnreadBody } from '../platform/http-client.ts';
import { isRecord, parseJson } from '../platform/parse.ts';
import { type AccountsPage, readAccount } from './account.ts';
import { failureToFault } from './failure.ts';
import type { AttemptResult, Upstream, UpstreamResponse } from './send.ts';
import type { TokenProvider } from './token.ts';
import { readEnvelope, type Sensitive } from './words.ts';

const MAX_PAGE_BYTES = 20_000_000;
const MAX_PAGE_ACCOUNTS = 10_000;
const MAX_ACCOUNT_BYTES = 256 * 1024;
/**
 * Parsing takes about a hundred bytes of memory for each list or object, however short its text is.
 * Accounts cannot reach this in 20 MB: an attribute alone takes more than 20 bytes.
 */
const MAX_BRACKETS = 1_000_000;

/** A page that came over HTTP. */
export interface FetchedPage extends AccountsPage {
  /** Of its text. */
  readonly bytes: number;
  /** The paths of the fields that were left out because they are malformed, as `account[3].name`. */
  readonly malformed: readonly string[];
}

/**
 * Gets one page; without `page`, the first, asked for without parameters.
 *
 * @throws Fault, as `judgeAnswer` and the token provider do
 */
export type FetchPage = (
  deadline: Deadline,
  page?: { readonly pagenum: number; readonly pagesize?: number | undefined },
) => Promise<FetchedPage>;

export interface ClientOptions {
  readonly apiUrl: string;
  readonly tokens: Omit<TokenProvider, 'warmUp'>;
  readonly upstream: Upstream;
}

/** The authorised `GET {apiUrl}/accounts`. After a 401, another token is tried while there is one. */
export function createClient({ apiUrl, tokens, upstream }: ClientOptions): FetchPage {
  return async (deadline, page) => {
    // The dollar signs are part of eGain's names.
    const size = page?.pagesize === undefined ? '' : `&$pagesize=${page.pagesize}`;
    const query = page === undefined ? '' : `?$pagenum=${page.pagenum}${size}`;
    const url = `${apiUrl}/accounts${query}`;
    const { clock } = deadline;
    let token = await tokens.get(deadline);
    for (;;) {
      const headers = {
        authorization: `Bearer ${token.value}`,
        accept: 'application/json',
        'accept-language': 'en-US',
        'x-egain-error-message': 'yes',
      };
      const request = { url, method: 'GET', headers, maxBytes: MAX_PAGE_BYTES } as const;
      const askedAt = clock.now();
      const result = await upstream(request, deadline);
      const status = result.kind === 'response' ? result.status : 200;
      const other = status === 401 ? await tokens.replace(token, askedAt, deadline) : undefined;
      if (other === undefined) {
        const sensitive = status === 200 ? undefined : await tokens.sensitive(token, deadline);
        try {
          return judgeAnswer(result, sensitive, clock.now());
        } catch (error) {
          if (isFault(error, 'egainScopeInsufficient')) tokens.drop(token.value);
          throw error;
        }
      }
      token = other;
    }
  };
}

/**
 * @param sensitive what must not be passed on; where it is unknown, no words of eGain's are
 * @param now milliseconds since the epoch
 * @throws Fault `502-901` to `502-905`, `503-901`, `504-901`, or eGain's own 5xx
 */
export function judgeAnswer(
  result: AttemptResult,
  sensitive: Sensitive | undefined,
  now: number,
): FetchedPage {
  if (result.kind !== 'response') throw failureToFault(result, { server: 'eGain', now });
  if (result.status === 200) return readPage(result);
  const envelope = readEnvelope(result.status, result.text, sensitive);
  throw failureToFault(result, { server: 'eGain', now, envelope });
}

/** Why a body that came with status 200 cannot be used. */
const UNREAD: Readonly<Record<UnreadBody, string>> = {
  'too-large': 'the page is larger than 20 MB',
  'not-utf-8': 'the page is not UTF-8',
  undecodable: 'the page cannot be decoded',
  'cut-off': 'the page is cut off',
};

function readPage({ text, unread }: UpstreamResponse): FetchedPage {
  if (unread !== undefined) throw broken(UNREAD[unread]);
  const body = text ?? '';
  const bytes = Buffer.byteLength(body);
  if (hasTooManyBrackets(body)) throw broken('the page holds too many lists and objects');
  const page = parseJson(body);
  if (!isRecord(page)) throw broken('the page is not a JSON object');
  const info = isRecord(page['paginationInfo']) ? page['paginationInfo'] : {};
  const count = wholeNumber(info['count']);
  if (count === undefined) throw broken('paginationInfo.count is missing or not of its type');
  const pagesize = wholeNumber(info['pagesize']) || undefined;

  const listed = page['account'] ?? (count === 0 ? [] : undefined);
  if (!Array.isArray(listed)) throw broken('account is missing or no list');
  if (listed.length > MAX_PAGE_ACCOUNTS) throw broken('the page holds more than 10,000 accounts');
  const malformed: string[] = [];
  const account = listed.map((each: unknown, index) => {
    if (bytes > MAX_ACCOUNT_BYTES && isTooLarge(each)) {
      throw broken('an account is larger than 256 KB');
    }
    const read = readAccount(each, (path) => malformed.push(`account[${index}].${path}`));
    if (read === undefined) throw broken(`account[${index}] is no object`);
    return read;
  });
  return { paginationInfo: { count, pagesize }, account, bytes, malformed };
}

function hasTooManyBrackets(text: string): boolean {
  let brackets = 0;
  for (const bracket of '[{') {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      brackets += 1;
      if (brackets > MAX_BRACKETS) return true;
    }
  }
  return false;
}

function isTooLarge(account: unknown): boolean {
  try {
    return Buffer.byteLength(JSON.stringify(account)) > MAX_ACCOUNT_BYTES;
  } catch {
    // Nested too deep to be written again.
    return true;
  }
}

/** A number from 0, which some servers write as a text; undefined for anything else. */
function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(number) && Number(number) >= 0 ? Number(number) : undefined;
}

/** The reason is for the log alone: it may be in an account that the caller may not know of. */
function broken(reason: string): Fault {
  return new Fault('egainContractBroken', { reason });
}
