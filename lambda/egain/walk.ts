import { Fault } from '../faults.ts';
import { readDateTime } from '../platform/date-time.ts';
import { cancellable, type Deadline } from '../platform/deadline.ts';
import { log } from '../platform/log.ts';
import { count } from '../platform/metrics.ts';
import type { Account } from './account.ts';
import type { CallBudget } from './call-budget.ts';
import type { FetchedPage, FetchPage } from './client.ts';
import { RefusedRequest } from './failure.ts';

const MAX_IN_FLIGHT = 4;
const MAX_PAGES = 1000;
/** In pages. */
const LONG_WALK = 5;
/** What a container can hold, beside the snapshot before. */
const MAX_WALK_ACCOUNTS = 100_000;
const MAX_WALK_BYTES = 150_000_000;
/** How many paths of malformed fields the log names. */
const MAX_PATHS = 10;

type Settled =
  | { readonly kind: 'page'; readonly page: FetchedPage }
  | { readonly kind: 'failure'; readonly error: unknown };

/**
 * Fetches all accounts: the first page without parameters, since eGain documents none, and the
 * others, four at a time, as far as the earlier ones show that there are any. A page that fails
 * fails the walk, and the requests under way then are aborted and awaited.
 *
 * @throws Fault `502-903` when it is too large, `502-904` when the pages do not add up; else as
 *   `fetchPage` does
 * @throws BudgetSpent when the pages after the first do not fit into the budget of calls
 */
export async function walkPages(
  fetchPage: FetchPage,
  deadline: Deadline,
  calls?: Pick<CallBudget, 'reserve' | 'release'>,
): Promise<Account[]> {
  const walk = cancellable(deadline);
  const first = await fetchPage(walk);
  const collected = createPageCollector(first);
  const { pagesize } = first.paginationInfo;
  const underway = new Map<number, Promise<void>>();
  const arrived = new Map<number, Settled>();
  let asked = 1;

  /** Settles with the failure, so that a page which fails before its turn is no unhandled rejection. */
  const ask = async (pagenum: number) => {
    const settled = await fetchPage(walk, { pagenum, pagesize }).then(
      (page) => ({ kind: 'page', page }) as const,
      (error: unknown) => ({ kind: 'failure', error }) as const,
    );
    arrived.set(pagenum, settled);
    underway.delete(pagenum);
  };

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
    if (!collected.complete()) await calls?.reserve(collected.pagesKnown() - 1, walk);
    for (let pagenum = 2; !collected.complete(); pagenum += 1) {
      const next = await arrivalOf(pagenum);
      if (next.kind === 'page') collected.add(next.page);
      else if (isNoSuchPage(next.error) && collected.mayEndHere()) break;
      else throw next.error;
    }
  } finally {
    walk.cancel(new Error('the walk has ended'));
    await Promise.all(underway.values());
    await calls?.release();
  }
  return collected.accounts();
}

function isNoSuchPage(error: unknown): boolean {
  return error instanceof RefusedRequest && [400, 404].includes(error.upstreamStatus);
}

/** What the pages so far add up to. Fed page by page, in their order. */
export interface PageCollector {
  /** The distinct accounts, in the order of their first coming. Logs and counts what was odd. */
  accounts(): Account[];
  /** How many pages to ask for, as far as is known. */
  pagesKnown(): number;
  /** Whether the list is whole. */
  complete(): boolean;
  /** @throws Fault `502-904` when the pages cannot add up any more, `502-903` when it is too much */
  add(page: FetchedPage): void;
  /** Whether a refusal (400 or 404) of the next page means that there was no more. */
  mayEndHere(): boolean;
}

/**
 * The collector of a walk that begins with `first`, which is added already.
 *
 * `count` is documented as the number of records, and counts as that until more records have come:
 * then it counts pages, as in eGain's sibling APIs. Under either meaning it is a promise, and an end
 * before it is kept is a fault, never a shorter list. One case is unclear: a short page after more
 * than `count` records but before `count` pages, as when accounts are added during the walk. Then
 * one more page is asked for. A single page that is not full is the whole list, though it holds more
 * than `count`.
 *
 * @throws Fault, as `add` does
 */
