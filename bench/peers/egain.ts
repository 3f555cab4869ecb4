import axios from 'axios';
import { ClientCredentials } from 'simple-oauth2';

/** An account, as far as the peers read it. */
interface Account {
  readonly id?: string | null;
  readonly name: string;
  readonly active?: boolean | null;
  readonly [field: string]: unknown;
}

interface AccountsPage {
  readonly paginationInfo: { readonly count: number; readonly pagesize: number };
  readonly account: readonly Account[];
}

/** eGain's access token for this client; it outlasts a benchmark. */
export async function egainToken(id = '', secret = ''): Promise<string> {
  const { EGAIN_TOKEN_URL = '', EGAIN_SCOPE: scope = '' } = process.env;
  const { origin, pathname } = new URL(EGAIN_TOKEN_URL);
  const client = new ClientCredentials({
    client: { id, secret },
    auth: { tokenHost: origin, tokenPath: pathname },
    options: { authorizationMethod: 'body' },
  });
  const { token } = await client.getToken({ scope });
  return String(token['access_token']);
}

/** Every account of eGain's, page after page. */
export async function allAccounts(token: string): Promise<Account[]> {
  const url = `${process.env['EGAIN_API_URL']}/accounts`;
  const headers = { Authorization: `Bearer ${token}` };
  const { data: first } = await axios.get<AccountsPage>(url, { headers });
  const { count, pagesize } = first.paginationInfo;
  const accounts = [...first.account];
  for (let page = 2; accounts.length < count; page += 1) {
    const query = `?$pagenum=${page}&$pagesize=${pagesize}`;
    const { data: next } = await axios.get<AccountsPage>(url + query, { headers });
    if (next.account.length === 0) break;
    accounts.push(...next.account);
  }
  return accounts;
}

/** The partner's page: sorted by name, and with the fields that every partner may see. */
export function answerTo(
  accounts: readonly Account[],
  query: Readonly<Record<string, string | undefined>>,
): string {
  const { pagenum = '1', pagesize = '100' } = query;
  const sorted = accounts.toSorted((a, b) => a.name.localeCompare(b.name));
  const start = (Number(pagenum) - 1) * Number(pagesize);
  return JSON.stringify({
    paginationInfo: {
      count: sorted.length,
      pagenum: Number(pagenum),
      pagesize: Number(pagesize),
    },
    account: sorted.slice(start, start + Number(pagesize)).map(summary),
  });
}

function summary({ id, name, description, active, channel, created, modified, ...rest }: Account) {
  const { defaultLanguage } = rest['chatConfigurations'] as { readonly defaultLanguage?: string };
  const chatConfigurations = { defaultLanguage };
  return { id, name, description, active, channel, created, modified, chatConfigurations };
}
