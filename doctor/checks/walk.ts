import type { Account, AccountsPage } from '../../lambda/egain/account.ts';
import type { FetchPage } from '../../lambda/egain/client.ts';
import { walkPages } from '../../lambda/egain/walk.ts';
import { Fault } from '../../lambda/faults.ts';
import type { Clock, Deadline } from '../../lambda/platform/deadline.ts';
import { parseJson } from '../../lambda/platform/util.ts';
import type { StageConfig } from '../../lib/stage/stage-config.ts';
import { diagnoseApiFailure } from '../api-refusal.ts';
import { budgetNotes } from '../call-budget.ts';
import { contractDifferences } from '../contract-differences.ts';
import type { Recorder } from '../recorder.ts';
import { type Checked, fails, holds } from '../report.ts';
import { size } from './page.ts';

/** A walk that takes longer is felt by the partner whose request has to wait for it. */
const SLOW_MS = 5000;

/** Whether the walk over all pages ends in time, and what came of it. */
export async function checkWalk(
  config: StageConfig,
  fetchPage: FetchPage,
  recorder: Recorder,
  deadline: Deadline,
  clock: Clock,
): Promise<Checked<readonly Account[]>> {
  const began = clock.now();
  const pages: AccountsPage[] = [];
  const counting: FetchPage = async (until, request) => {
    const page = await fetchPage(until, request);
    pages.push(page);
    return page;
  };
  try {
    const accounts = await walkPages(counting, deadline, recorder.telemetry);
    return describe(accounts, pages, recorder, clock.now() - began, config);
  } catch (error) {
    if (error instanceof Fault) return diagnose(error, pages.length, recorder, config, clock);
    throw error;
  }
}

function describe(
  walked: readonly Account[],
  pages: readonly AccountsPage[],
  recorder: Recorder,
  milliseconds: number,
  config: StageConfig,
): Checked<readonly Account[]> {
  const accounts = walked.length;
  const filled = pages.filter((page) => page.account.length > 0).length;
  const rows = pages.reduce((sum, page) => sum + page.account.length, 0);
  const count = pages[0]?.paginationInfo.count ?? 0;
  const counts = accounts === count ? 'records' : 'pages';
  const bytes = recorder.results.reduce(
    (sum, result) => sum + (result.kind === 'response' ? Buffer.byteLength(result.text ?? '') : 0),
    0,
  );
  const { requests } = recorder;
  const notes = budgetNotes(config, { requests, milliseconds });
  if (accounts === 0) notes.push('eGain has no accounts for this client; is that so?');
  if (rows > accounts)
    notes.push(`${rows - accounts} accounts came more than once, and are merged`);
  if (milliseconds > SLOW_MS) {
    notes.push(
      'a request that has to wait for so slow a walk is slow; a longer cache.freshSeconds makes that rarer',
    );
  }
  const seen = `${accounts} accounts on ${filled} pages in ${milliseconds} ms, ${size(bytes)}; count tells ${counts}`;
  return holds(walked, seen, {
    notes,
    measured: { accounts, pages: filled, requests, milliseconds, bytes, count, countTells: counts },
  });
}

function diagnose(
  fault: Fault,
  pages: number,
  { results }: Recorder,
  { egain }: StageConfig,
  clock: Clock,
): Checked<never> {
  const after = `after ${pages === 1 ? '1 page' : `${pages} pages`}`;
  if (fault.is('egainPagesInconsistent')) {
    return fails(
      'pages-do-not-add-up',
      `${after}: ${fault.message}`,
      'Run it again, since accounts may have been changed meanwhile; if it stays, report it to eGain.',
    );
  }
  if (fault.is('timedOut')) {
    return fails(
      'walk-too-slow',
      `${after} the time was up: the product has at most 25 s for a walk`,
      "Try again; if it stays, ask eGain why its pages come so slowly, or for the client's quota.",
    );
  }
  const failed = results.find((result) => result.kind !== 'response' || result.status !== 200);
  if (failed === undefined) {
    const bad = results.flatMap((result) =>
      result.kind === 'response' ? contractDifferences(parseJson(result.text)).faults : [],
    );
    const seen = bad.length === 0 ? [fault.message] : [...new Set(bad)];
    return fails(
      'contract-broken',
      `${after} one differs from eGain's contract:\n${seen.join('\n')}`,
      'Report it to eGain, and to the makers of this product: no page like this is served.',
    );
  }
  if (failed.kind === 'response' && (failed.status === 400 || failed.status === 404)) {
    return fails(
      'paging-refused',
      `${after} eGain answers ${failed.status} to the next, though it promised more`,
      'Report it to eGain, and to the makers of this product.',
    );
  }
  const { finding } = diagnoseApiFailure(failed, egain, clock.now());
  return { finding: { ...finding, seen: `${after}: ${finding.seen}` } };
}
