import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** An option of the CDK's command line. */
export interface CdkOption {
  readonly type: 'string' | 'boolean' | 'number' | 'array' | 'count';
  readonly alias?: string | readonly string[];
  /** A name that means `no-` and the option. */
  readonly negativeAlias?: string;
}

interface Registry {
  readonly globalOptions: Readonly<Record<string, CdkOption>>;
  readonly commands: Readonly<
    Record<string, { readonly options: Readonly<Record<string, CdkOption>> }>
  >;
}

/**
 * The options that a command of the CDK takes, by name, aliases and `no-` forms included: from the
 * table that the CDK makes its own command line of, so that none has to be kept here.
 */
export function cdkOptions(command: string): ReadonlyMap<string, CdkOption> {
  const { globalOptions, commands } = registry();
  const all = { ...globalOptions, ...commands[command]?.options };
  const options = new Map<string, CdkOption>();
  for (const [name, option] of Object.entries(all)) {
    const { alias = [], negativeAlias = [] } = option;
    for (const one of [name, camelCase(name), alias, negativeAlias].flat()) {
      options.set(one, option);
      if (option.type === 'boolean') options.set(`no-${one}`, option);
    }
  }
  return options;
}

/** The CDK takes `--requireApproval` for `--require-approval`. */
function camelCase(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function registry(): Registry {
  const cdk = dirname(createRequire(import.meta.url).resolve('aws-cdk/package.json'));
  const file = join(cdk, 'lib', 'cli', 'cli-type-registry.json');
  return JSON.parse(readFileSync(file, 'utf8')) as Registry;
}
