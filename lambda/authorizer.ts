import { createAuthorize } from './auth/authorize.ts';
import { createHandler } from './auth/authorizer-handler.ts';
import { readPartnersFile } from './auth/partners.ts';
import { systemClock } from './platform/clock.ts';
import { readAuthorizerConfig } from './platform/config.ts';
import { createTelemetry } from './platform/telemetry.ts';

const telemetry = createTelemetry('authorizer');

/** Lets API Gateway know who gets in, with which scopes, on which usage plan. */
export const handler = createHandler(
  () => {
    const partners = readPartnersFile(new URL('partners.json', import.meta.url));
    return createAuthorize(readAuthorizerConfig(), partners, telemetry, systemClock);
  },
  telemetry,
  systemClock,
);
