/**
 * Stands in for `@smithy/core/config` in the bundles: the SDK's settings as a function has them,
 * from its environment. The SDK's own loader also looks for a user's files under the home folder
 * and asks a virtual machine for its region; a function has neither.
 */

type Environment = NodeJS.ProcessEnv;

interface Setting<T> {
  readonly environmentVariableSelector: (
    environment: Environment,
    options: object,
  ) => T | undefined;
  readonly default: T | (() => T | Promise<T>);
}

/** The setting's variable, or its default; read once. */
export function loadConfig<T>(setting: Setting<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  const load = async (): Promise<T> => {
    const { environmentVariableSelector: select, default: fallback } = setting;
    const value = select(process.env, {});
    if (value !== undefined) return value;
    return isFunction(fallback) ? fallback() : fallback;
  };
  return () => (loaded ??= load());
}

function isFunction<T>(value: T | (() => T | Promise<T>)): value is () => T | Promise<T> {
  return typeof value === 'function';
}

export const SelectorType = { ENV: 'env', CONFIG: 'shared config entry' } as const;

/** @throws Error for a variable that is neither `true` nor `false` */
export function booleanSelector(
  environment: Environment,
  name: string,
  type: string,
): boolean | undefined {
  const text = environment[name];
  if (text === undefined || text === 'true' || text === 'false') {
    return text === undefined ? undefined : text === 'true';
  }
  throw new Error(`Cannot load ${type} "${name}": expected "true" or "false"`);
}

export const REGION_ENV_NAME = 'AWS_REGION';
export const REGION_INI_NAME = 'region';
export const NODE_REGION_CONFIG_FILE_OPTIONS = {};
export const NODE_REGION_CONFIG_OPTIONS: Setting<string> = {
  environmentVariableSelector: (environment) => environment[REGION_ENV_NAME],
  default: () => {
    throw new Error('Region is missing');
  },
};

const flag = (name: string): Setting<boolean> => ({
  environmentVariableSelector: (environment) => booleanSelector(environment, name, 'env'),
  default: false,
});
export const NODE_USE_DUALSTACK_ENDPOINT_CONFIG_OPTIONS = flag('AWS_USE_DUALSTACK_ENDPOINT');
export const NODE_USE_FIPS_ENDPOINT_CONFIG_OPTIONS = flag('AWS_USE_FIPS_ENDPOINT');

/** A function runs in the region that it calls. */
export function resolveDefaultsModeConfig(): () => Promise<string> {
  const mode = process.env['AWS_DEFAULTS_MODE']?.toLowerCase() ?? 'legacy';
  return async () => (mode === 'auto' ? 'in-region' : mode);
}

/** The client's region as it is given: Lambda's own, which needs no check and no rewriting. */
export function resolveRegionConfig<T extends object>(input: T): T {
  return input;
}

/** Separates a section from its key in the user's files, which are not read. */
export const CONFIG_PREFIX_SEPARATOR = '.';

/** For what reads the environment without success. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
}
