import { readFileSync } from 'node:fs';
import { systemClock } from './clock.ts';
import { readCorsOrigins } from './config.ts';
import { createContainer } from './container.ts';
import { createApiHandler } from './http/handler.ts';
import { once } from './once.ts';
import { createTelemetry } from './telemetry.ts';

const telemetry = createTelemetry('api');
const container = createContainer(telemetry);
const readOpenApi = once(() => readFileSync(new URL('openapi.json', import.meta.url), 'utf8'));

/** Answers the partner API's requests, as API Gateway's proxy integration (REST) sends them. */
export const handler = createApiHandler({
  service: container.service,
  openApi: async () => readOpenApi(),
  telemetry,
  clock: systemClock,
  corsOrigins: readCorsOrigins(),
});

/** Settles when init may end; the bundle's main module waits for it. */
export const { ready } = container;