export function createPageCollector(first: FetchedPage): PageCollector {
  const { count: promised, pagesize: size = first.account.length } = first.paginationInfo;
  const merged = new Map<string, Account>();
  const malformed = { count: 0, paths: [] as string[] };
  let received = 0;
  let bytes = 0;
  let pages = 0;
  let duplicates = 0;
  let pagesKnown = 1;
  let short = false;
  let complete = false;

  // Each page has brought at least one account, so `promised` pages hold no fewer than `promised`.
  const mayEndHere = () => merged.size === promised || pages >= promised || short;

  const plan = (known: number) => {
    pagesKnown = Math.max(pagesKnown, known);
  };

  const measure = (page: FetchedPage) => {
    received += page.account.length;
    bytes += page.bytes;
    if (received > MAX_WALK_ACCOUNTS || bytes > MAX_WALK_BYTES) {
      throw new Fault('egainContractBroken', {
        reason: `the walk is larger than ${MAX_WALK_ACCOUNTS} accounts or ${MAX_WALK_BYTES / 1e6} MB`,
      });
    }
    malformed.count += page.malformed.length;
    for (const path of page.malformed.slice(0, MAX_PATHS - malformed.paths.length)) {
      malformed.paths.push(`page ${pages + 1} ${path}`);
    }
  };

  const merge = (page: readonly Account[], keys: readonly string[]) => {
    page.forEach((account, index) => {
      const key = keys[index] ?? '';
      const known = merged.get(key);
      if (known !== undefined) duplicates += 1;
      if (known === undefined || isLater(account, known)) merged.set(key, account);
    });
  };

  const planNext = (isFull: boolean) => {
    if (merged.size < promised) {
      // Later pages may turn out smaller than the first. Then plan one more at a time.
      const left = promised - merged.size;
      const last = pages === 1 ? 1 + Math.ceil(left / size) : pages + 1;
      if (last > MAX_PAGES) throw doNotAddUp(`there are more than ${MAX_PAGES}`);
      // The last one will be full, so one more will be needed to be sure. In a long walk it goes
      // along with the others, so that nothing waits for it alone.
      const oneMore = pages === 1 && left % size === 0 && last > LONG_WALK;
      plan(oneMore ? last + 1 : last);
    } else if (isFull) {
      // Exactly as promised: one more, to be sure. More than that: `count` counts pages.
      plan(merged.size > promised ? Math.max(promised, pages + 1) : pages + 1);
      if (pagesKnown > MAX_PAGES + 1) throw doNotAddUp(`there are more than ${MAX_PAGES}`);
    } else if (pages === 1 || mayEndHere()) {
      complete = true;
    } else {
      short = true;
      plan(pages + 1);
    }
  };

  const add = (page: FetchedPage) => {
    measure(page);
    const keys = keysOf(page.account);
    if (keys.every((key) => merged.has(key))) {
      // Nothing new ends the walk, unless more was promised.
      if (!mayEndHere()) {
        throw doNotAddUp(keys.length === 0 ? 'one is empty too early' : 'one is repeated');
      }
      complete = true;
      return;
    }
    if (short) throw doNotAddUp('more came after a short one');
    pages += 1;
    merge(page.account, keys);
    if (pages > MAX_PAGES) throw doNotAddUp(`there are more than ${MAX_PAGES}`);
    planNext(page.account.length >= size);
  };
  add(first);

  return {
    accounts() {
      if (duplicates > 0) {
        count('DuplicateAccounts', duplicates);
        log.warn('Accounts came more than once in one walk', { duplicates });
      }
      if (malformed.count > 0) {
        count('MalformedFields', malformed.count);
        const paths = malformed.paths.join(', ');
        const fields = { malformed: malformed.count, paths };
        log.warn('Fields of accounts are malformed and left out', fields);
      }
      return [...merged.values()];
    },
    pagesKnown: () => pagesKnown,
    complete: () => complete,
    add,
    mayEndHere,
  };
}

/**
 * What an account is recognised by on another page: its id, or all of its content where it has none.
 * Equal accounts without an id on one page are kept apart, since a page is of one moment.
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

/** Of two records of one account, the one modified later is right. */
function isLater(account: Account, known: Account): boolean {
  const [one = Number.NaN, other = Number.NaN] = [account, known].map(({ modified }) =>
    readDateTime(modified ?? ''),
  );
  return one > other;
}

function doNotAddUp(what: string): Fault {
  return new Fault('egainPagesInconsistent', { reason: `the pages do not add up: ${what}` });
}
