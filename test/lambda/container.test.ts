import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createContainer, once } from '../../lambda/container.ts';
import { Fault } from '../../lambda/faults.ts';
import { recordTelemetry } from '../support/recorded-telemetry.ts';

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

describe('a value that is made once', () => {
  test('is made when it is first asked for, and kept', () => {
    let made = 0;
    const value = once(() => {
      made += 1;
      return made;
    });

    expect([made, value(), value()]).toEqual([0, 1, 1]);
  });

  test('is tried again when making it failed', () => {
    let tries = 0;
    const value = once(() => {
      tries += 1;
      if (tries === 1) throw new Error('not yet');
      return tries;
    });

    expect(value).toThrow('not yet');
    expect(value()).toBe(2);
  });
});
