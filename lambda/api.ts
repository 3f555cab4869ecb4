import { readFileSync } from 'node:fs';
import { createContainer } from './accounts/container.ts';
import { createApiHandler } from './http/api-handler.ts';
import { openApiDocument } from './http/openapi-document.ts';
import { publicTokenUrl } from './http/public-token-url.ts';
import { systemClock } from './platform/clock.ts';
import { readCorsOrigins, readPublicSettings } from './platform/config.ts';
import { createTelemetry } from './platform/telemetry.ts';

const telemetry = createTelemetry('api');
const container = createContainer(telemetry);
const settings = readPublicSettings();
const readOpenApi = () => readFileSync(new URL('openapi.json', import.meta.url), 'utf8');

/** Answers the partner API's requests, as API Gateway's proxy integration (REST) sends them. */
export const handler = createApiHandler({
  service: container.service,
  openApi: openApiDocument(readOpenApi, publicTokenUrl(settings, systemClock), settings.contactUrl),
  telemetry,
  clock: systemClock,
  corsOrigins: readCorsOrigins(),
});

/** Settles when init may end; the bundle's main module waits for it. */
export const { ready } = container;
