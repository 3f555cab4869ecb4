import { readServiceConfig } from '../platform/config.ts';
import { lazy } from '../platform/lazy.ts';
import type { Telemetry } from '../platform/telemetry.ts';
import { createService, type Service } from './service.ts';

/** What lives as long as the container does. */
export interface Container {
  /**
   * The service, made at init or, where that failed, when it is asked for.
   *
   * @throws Fault `500-902`, each time anew: a wrong setting must be told to every caller
   */
  readonly service: () => Service;
  /** Settles when init may end. Never rejects: each request tells what is wrong. */
  readonly ready: Promise<void>;
}

/**
 * Makes the service while init's processor time is free of charge. On demand, the first event comes
 * at once and joins the secret's and the token's flight; with provisioned concurrency it may be
 * hours away, so init waits until both have landed.
 */
export function createContainer(telemetry: Telemetry): Container {
  const container = lazy(() => {
    const config = readServiceConfig();
    const service = createService(config, telemetry);
    return { service, provisioned: config.provisioned, warm: service.warmUp() };
  });
  const warmUp = async () => {
    try {
      const { provisioned, warm } = container();
      if (provisioned) await warm;
    } catch {
      // Told to whoever asks for the service.
    }
  };
  return { service: () => container().service, ready: warmUp() };
}
