import { hash } from 'node:crypto';
import { Fault, isFault } from '../faults.ts';
import { cancellable, type Deadline } from '../platform/deadline.ts';
import { log } from '../platform/log.ts';
import { count } from '../platform/metrics.ts';
import { readDateTime } from '../platform/parse.ts';
import type { Account } from './account.ts';
import { BudgetSpent, type CallBudget } from './call-budget.ts';
import type { FetchedPage, FetchPage } from './client.ts';

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
 * others four at a time. A page that fails fails the walk, and the requests under way are aborted.
 * Where the accounts change meanwhile, they are walked once more.
 *
 * @throws Fault `502-903` when it is too large, `502-904` when the pages do not add up twice; else
 *   as `fetchPage` does
 * @throws BudgetSpent when the pages after the first do not fit into the budget of calls
 */
export async function walkPages(
  fetchPage: FetchPage,
  deadline: Deadline,
  calls?: WalkBudget,
): Promise<Account[]> {
  try {
    return await walkOnce(fetchPage, deadline, calls, true);
  } catch (error) {
    if (!(error instanceof AccountsChanged)) throw error;
    log.warn('The accounts changed while they were walked, and are walked again', {
      reason: error.message,
    });
    return walkOnce(fetchPage, deadline, calls, false);
  }
}

type WalkBudget = Pick<CallBudget, 'reserve' | 'release'>;

/** The accounts have changed during a walk that can be made again. */
class AccountsChanged extends Error {
  override readonly name = 'AccountsChanged';
}

/** @throws AccountsChanged where another walk may do better */
async function walkOnce(
  fetchPage: FetchPage,
  deadline: Deadline,
  calls: WalkBudget | undefined,
  mayBeRepeated: boolean,
): Promise<Account[]> {
  const walk = cancellable(deadline);
  const began = deadline.clock.now();
  const first = await fetchPage(walk);
  const collected = new PageCollector(first);
  const { pagesize } = first.paginationInfo;
  /** The next pages, in their order. */
  const underway: Promise<FetchedPage>[] = [];
  let asked = 1;
  let isDecided = !mayBeRepeated;

  const ask = () => {
    asked += 1;
    const page = fetchPage(walk, { pagenum: asked, pagesize });
    // A page that fails before its turn is no unhandled rejection.
    page.catch(() => undefined);
    underway.push(page);
  };

  /** A walk that may still add up goes on where there is no time, or no budget, for another. */
  const canBeRepeated = async (): Promise<boolean> => {
    const expectedMs = ((deadline.clock.now() - began) * collected.pagesKnown) / asked;
    if (deadline.remaining() <= expectedMs) return false;
    try {
      // Without waiting. What is set aside for the pages that were not asked for serves as well.
      await calls?.reserve(asked, { ...walk, remaining: () => 0 });
      return true;
    } catch (error) {
      if (error instanceof BudgetSpent) return false;
      throw error;
    }
  };

  const add = async (page: FetchedPage) => {
    collected.add(page);
    if (collected.change === undefined || isDecided) return;
    isDecided = true;
    if (await canBeRepeated()) throw new AccountsChanged(collected.change);
  };

  try {
    await add(first);
    if (!collected.complete) await calls?.reserve(collected.pagesKnown - 1, walk);
    while (!collected.complete) {
      while (underway.length < MAX_IN_FLIGHT && asked < collected.pagesKnown) ask();
      const page = await underway.shift()?.catch((error: unknown) => {
        if (isNoSuchPage(error) && collected.mayEndHere) return undefined;
        throw error;
      });
      if (page === undefined) break;
      await add(page);
    }
  } catch (error) {
    const isOdd = isNoSuchPage(error) || isFault(error, 'egainPagesInconsistent');
    if (!isOdd || !mayBeRepeated || collected.pages >= MAX_PAGES) throw error;
    throw new AccountsChanged(error.message);
  } finally {
    walk.cancel(new Error('the walk has ended'));
    await Promise.allSettled(underway);
    await calls?.release();
  }
  return collected.accounts();
}

/** eGain refuses a page, which may be past the end. */
function isNoSuchPage(error: unknown): error is Fault {
  return error instanceof Fault && [400, 404].includes(error.refusedBy ?? 0);
}

/**
 * What the pages so far add up to. Fed page by page, in their order.
 *
 * `count` is documented as the number of records, and counts as that until more have come: then it
 * counts pages, as in eGain's sibling APIs. An end before it is reached is a fault, never a shorter
 * list. A short page after more than `count` records but before `count` pages is unclear (accounts
 * may have been added), so one more page is asked for. A single page that is not full is the whole
 * list, though it holds more than `count`.
 */
