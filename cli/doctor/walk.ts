import {
  type AccountRule,
  type Listed,
  listed,
  visibleAccounts,
} from '../../lambda/accounts/compare.ts';
import { FIELDS, LEAF_PATHS, SCOPES } from '../../lambda/accounts/fields.ts';
import type { Account } from '../../lambda/egain/account.ts';
import { WINDOW_MS } from '../../lambda/egain/call-budget.ts';
import type { FetchedPage, FetchPage } from '../../lambda/egain/client.ts';
import { walkPages } from '../../lambda/egain/walk.ts';
import { Fault } from '../../lambda/faults.ts';
import type { Deadline } from '../../lambda/platform/deadline.ts';
import type { StageConfig } from '../../lib/stage/stage-config.ts';
import { counted, type Finding, failed, ok } from '../findings.ts';
import type { Recorder } from './answers.ts';
import { contractBroken, diagnoseApi, size } from './page.ts';

/** A partner whose request waits for a longer walk notices it. */
const SLOW_MS = 5000;

/** Whether the walk over all pages ends in time, and what it found. */
export async function checkWalk(
  config: StageConfig,
  fetchPage: FetchPage,
  recorder: Recorder,
  deadline: Deadline,
): Promise<Finding<readonly Account[]>> {
  const { clock } = deadline;
  const began = clock.now();
  let walks = 0;
  let pages: FetchedPage[] = [];
  let requests = 0;
  const counting: FetchPage = async (until, request) => {
    if (request === undefined) {
      walks += 1;
      pages = [];
      requests = 0;
    }
    requests += 1;
    const ofWalk = pages;
    const page = await fetchPage(until, request);
    ofWalk.push(page);
    return page;
  };
  try {
    const accounts = await walkPages(counting, deadline);
    return describe(accounts, { walks, pages, requests }, clock.now() - began, config);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const finding = diagnose(error, recorder, config);
    const after = `after ${counted(pages.length, 'page')}`;
    return { ...finding, seen: `${after}: ${finding.seen}` };
  }
}

/** The last of the walks that were made. */
interface Walked {
  readonly walks: number;
  readonly pages: readonly FetchedPage[];
  readonly requests: number;
}

function describe(
  walked: readonly Account[],
  { walks, pages, requests }: Walked,
  milliseconds: number,
  config: StageConfig,
): Finding<readonly Account[]> {
  const accounts = walked.length;
  const filled = pages.filter((page) => page.account.length > 0).length;
  const rows = pages.reduce((sum, page) => sum + page.account.length, 0);
  const bytes = pages.reduce((sum, page) => sum + page.bytes, 0);
  const count = pages[0]?.paginationInfo.count ?? 0;
  const countTells = accounts === count ? 'records' : 'pages';
  const notes = budgetNotes(config, requests);
  const malformed = new Set(
    pages.flatMap((page) => page.malformed.map((path) => path.replaceAll(/\[\d+\]/g, '[]'))),
  );
  if (malformed.size > 0) {
    notes.push(`malformed, so left out: ${[...malformed].toSorted().join(', ')}`);
  }
  if (walks > 1) notes.push('the accounts changed while they were walked, and were walked again');
  if (accounts === 0) notes.push('eGain has no accounts for this client; is that so?');
  if (rows > accounts) {
    notes.push(`${rows - accounts} accounts came more than once; each is kept once`);
  }
  if (milliseconds > SLOW_MS) {
    notes.push(
      'requests that wait for a walk are slow; a longer cache.freshSeconds makes them rare',
    );
  }
  return ok(
    `${accounts} accounts on ${filled} pages in ${milliseconds} ms, ${size(bytes)}; count tells ${countTells}`,
    {
      value: walked,
      notes,
      measured: { accounts, pages: filled, requests, milliseconds, bytes, count, countTells },
    },
  );
}

/** How long the budget counts a call, whole seconds. */
const WINDOW_SECONDS = WINDOW_MS / 1000;

/**
 * How often eGain is called, and whether `egain.callsPerMinute` allows it.
 *
 * @param requests of one walk, without retries
 */
