import { systemClock } from './clock.ts';
import { createContainer } from './container.ts';
import { createTelemetry } from './telemetry.ts';
import { createTaskHandler } from './workflow/handler.ts';

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
