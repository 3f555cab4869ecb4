import type { Clock } from '../platform/clock.ts';
import type { Deadline } from '../platform/deadline.ts';
import type { Telemetry } from '../platform/telemetry.ts';
import type { AccountsPage } from './account.ts';
import { judgeAccounts } from './accounts-answer.ts';
import type { Token, TokenSource } from './credentials/token-source.ts';
import { parseEndpoint } from './endpoint.ts';
import type { Result, Upstream } from './transport/upstream.ts';

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
export type FetchPage = (deadline: Deadline, page?: PageRequest) => Promise<AccountsPage>;

export interface ClientOptions {
  /** The base of eGain's API, without a slash at the end. */
  readonly apiUrl: string;
  readonly tokens: TokenSource;
  readonly upstream: Upstream;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** The authorised `GET {apiUrl}/accounts`. */
export function createClient(options: ClientOptions): FetchPage {
  const { apiUrl, tokens, upstream, clock, telemetry } = options;

  /** Another token after a 401: a renewed one, then one of a renewed secret, then none. */
  const replace = async (refused: Token, replaced: number, deadline: Deadline) => {
    telemetry.warn('eGain refuses a token', { replaced });
    if (replaced === 0) return tokens.renew(refused, deadline);
    if (replaced === 1) return tokens.renewSecret(refused, deadline);
    tokens.hold(refused);
    return undefined;
  };

  return async (deadline, page) => {
    parseEndpoint('EGAIN_API_URL', apiUrl);
    const url = `${apiUrl}/accounts${query(page)}`;
    const send = (token: Token): Promise<Result> => {
      const headers = {
        authorization: `Bearer ${token.value}`,
        accept: 'application/json',
        'accept-language': 'en-US',
        'x-egain-error-message': 'yes',
      };
      return upstream.send({ url, method: 'GET', headers, maxBytes: MAX_PAGE_BYTES }, deadline);
    };

    let token = await tokens.get(deadline);
    for (let replaced = 0; ; replaced += 1) {
      const result = await send(token);
      const unauthorised = result.outcome.kind === 'answer' && result.outcome.status === 401;
      const other = unauthorised ? await replace(token, replaced, deadline) : undefined;
      if (other === undefined) {
        const sensitive = { token: token.value, ...token.credentials };
        return judgeAccounts(result, sensitive, clock.now());
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
