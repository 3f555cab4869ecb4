import type { AccountsPage } from '../../lambda/egain/account.ts';
import type { FetchPage } from '../../lambda/egain/client.ts';
import type { UpstreamResponse } from '../../lambda/egain/send.ts';
import { Fault } from '../../lambda/faults.ts';
import type { Clock, Deadline } from '../../lambda/platform/deadline.ts';
import type { StageConfig } from '../../lib/stage/stage-config.ts';
import { diagnoseApiFailure } from '../api-refusal.ts';
import type { Recorder } from '../recorder.ts';
import { type Checked, holds } from '../report.ts';

/** What eGain's API answered to the first request: with status 200, but not yet looked at. */
export interface FirstAnswer {
  readonly answer: UpstreamResponse;
  /** What the product makes of it. */
  readonly judged: AccountsPage | Fault;
}

/** Whether eGain's API lets the token in, and the client has the scope. */
export async function checkScope(
  egain: StageConfig['egain'],
  fetchPage: FetchPage,
  recorder: Recorder,
  deadline: Deadline,
  clock: Clock,
): Promise<Checked<FirstAnswer>> {
  const judged = await fetchPage(deadline).catch((error: unknown) => {
    if (error instanceof Fault) return error;
    throw error;
  });
  const result = recorder.results.at(-1) ?? { kind: 'timeout', of: 'deadline', waitedMs: 0 };
  if (result.kind === 'response' && result.status === 200) {
    return holds(
      { answer: result, judged },
      "eGain's API takes the token and opens the accounts to it",
    );
  }
  return diagnoseApiFailure(result, egain, clock.now());
}
