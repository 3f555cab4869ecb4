import withMiddleware from '@middy/core';
import {
  correlationId,
  faultLog,
  HANDLER_OPTIONS,
  type Handler,
  type Invoked,
  invocationLog,
  type Middleware,
} from './invocation.ts';
import { withDeadline } from './platform/deadline.ts';
import { nameService } from './platform/log.ts';
import { count } from './platform/metrics.ts';
import { createContainer, type Service } from './snapshot/container.ts';

interface RefreshOutcome {
  readonly outcome: 'renewed' | 'recent' | 'elsewhere' | 'failed';
}

/**
 * Makes the handler of RefreshFunction: renews the snapshot ahead of time, with all the time that
 * the function has. A run that fails does not throw: Lambda would try it again at once, when eGain
 * should be left alone. The missing `ScheduledRenewals` metric tells of the failure.
 *
 * @param service throws Fault `500-902` if it could not be made
 */
export function createRefreshHandler(
  service: () => { readonly snapshots: Pick<Service['snapshots'], 'renew'> },
): Handler<unknown, RefreshOutcome> {
  return withMiddleware<unknown, RefreshOutcome>(HANDLER_OPTIONS)
    .use(invocationLog('refresh', describe))
    .use(correlationId())
    .use(failedRun)
    .use(faultLog)
    .handler(async (_, context) => {
      const options = { longestMs: Number.POSITIVE_INFINITY };
      const { snapshots } = service();
      const outcome = await withDeadline(context, (deadline) => snapshots.renew(deadline), options);
      count('ScheduledRenewals');
      return { outcome };
    });
}

const describe = ({ response }: Invoked<unknown, RefreshOutcome>) => ({ ...response });

const failedRun: Middleware<unknown, RefreshOutcome> = {
  onError(request) {
    request.response = { outcome: 'failed' };
  },
};

nameService('refresh');
const { service, ready } = createContainer();

/** Renews the snapshot for all containers, whatever the event. */
export const handler = createRefreshHandler(service);

/** Settles when init may end; the bundle's main module waits for it. */
export { ready };
