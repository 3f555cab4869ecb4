import { createContainer } from './accounts/container.ts';
import { systemClock } from './platform/clock.ts';
import { createTelemetry } from './platform/telemetry.ts';
import { createRefreshHandler } from './schedule/refresh-handler.ts';

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
