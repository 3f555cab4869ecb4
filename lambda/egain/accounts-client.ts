import type { Clock } from '../platform/clock.ts';
import type { Deadline } from '../platform/deadline.ts';
import { type FetchedPage, judgeAccounts } from './accounts-answer.ts';
import type { Token, TokenSource } from './credentials/token-source.ts';
import { parseEndpoint } from './endpoint.ts';
import type { Upstream, UpstreamResult } from './transport/upstream.ts';

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