class PageCollector {
  /** Whether the list is whole. */
  complete = false;
  /** How many pages to ask for, as far as is known. */
  pagesKnown = 1;
  /** How many pages have brought something. */
  pages = 0;
  /** What shows that the accounts are no longer those of the first page. */
  change: string | undefined;
  readonly #promised: number;
  readonly #size: number;
  readonly #accounts = new Map<string, Account>();
  readonly #malformed = { count: 0, paths: [] as string[] };
  #received = 0;
  #bytes = 0;
  #isShort = false;

  /** @param first gives `count` and the page size; it is to be added like the others */
  constructor({ paginationInfo, account }: FetchedPage) {
    this.#promised = paginationInfo.count;
    this.#size = paginationInfo.pagesize ?? account.length;
  }

  /** Whether a refusal (400 or 404) of the next page means that there was no more. */
  get mayEndHere(): boolean {
    // Each page has brought at least one account, so `promised` pages hold no fewer than `promised`.
    const isWhole = this.#accounts.size === this.#promised || this.pages >= this.#promised;
    return isWhole || this.#isShort;
  }

  /** The distinct accounts, in the order of their first coming. Logs and counts what was odd. */
  accounts(): Account[] {
    const duplicates = this.#received - this.#accounts.size;
    if (duplicates > 0) {
      count('DuplicateAccounts', duplicates);
      log.warn('Accounts came more than once in one walk', { duplicates });
    }
    if (this.#malformed.count > 0) {
      count('MalformedFields', this.#malformed.count);
      const fields = { malformed: this.#malformed.count, paths: this.#malformed.paths.join(', ') };
      log.warn('Fields of accounts are malformed and left out', fields);
    }
    return [...this.#accounts.values()];
  }

  /** @throws Fault `502-904` when the pages cannot add up any more, `502-903` when it is too much */
  add({ paginationInfo, account: listed, bytes, malformed }: FetchedPage): void {
    const keys = keysOf(listed);
    if (keys.every((key) => this.#accounts.has(key))) {
      // Nothing new ends the walk, unless more was promised.
      if (!this.mayEndHere) {
        throw doNotAddUp(keys.length === 0 ? 'one is empty too early' : 'one is repeated');
      }
      this.complete = true;
      return;
    }
    if (this.#isShort) throw doNotAddUp('more came after a short one');
    this.pages += 1;
    this.#received += listed.length;
    this.#bytes += bytes;
    if (this.#received > MAX_WALK_ACCOUNTS || this.#bytes > MAX_WALK_BYTES) {
      throw new Fault('egainContractBroken', {
        reason: `the walk is larger than ${MAX_WALK_ACCOUNTS} accounts or ${MAX_WALK_BYTES / 1e6} MB`,
      });
    }
    for (const [index, account] of listed.entries()) {
      const key = keys[index] ?? '';
      const known = this.#accounts.get(key);
      if (known === undefined || isLater(account, known)) this.#accounts.set(key, account);
    }
    if (paginationInfo.count !== this.#promised) this.change = '`count` has moved';
    else if (this.#received > this.#accounts.size) this.change = 'an account came twice';
    const { paths } = this.#malformed;
    this.#malformed.count += malformed.length;
    for (const path of malformed.slice(0, MAX_PATHS - paths.length)) {
      paths.push(`page ${this.pages} ${path}`);
    }
    this.#plan(listed.length >= this.#size);
  }

  /** Decides whether the list is whole, and else which page is the last to ask for. */
  #plan(isFull: boolean): void {
    const left = this.#promised - this.#accounts.size;
    const isFirst = this.pages === 1;
    let last = this.pages + 1;
    // Later pages may turn out smaller than the first. Then one more is asked for at a time.
    if (left > 0 && isFirst) last = 1 + Math.ceil(left / this.#size);
    // More came than promised, so `count` counts pages.
    if (left < 0 && isFull) last = Math.max(this.#promised, last);
    // Where all came that was promised, the last page is there to be sure, and should be empty.
    const filled = left > 0 ? last : last - 1;
    if (filled > MAX_PAGES) throw doNotAddUp(`there are more than ${MAX_PAGES}`);
    if (left <= 0 && !isFull) {
      if (isFirst || this.mayEndHere) {
        this.complete = true;
        return;
      }
      this.#isShort = true;
    }
    // The last one will be full, so one more will be needed to be sure. In a long walk it goes along
    // with the others, so that nothing waits for it alone.
    const isSureToNeedMore = isFirst && left > 0 && left % this.#size === 0;
    if (isSureToNeedMore && last > LONG_WALK) last += 1;
    this.pagesKnown = Math.max(this.pagesKnown, last);
  }
}

/**
 * What an account is recognised by on another page: its id, else a hash of its content. Equal accounts
 * without an id on one page are kept apart, since a page is of one moment.
 */
function keysOf(page: readonly Account[]): string[] {
  const seen = new Map<string, number>();
  return page.map((account) => {
    if (typeof account.id === 'string') return account.id;
    const content = hash('sha256', JSON.stringify(account), 'base64url');
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
