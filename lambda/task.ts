import { createContainer } from './accounts/container.ts';
import { systemClock } from './platform/clock.ts';
import { createTelemetry } from './platform/telemetry.ts';
import { createTaskHandler } from './workflow/task-handler.ts';

const telemetry = createTelemetry('task');
const container = createContainer(telemetry);

/** Gives a state machine one page of the accounts that it asks for. */
export const handler = createTaskHandler({
  service: container.service,
  telemetry,
  clock: systemClock,
});

/** Settles when init may end; the bundle's main module waits for it. */
export const { ready } = container;
