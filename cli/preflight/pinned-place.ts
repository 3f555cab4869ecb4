import type { StageConfig } from '../../lib/stage/stage-config.ts';

/** Where the stage config says that the stage goes. */
export interface PinnedPlace {
  readonly account?: string | undefined;
  readonly region?: string | undefined;
}

/** The stage config's `aws`; empty where it pins nothing. */
export function pinnedPlace(config: StageConfig): PinnedPlace {
  const aws: unknown = Reflect.get(config, 'aws');
  return typeof aws === 'object' && aws !== null ? aws : {};
}
