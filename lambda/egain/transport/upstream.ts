import type { Clock } from '../../platform/clock.ts';
import { type Deadline, pause } from '../../platform/deadline.ts';
import type { MetricName } from '../../platform/metrics.ts';
import type { LogFields, Telemetry } from '../../platform/telemetry.ts';
import { exchange, type Outcome, type UpstreamRequest } from './attempt.ts';
import { BudgetSpent, type CallBudget } from './call-budget.ts';
import { decideRetry } from './retry.ts';
import type { RetryBudget } from './retry-budget.ts';

/** What came of a request after all its attempts. */
export interface Result {
  readonly outcome: Outcome;
  /** The server asked for a wait that the caller has no time for. */
  readonly waitTooLong: boolean;
}

/** A server that requests are sent to, with retries. */
export interface Upstream {
  /**
   * Sends the request, up to three times, within the deadline.
   *
   * @throws BudgetSpent when no call may be made in the caller's time
   * @throws the signal's reason when the work was cancelled, or time ran out during a pause
   */
  send(request: UpstreamRequest, deadline: Deadline): Promise<Result>;
}

export interface UpstreamOptions {
  /** How the log calls it. */
  readonly name: 'accounts' | 'token';
  /** Counts its attempts. */
  readonly metric: MetricName;
  /** Takes the milliseconds of each attempt. */
  readonly latencyMetric?: MetricName;
  readonly budget: RetryBudget;
  /** What all containers together may ask of eGain, where that is limited. */
  readonly calls?: CallBudget | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly telemetry: Telemetry;
}

/** An upstream whose first connection lasts as long as it does. */
export function createUpstream(options: UpstreamOptions): Upstream {
  const { name, clock, telemetry } = options;
  let connectedBefore = false;

  const attempt = async (request: UpstreamRequest, deadline: Deadline): Promise<Outcome> => {
    await options.calls?.take(deadline);
    const began = clock.now();
    telemetry.count(options.metric);
    try {
      return await exchange(request, deadline, clock);
    } finally {
      if (options.latencyMetric) telemetry.count(options.latencyMetric, clock.now() - began);
    }
  };

  return {
    async send(request, deadline) {
      let outcome: Outcome | undefined;
      for (let attempts = 1; ; attempts += 1) {
        try {
          outcome = await attempt(request, deadline);
        } catch (error) {
          // The budget was spent under way: what came before says more than that it was.
          if (outcome && error instanceof BudgetSpent) {
            return { outcome, waitTooLong: false };
          }
          throw error;
        }
        const decision = decideRetry({
          outcome,
          attempts,
          connectedBefore,
          timeLeftMs: deadline.remaining(),
          now: clock.now(),
          random: options.random(),
        });
        connectedBefore ||= outcome.kind === 'answer';
        const again = decision.kind === 'retry' && options.budget.take();
        if (outcome.kind !== 'answer' || outcome.status !== 200) {
          telemetry.warn('An upstream request failed', {
            upstream: name,
            attempt: attempts,
            ...describe(outcome),
            ...(again ? { retryAfterMs: Math.round(decision.afterMs) } : {}),
          });
        }
        if (!again) return { outcome, waitTooLong: decision.kind === 'wait-too-long' };
        await pause(decision.afterMs, deadline, clock);
      }
    },
  };
}

function describe(outcome: Outcome): LogFields {
  if (outcome.kind === 'answer') return { status: outcome.status };
  if (outcome.kind === 'late') return { waitedMs: outcome.waitedMs };
  return { broken: outcome.what, errorCode: outcome.errorCode };
}