function budgetNotes({ egain, cache }: StageConfig, requests: number): string[] {
  const { freshSeconds, refreshSeconds } = cache;
  const period = refreshSeconds ?? freshSeconds;
  const key = refreshSeconds === undefined ? 'cache.freshSeconds' : 'cache.refreshSeconds';
  const notes = [
    `all containers together send eGain ${counted(requests, 'request')} every ${period} s at most (${key})`,
  ];
  const { callsPerMinute } = egain;
  if (callsPerMinute === undefined) return notes;
  // One call more for the token, once in its life.
  const calls = requests + 1;
  const budget = `egain.callsPerMinute ${callsPerMinute}`;
  const shortest = Math.ceil((WINDOW_SECONDS * calls) / callsPerMinute);
  if (calls > callsPerMinute && refreshSeconds === undefined) {
    notes.push(
      `${budget} is less than the ${calls} calls of a walk: set cache.refreshSeconds to ` +
        `${WINDOW_SECONDS * Math.ceil(calls / callsPerMinute)} or more, so that a schedule walks, a minute's worth at a time`,
    );
  } else if (shortest > period) {
    notes.push(
      `${budget} allows such a walk every ${shortest} s: answers get that old, whatever ${key} says`,
    );
  }
  return notes;
}

function diagnose(fault: Fault, { results }: Recorder, { egain }: StageConfig): Finding<never> {
  if (fault.kind === 'egainPagesInconsistent') {
    return failed(
      fault.message,
      'Run it again: accounts may have changed meanwhile. If it fails again, report it to eGain.',
      { cause: 'pages-do-not-add-up' },
    );
  }
  if (fault.kind === 'timedOut') {
    return failed(
      'the time was up: a walk has 25 s at most',
      "Try again. If it fails again, ask eGain why its pages are slow, or for the client's quota.",
      { cause: 'walk-too-slow' },
    );
  }
  const broken = results.find((result) => result.kind !== 'response' || result.status !== 200);
  if (broken === undefined) return contractBroken(fault.message);
  if (broken.kind === 'response' && (broken.status === 400 || broken.status === 404)) {
    return failed(
      `eGain answers ${broken.status} to the next, which it had promised`,
      'Report it to eGain, and to the makers of this product.',
      { cause: 'paging-refused' },
    );
  }
  return diagnoseApi(broken, egain, fault);
}

/** What each partner of the stage would see of these accounts, and what its scopes open in them. */
export function checkPartners(
  { partners }: Pick<StageConfig, 'partners'>,
  accounts: readonly Account[],
): Finding<true> {
  const notes: string[] = [];
  const measured: Record<string, number> = {};
  const all = accounts.map(listed);
  const lines = Object.entries(partners).map(([name, { scopes, accounts: rule }]) => {
    const visible = visibleAccounts(all, rule).length;
    measured[name] = visible;
    if (visible === 0 && accounts.length > 0) {
      notes.push(`${name} sees nothing: ${reasonOf(rule, all)}`);
    }
    return `${name}: ${visible} of ${accounts.length}, by ${scopes.join(' ')}`;
  });
  const granted = new Set(Object.values(partners).flatMap(({ scopes }) => scopes));
  for (const scope of SCOPES.filter((one) => granted.has(one))) {
    const opened = LEAF_PATHS.filter((path) => FIELDS[path] === scope);
    notes.push(`${scope} opens ${opened.join(', ')}`);
  }
  return ok(lines.join('\n') || 'there are none yet', { value: true, notes, measured });
}

/** The lists of a rule that no account matches, or that no account matches all of them. */
function reasonOf(rule: AccountRule = {}, accounts: readonly Listed[]): string {
  const unmatched = Object.entries(rule)
    .filter(([list, values]) => visibleAccounts(accounts, { [list]: values }).length === 0)
    .map(([list]) => `accounts.${list}`);
  return unmatched.length === 0
    ? 'no account matches all lists of its rule at once'
    : `no account matches ${unmatched.join(' and ')}; compare the ids with eGain's`;
}
