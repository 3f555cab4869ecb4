import { Fault } from '../faults.ts';
import { cancellable, type Deadline } from '../platform/deadline.ts';
import { log } from '../platform/log.ts';
import { count } from '../platform/metrics.ts';
import { readDateTime } from '../platform/parse.ts';
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
  const collected = new PageCollector(first);
  const { pagesize } = first.paginationInfo;
  /** The next pages, in their order. */
  const underway: Promise<FetchedPage>[] = [];
  let asked = 1;

  const ask = () => {
    asked += 1;
    const page = fetchPage(walk, { pagenum: asked, pagesize });
    // A page that fails before its turn is no unhandled rejection.
    page.catch(() => undefined);
    underway.push(page);
  };

  try {
    if (!collected.complete) await calls?.reserve(collected.pagesKnown - 1, walk);
    while (!collected.complete) {
      while (underway.length < MAX_IN_FLIGHT && asked < collected.pagesKnown) ask();
      const page = await underway.shift()?.catch((error: unknown) => {
        if (isNoSuchPage(error) && collected.mayEndHere) return undefined;
        throw error;
      });
      if (page === undefined) break;
      collected.add(page);
    }
  } finally {
    walk.cancel(new Error('the walk has ended'));
    await Promise.allSettled(underway);
    await calls?.release();
  }
  return collected.accounts();
}

function isNoSuchPage(error: unknown): boolean {
  return error instanceof RefusedRequest && [400, 404].includes(error.upstreamStatus);
}

/**
 * What the pages so far add up to. Fed page by page, in their order.
 *
 * `count` is documented as the number of records, and counts as that until more records have come:
 * then it counts pages, as in eGain's sibling APIs. Under either meaning it is a promise, and an end
 * before it is kept is a fault, never a shorter list. One case is unclear: a short page after more
 * than `count` records but before `count` pages, as when accounts are added during the walk. Then
 * one more page is asked for. A single page that is not full is the whole list, though it holds more
 * than `count`.
 */
export class PageCollector {
  /** Whether the list is whole. */
  complete = false;
  /** How many pages to ask for, as far as is known. */
  pagesKnown = 1;
  readonly #promised: number;
  readonly #size: number;
  readonly #merged = new Map<string, Account>();
  readonly #malformed = { count: 0, paths: [] as string[] };
  #received = 0;
  #bytes = 0;
  #pages = 0;
  #duplicates = 0;
  #short = false;

  /** @throws Fault, as `add` does */
  constructor(first: FetchedPage) {
    const { count: promised, pagesize = first.account.length } = first.paginationInfo;
    this.#promised = promised;
    this.#size = pagesize;
    this.add(first);
  }

  /** Whether a refusal (400 or 404) of the next page means that there was no more. */
  get mayEndHere(): boolean {
    // Each page has brought at least one account, so `promised` pages hold no fewer than `promised`.
    return this.#merged.size === this.#promised || this.#pages >= this.#promised || this.#short;
  }

  /** The distinct accounts, in the order of their first coming. Logs and counts what was odd. */
  accounts(): Account[] {
    if (this.#duplicates > 0) {
      count('DuplicateAccounts', this.#duplicates);
      log.warn('Accounts came more than once in one walk', { duplicates: this.#duplicates });
    }
    if (this.#malformed.count > 0) {
      count('MalformedFields', this.#malformed.count);
      const fields = { malformed: this.#malformed.count, paths: this.#malformed.paths.join(', ') };
      log.warn('Fields of accounts are malformed and left out', fields);
    }
    return [...this.#merged.values()];
  }

  /** @throws Fault `502-904` when the pages cannot add up any more, `502-903` when it is too much */
  add(page: FetchedPage): void {
    this.#measure(page);
    const keys = keysOf(page.account);
    if (keys.every((key) => this.#merged.has(key))) {
      // Nothing new ends the walk, unless more was promised.
      if (!this.mayEndHere) {
        throw doNotAddUp(keys.length === 0 ? 'one is empty too early' : 'one is repeated');
      }
      this.complete = true;
      return;
    }
    if (this.#short) throw doNotAddUp('more came after a short one');
    this.#pages += 1;
    this.#merge(page.account, keys);
    if (this.#pages > MAX_PAGES) throw doNotAddUp(`there are more than ${MAX_PAGES}`);
    this.#planNext(page.account.length >= this.#size);
  }

  #measure({ account, bytes, malformed }: FetchedPage): void {
    this.#received += account.length;
    this.#bytes += bytes;
    if (this.#received > MAX_WALK_ACCOUNTS || this.#bytes > MAX_WALK_BYTES) {
      throw new Fault('egainContractBroken', {
        reason: `the walk is larger than ${MAX_WALK_ACCOUNTS} accounts or ${MAX_WALK_BYTES / 1e6} MB`,
      });
    }
    const { paths } = this.#malformed;
    this.#malformed.count += malformed.length;
    for (const path of malformed.slice(0, MAX_PATHS - paths.length)) {
      paths.push(`page ${this.#pages + 1} ${path}`);
    }
  }

  #merge(page: readonly Account[], keys: readonly string[]): void {
    page.forEach((account, index) => {
      const key = keys[index] ?? '';
      const known = this.#merged.get(key);
      if (known !== undefined) this.#duplicates += 1;
      if (known === undefined || isLater(account, known)) this.#merged.set(key, account);
    });
  }

  #planNext(isFull: boolean): void {
    const left = this.#promised - this.#merged.size;
    const next = this.#pages + 1;
    if (left > 0) {
      // Later pages may turn out smaller than the first. Then plan one more at a time.
      const last = this.#pages === 1 ? 1 + Math.ceil(left / this.#size) : next;
      if (last > MAX_PAGES) throw doNotAddUp(`there are more than ${MAX_PAGES}`);
      // The last one will be full, so one more will be needed to be sure. In a long walk it goes
      // along with the others, so that nothing waits for it alone.
      const oneMore = this.#pages === 1 && left % this.#size === 0 && last > LONG_WALK;
      this.#plan(oneMore ? last + 1 : last);
    } else if (isFull) {
      // Exactly as promised: one more, to be sure. More than that: `count` counts pages.
      this.#plan(left < 0 ? Math.max(this.#promised, next) : next);
      if (this.pagesKnown > MAX_PAGES + 1) throw doNotAddUp(`there are more than ${MAX_PAGES}`);
    } else if (this.#pages === 1 || this.mayEndHere) {
      this.complete = true;
    } else {
      this.#short = true;
      this.#plan(next);
    }
  }

  #plan(pages: number): void {
    this.pagesKnown = Math.max(this.pagesKnown, pages);
  }
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
