import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Fault } from '../../../lambda/faults.ts';
import { createContainer } from '../../../lambda/snapshot/container.ts';
import { recordTelemetry } from '../../support/recorded-telemetry.ts';

describe('what lives as long as the container', () => {
  beforeEach(() => {
    for (const name of ['CREDENTIALS_SECRET_ARN', 'EGAIN_API_URL', 'EGAIN_TOKEN_URL']) {
      vi.stubEnv(name, undefined);
    }
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test('does not keep init from ending when a setting is wrong', async () => {
    const { ready } = createContainer(recordTelemetry());

    await expect(ready).resolves.toBeUndefined();
  });

  test('tells every caller that a setting is wrong', () => {
    const { service } = createContainer(recordTelemetry());

    for (const ask of [service, service]) {
      expect(ask).toThrow(expect.objectContaining({ code: '500-902' }));
      expect(ask).toThrow(Fault);
    }
  });
});
