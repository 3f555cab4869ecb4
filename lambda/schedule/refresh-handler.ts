import withMiddleware from '@middy/core';
import type { Context } from 'aws-lambda';
import type { Service } from '../accounts/service.ts';
import { correlationId, lambdaRequestId } from '../middleware/correlation-id.ts';
import { faultLog } from '../middleware/fault-log.ts';
import { HANDLER_OPTIONS, type Middleware } from '../middleware/invocation.ts';
import { invocationLog } from '../middleware/invocation-log.ts';
import type { Clock } from '../platform/clock.ts';
import { deadlineOf } from '../platform/deadline.ts';
import type { InvocationTelemetry } from '../platform/telemetry.ts';

export interface RefreshHandlerOptions {
  /** Gives the service, or throws the fault that keeps it from being made. */
  readonly service: () => Pick<Service, 'renew'>;
  readonly telemetry: InvocationTelemetry;
  readonly clock: Clock;
}

/** What a run came to: a walk, or why there was none. */
interface RefreshOutcome {
  readonly outcome: 'renewed' | 'recent' | 'elsewhere' | 'failed';
}

/** What the schedule invokes; the event tells nothing. */
export type RefreshHandler = (event: unknown, context: Context) => Promise<RefreshOutcome>;

/**
 * Makes the handler of RefreshFunction: renews the snapshot ahead of time, with all the time that
 * the function has. A run that fails is not thrown, since Lambda would try it again at once, and
 * eGain is to be left alone for a moment; the metric that is missing tells.
 */
export function createRefreshHandler(options: RefreshHandlerOptions): RefreshHandler {
  const { service, telemetry, clock } = options;
  return withMiddleware<unknown, RefreshOutcome>(HANDLER_OPTIONS)
    .use(
      invocationLog<unknown, RefreshOutcome>({
        message: 'refresh',
        telemetry,
        clock,
        describe: ({ response }) => ({ ...response }),
      }),
    )
    .use(correlationId<unknown, RefreshOutcome>(lambdaRequestId))
    .use(failedRun)
    .use(faultLog<unknown, RefreshOutcome>(telemetry))
    .handler(async (_, context) => {
      const deadline = deadlineOf(context, clock, Number.POSITIVE_INFINITY);
      try {
        const outcome = await service().renew(deadline);
        telemetry.count('ScheduledRenewals');
        return { outcome };
      } finally {
        deadline.dispose();
      }
    });
}

const failedRun: Middleware<unknown, RefreshOutcome> = {
  onError(request) {
    request.response = { outcome: 'failed' };
  },
};
