import { systemClock } from './clock.ts';
import { createContainer } from './container.ts';
import { createTelemetry } from './telemetry.ts';
import { createTaskHandler } from './workflow/handler.ts';

const telemetry = createTelemetry('task');
const { service, ready } = createContainer(telemetry);

/** Gives a state machine one page of the accounts that it asks for. */
export const handler = createTaskHandler({ service, telemetry, clock: systemClock });

await ready;
