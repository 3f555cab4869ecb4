/** What a list of accounts holds, as far as the peers look at it. */
export interface Account {
  readonly id?: string | null;
  readonly name: string;
  readonly active?: boolean | null;
  readonly [field: string]: unknown;
}

export interface AccountsPage {
  readonly paginationInfo: { readonly count: number; readonly pagesize: number };
  readonly account: readonly Account[];
}

export type Query = Readonly<Record<string, string | undefined>>;

/** Every account, page after page. */
export async function allAccounts(
  getPage: (query: string) => Promise<AccountsPage>,
): Promise<Account[]> {
  const first = await getPage('');
  const { count, pagesize } = first.paginationInfo;
  const accounts = [...first.account];
  for (let page = 2; accounts.length < count; page += 1) {
    const next = await getPage(`?$pagenum=${page}&$pagesize=${pagesize}`);
    if (next.account.length === 0) break;
    accounts.push(...next.account);
  }
  return accounts;
}

/** The partner's page: filtered, sorted by name, cut, and with the fields that are not for it gone. */
export function answerTo(accounts: readonly Account[], query: Query): string {
  const { name, active, pagenum = '1', pagesize = '100' } = query;
  const matching = accounts
    .filter((account) => name === undefined || account.name.toLowerCase().includes(name))
    .filter((account) => active === undefined || String(account.active ?? true) === active)
    .toSorted((a, b) => compare(a.name.toLowerCase(), b.name.toLowerCase()));
  const start = (Number(pagenum) - 1) * Number(pagesize);
  return JSON.stringify({
    paginationInfo: {
      count: matching.length,
      pagenum: Number(pagenum),
      pagesize: Number(pagesize),
    },
    account: matching.slice(start, start + Number(pagesize)).map(summary),
  });
}

function summary({ id, name, description, active, channel, created, modified, ...rest }: Account) {
  const { defaultLanguage } = rest['chatConfigurations'] as { readonly defaultLanguage?: string };
  const chatConfigurations = { defaultLanguage };
  return { id, name, description, active, channel, created, modified, chatConfigurations };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
