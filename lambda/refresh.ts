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
import { readAnnouncedStage, readServiceConfig } from './platform/config.ts';
import { type Clock, type Deadline, systemClock, withDeadline } from './platform/deadline.ts';
import { nameService } from './platform/log.ts';
import { count } from './platform/metrics.ts';
import { createAnnouncer } from './snapshot/announcement.ts';
import { createContainer, type Service } from './snapshot/container.ts';

interface RefreshOutcome {
  readonly outcome: 'renewed' | 'recent' | 'elsewhere' | 'failed';
}

/**
 * Makes the handler of RefreshFunction: renews the snapshot ahead of time, with all the time that
 * the function has, and looks for a change to announce, whoever renewed it. A run that fails does
 * not throw: Lambda would try it again at once, when eGain should be left alone. The missing
 * `ScheduledRenewals` metric tells of the failure.
 *
 * @param service throws Fault `500-902` if it could not be made
 * @param lookForChange never throws
 */
export function createRefreshHandler(
  service: () => { readonly snapshots: Pick<Service['snapshots'], 'renew'> },
  lookForChange: () => Promise<void> = async () => undefined,
  clock: Clock = systemClock,
): Handler<unknown, RefreshOutcome> {
  return withMiddleware<unknown, RefreshOutcome>(HANDLER_OPTIONS)
    .use(invocationLog('refresh', describe))
    .use(correlationId())
    .use(failedRun)
    .use(faultLog)
    .handler(async (_, context) => {
      const options = { longestMs: Number.POSITIVE_INFINITY, clock };
      const { snapshots } = service();
      try {
        const renew = (deadline: Deadline) => snapshots.renew(deadline);
        const outcome = await withDeadline(context, renew, options);
        count('ScheduledRenewals');
        return { outcome };
      } finally {
        await lookForChange();
      }
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

let announcer: (() => Promise<void>) | undefined;

async function announce(): Promise<void> {
  const stage = readAnnouncedStage();
  if (stage === undefined) return;
  announcer ??= createAnnouncer(readServiceConfig(), stage);
  await announcer();
}

/** Renews the snapshot for all containers, whatever the event. */
export const handler = createRefreshHandler(service, announce);

/** Settles when init may end; the bundle's main module waits for it. */
export { ready };
