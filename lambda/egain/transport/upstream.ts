import type { Clock } from '../../platform/clock.ts';
import { type Deadline, pause } from '../../platform/deadline.ts';
import type { Send } from '../../platform/http-client.ts';
import type { MetricName } from '../../platform/metrics.ts';
import type { LogFields, Telemetry } from '../../platform/telemetry.ts';
import { type AttemptResult, attempt, type UpstreamRequest } from './attempt.ts';
import { BudgetSpent, type CallBudget } from './call-budget.ts';
import { decideRetry } from './retry.ts';
import type { RetryBudget } from './retry-budget.ts';

/** What came of a request after all its attempts. */
export interface UpstreamResult {
  /** Of the last attempt. */
  readonly result: AttemptResult;
  /** The server asked for a wait that the caller has no time for. */
  readonly waitTooLong: boolean;
}

/** A server that requests are sent to, up to three times each. */
export interface Upstream {
  /**
   * Sends the request, up to three times, within the deadline. A connection that had been closed
   * while it was kept counts for none of them.
   *
   * @throws BudgetSpent when no call may be made in the caller's time
   * @throws the signal's reason when the work was cancelled, or time ran out during a pause
   */
  send(request: UpstreamRequest, deadline: Deadline): Promise<UpstreamResult>;
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
  /** In place of the network. */
  readonly send?: Send | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly telemetry: Telemetry;
}

/** An upstream, with the container's budget for retries. */
export function createUpstream(options: UpstreamOptions): Upstream {
  const { name, clock, telemetry, send } = options;

  const measured = async (
    request: UpstreamRequest,
    deadline: Deadline,
    fresh: boolean,
    timeToBegin: () => number,
  ): Promise<AttemptResult> => {
    await options.calls?.take(deadline);
    const beginWithinMs = timeToBegin();
    const began = clock.now();
    telemetry.count(options.metric);
    try {
      return await attempt(request, deadline, clock, {
        fresh,
        send,
        ...(Number.isFinite(beginWithinMs) && { beginWithinMs }),
      });
    } finally {
      if (options.latencyMetric) telemetry.count(options.latencyMetric, clock.now() - began);
    }
  };

  return {
    async send(request, deadline) {
      const beginBy = clock.now() + (deadline.beginWithinMs ?? Number.POSITIVE_INFINITY);
      const timeToBegin = () => Math.max(0, beginBy - clock.now());
      let result: AttemptResult | undefined;
      let fresh = false;
      for (let attempts = 1; ; ) {
        try {
          result = await measured(request, deadline, fresh, timeToBegin);
        } catch (error) {
          // The budget was spent under way: what came before says more than that it was.
          if (result && error instanceof BudgetSpent) return { result, waitTooLong: false };
          throw error;
        }
        const decision = decideRetry({
          result,
          attempts,
          transient: result.kind === 'response' && (request.isTransient?.(result) ?? false),
          timeLeftMs: Math.min(deadline.remaining(), timeToBegin()),
          now: clock.now(),
          random: options.random(),
        });
        fresh = decision.kind === 'reconnect';
        const again = fresh || (decision.kind === 'retry' && options.budget.take());
        const afterMs = decision.kind === 'retry' ? decision.afterMs : 0;
        if (result.kind !== 'response' || result.status !== 200 || again) {
          telemetry.warn('An upstream request failed', {
            upstream: name,
            attempt: attempts,
            ...describe(result),
            ...(again ? { retryAfterMs: Math.round(afterMs) } : {}),
          });
        }
        if (!again) return { result, waitTooLong: decision.kind === 'wait-too-long' };
        if (fresh) continue;
        attempts += 1;
        await pause(afterMs, deadline, clock);
      }
    },
  };
}

function describe(result: AttemptResult): LogFields {
  const { kind } = result;
  if (kind === 'response') return { status: result.status, unread: result.unread };
  if (kind === 'timeout') return { timeout: result.of, waitedMs: result.waitedMs };
  return { networkError: result.during, errorCode: result.errorCode };
}
