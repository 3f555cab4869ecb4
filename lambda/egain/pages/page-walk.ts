import { cancellable, type Deadline } from '../../platform/deadline.ts';
import type { Telemetry } from '../../platform/telemetry.ts';
import type { Account, AccountsPage } from '../account.ts';
import type { FetchPage } from '../accounts-client.ts';
import { RefusedRequest } from '../judge-failure.ts';
import { createPageCollector, reportedSize } from './page-collector.ts';

const MAX_IN_FLIGHT = 4;

type Settled =
  | { readonly kind: 'page'; readonly page: AccountsPage }
  | { readonly kind: 'failure'; readonly error: unknown };

interface WalkOptions {
  /** Told how many pages there are, as far as is known, whenever that changes. */
  readonly onPages?: (pages: number) => void;
}

/**
 * Fetches all accounts: the first page without parameters, since eGain documents none, and the
 * others, four at a time, as far as the first ones show that there are any. All of them or none:
 * a page that fails fails the walk, and what else is under way then is aborted and awaited.
 *
 * @throws Fault `502-904` when the pages do not add up; else as `fetchPage` does
 */
export async function walkPages(
  fetchPage: FetchPage,
  deadline: Deadline,
  telemetry: Telemetry,
  { onPages = () => undefined }: WalkOptions = {},
): Promise<Account[]> {
  const walk = cancellable(deadline);
  const first = await fetchPage(walk);
  const collected = createPageCollector(first);
  onPages(collected.pagesKnown());
  const pagesize = reportedSize(first);
  const underway = new Map<number, Promise<void>>();
  const arrived = new Map<number, Settled>();
  let asked = 1;

  const ask = async (pagenum: number) => {
    const request = pagesize === undefined ? { pagenum } : { pagenum, pagesize };
    arrived.set(pagenum, await settle(fetchPage(walk, request)));
    underway.delete(pagenum);
  };

  /** Four at a time, in whatever order they come; the collector takes them in theirs. */
  const arrivalOf = async (pagenum: number): Promise<Settled> => {
    for (;;) {
      while (underway.size < MAX_IN_FLIGHT && asked < collected.pagesKnown()) {
        asked += 1;
        underway.set(asked, ask(asked));
      }
      const settled = arrived.get(pagenum);
      if (settled !== undefined) {
        arrived.delete(pagenum);
        return settled;
      }
      await Promise.race(underway.values());
    }
  };

  try {
    for (let pagenum = 2; !collected.complete(); pagenum += 1) {
      const next = await arrivalOf(pagenum);
      if (next.kind === 'page') {
        collected.add(next.page.account);
        onPages(collected.pagesKnown());
      } else if (isNoSuchPage(next.error) && collected.mayEndHere()) {
        break;
      } else {
        throw next.error;
      }
    }
  } finally {
    walk.cancel(new Error('the walk has ended'));
    await Promise.all(underway.values());
  }
  const duplicates = collected.duplicates();
  if (duplicates > 0) {
    telemetry.count('DuplicateAccounts', duplicates);
    telemetry.warn('Accounts came more than once in one walk', { duplicates });
  }
  return collected.accounts();
}

/** So that a page which fails before its turn is no unhandled rejection. */
async function settle(page: Promise<AccountsPage>): Promise<Settled> {
  try {
    return { kind: 'page', page: await page };
  } catch (error) {
    return { kind: 'failure', error };
  }
}

function isNoSuchPage(error: unknown): boolean {
  return (
    error instanceof RefusedRequest &&
    (error.upstreamStatus === 400 || error.upstreamStatus === 404)
  );
}
