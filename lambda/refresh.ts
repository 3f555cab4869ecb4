import withMiddleware from '@middy/core';
import type { Context } from 'aws-lambda';
import {
  correlationId,
  faultLog,
  HANDLER_OPTIONS,
  invocationLog,
  lambdaRequestId,
  type Middleware,
} from './invocation.ts';
import { type Clock, deadlineOf, systemClock } from './platform/deadline.ts';
import { createTelemetry, type InvocationTelemetry } from './platform/telemetry.ts';
import { createContainer, type Service } from './snapshot/container.ts';

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
      const deadline = deadlineOf(context, { clock, longestMs: Number.POSITIVE_INFINITY });
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

const telemetry = createTelemetry('refresh');
const container = createContainer(telemetry);

/** Renews the snapshot for all containers, whatever the event. */
export const handler = createRefreshHandler({
  service: container.service,
  telemetry,
  clock: systemClock,
});

/** Settles when init may end; the bundle's main module waits for it. */
export const { ready } = container;
