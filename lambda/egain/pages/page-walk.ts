import { Fault } from '../../faults.ts';
import { readDateTime } from '../../platform/date-time.ts';
import { cancellable, type Deadline } from '../../platform/deadline.ts';
import type { Telemetry } from '../../platform/telemetry.ts';
import type { Account } from '../account.ts';
import type { FetchedPage } from '../accounts-answer.ts';
import type { FetchPage } from '../accounts-client.ts';
import { RefusedRequest } from '../judge-failure.ts';
import { createPageCollector, reportedSize } from './page-collector.ts';

const MAX_IN_FLIGHT = 4;
/** What a container can hold, beside the snapshot before. */
const MAX_ACCOUNTS = 100_000;
const MAX_BYTES = 150_000_000;

type Settled =
  | { readonly kind: 'page'; readonly page: FetchedPage }
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
  const size = createWalkSize();
  const first = await fetchPage(walk);
  size.add(first);
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
        size.add(next.page);
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
  const accounts = collected.accounts();
  countUnreadableDates(accounts, telemetry);
  return accounts;
}

/**
 * Bounds what a walk takes in.
 *
 * @throws Fault `502-903` past that
 */
function createWalkSize(): { add(page: FetchedPage): void } {
  let accounts = 0;
  let bytes = 0;
  return {
    add(page) {
      accounts += page.account.length;
      bytes += page.bytes;
      if (accounts <= MAX_ACCOUNTS && bytes <= MAX_BYTES) return;
      throw new Fault('egainContractBroken', {
        reason: `the walk is larger than ${MAX_ACCOUNTS} accounts or ${MAX_BYTES / 1e6} MB`,
      });
    },
  };
}

/** Filters and orders by date leave such an account out, which nobody would notice otherwise. */
function countUnreadableDates(accounts: readonly Account[], telemetry: Telemetry): void {
  let unreadable = 0;
  for (const { created, modified } of accounts) {
    unreadable += Number(isUnreadable(created)) + Number(isUnreadable(modified));
  }
  if (unreadable > 0) telemetry.count('UnreadableDates', unreadable);
}

/** So that a page which fails before its turn is no unhandled rejection. */
async function settle(page: Promise<FetchedPage>): Promise<Settled> {
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

function isUnreadable(date: string | null | undefined): boolean {
  return typeof date === 'string' && readDateTime(date) === undefined;
}
