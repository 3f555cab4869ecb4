import { Fault } from '../faults.ts';
import { readDateTime } from '../platform/date-time.ts';
import { cancellable, type Deadline } from '../platform/deadline.ts';
import type { Telemetry } from '../platform/telemetry.ts';
import type { Account, AccountsPage } from './account.ts';
import type { FetchedPage, FetchPage } from './client.ts';
import { RefusedRequest } from './failure.ts';

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

const MAX_PAGES = 1000;
/** In pages. */
const LONG_WALK = 5;

/** What the pages so far add up to. Fed page by page, in their order. */
export interface PageCollector {
  /** The distinct accounts, in the order of their first coming. */
  accounts(): Account[];
  /** How often an account came again by its id, and was merged. */
  duplicates(): number;
  /** How many pages are to be asked for, as far as is known. */
  pagesKnown(): number;
  /** Whether the list is whole. */
  complete(): boolean;
  /** @throws Fault `502-904` when the pages cannot add up any more */
  add(page: readonly Account[]): void;
  /** Whether a refusal (400 or 404) of the next page means that there was no more. */
  mayEndHere(): boolean;
}

/**
 * The collector of a walk that begins with `first`, which is added already.
 *
 * `count` is documented as the number of records, and is believed until more has come than it
 * says: then it counts pages, as eGain's sibling APIs have it. Under either meaning it is a
 * promise, and an end that comes before it is kept is a fault, never a shorter list. But a short
 * page after more than `count` records is an end also where it comes before `count` pages, as when
 * accounts were added under way; to be sure, one more page is asked for. A lone page that is not
 * full is the whole list, though it holds more than `count`.
 *
 * @throws Fault `502-904`
 */
export function createPageCollector(first: AccountsPage): PageCollector {
  const { count } = first.paginationInfo;
  const size = reportedSize(first) ?? first.account.length;
  const merged = new Map<string, Account>();
  let pages = 0;
  let duplicates = 0;
  let pagesKnown = 1;
  let short = false;
  let complete = false;

  // Each page has brought an account at least, so these pages hold no fewer than `count` of them.
  const mayEndHere = () => merged.size === count || pages >= count || short;

  const plan = (known: number) => {
    pagesKnown = Math.max(pagesKnown, known);
  };

  const add = (page: readonly Account[]) => {
    const keys = keysOf(page);
    if (!keys.some((key) => !merged.has(key))) {
      // Nothing new: no page, as it were. It ends the walk where nothing more was promised.
      if (!mayEndHere())
        throw doNotAddUp(page.length === 0 ? 'one is empty too early' : 'one is repeated');
      complete = true;
      return;
    }
    if (short) throw doNotAddUp('more came after a short one');
    pages += 1;
    page.forEach((account, index) => {
      const key = keys[index] ?? '';
      const known = merged.get(key);
      if (known !== undefined) duplicates += 1;
      if (known === undefined || isLater(account, known)) merged.set(key, account);
    });
    if (pages > MAX_PAGES) throw doNotAddUp(`there are more than ${MAX_PAGES}`);

    const full = page.length >= size;
    if (merged.size < count) {
      // Later pages may turn out smaller than the first; then one more at a time.
      const left = count - merged.size;
      const promised = pages === 1 ? 1 + Math.ceil(left / size) : pages + 1;
      if (promised > MAX_PAGES) throw doNotAddUp(`there are more than ${MAX_PAGES}`);
      plan(promised);
      // The last one will be full, so one more will be asked for, to be sure. In a long walk it goes
      // along with the others, and nothing waits for it alone; a short one that fails is spared it.
      if (pages === 1 && left % size === 0 && promised > LONG_WALK) plan(promised + 1);
    } else if (full) {
      // Exactly `count`: one more, to be sure. More than that: `count` counts pages.
      plan(merged.size > count ? Math.max(count, pages + 1) : pages + 1);
      if (pagesKnown > MAX_PAGES + 1) throw doNotAddUp(`there are more than ${MAX_PAGES}`);
    } else if (pages === 1 || mayEndHere()) {
      complete = true;
    } else {
      short = true;
      plan(pages + 1);
    }
  };
  add(first.account);

  return {
    accounts: () => [...merged.values()],
    duplicates: () => duplicates,
    pagesKnown: () => pagesKnown,
    complete: () => complete,
    add,
    mayEndHere,
  };
}

/** The page size that eGain reports, where it is one. */
export function reportedSize(page: AccountsPage): number | undefined {
  const { pagesize } = page.paginationInfo;
  return Number.isSafeInteger(pagesize) && Number(pagesize) > 0 ? Number(pagesize) : undefined;
}

/**
 * By what an account is known again on another page: its id, or all of its content where it has
 * none. Equal ones without an id in one page are kept apart, since a page is of one moment.
 */
function keysOf(page: readonly Account[]): string[] {
  const seen = new Map<string, number>();
  return page.map((account) => {
    if (typeof account.id === 'string') return account.id;
    const content = JSON.stringify(account);
    const times = (seen.get(content) ?? 0) + 1;
    seen.set(content, times);
    return `\0${times}:${content}`;
  });
}

/** Of two records of one account, the one modified later is the truer. */
function isLater(account: Account, known: Account): boolean {
  const [one = Number.NaN, other = Number.NaN] = [account, known].map(({ modified }) =>
    readDateTime(modified ?? ''),
  );
  return one > other;
}

function doNotAddUp(what: string): Fault {
  return new Fault('egainPagesInconsistent', { reason: `the pages do not add up: ${what}` });
}
