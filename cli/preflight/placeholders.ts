import type { StageConfig } from '../../lib/stage/stage-config.ts';

/** What the example of a stage config, `config/dev.json`, has in its account rules. */
const EXAMPLE_RULE_VALUES: ReadonlySet<string> = new Set(['45a095f4-d0ee-4220-a689-22b541c58f67']);

/** The partners whose account rule is the example's still. */
export function partnersOfTheExample({ partners }: Pick<StageConfig, 'partners'>): string[] {
  return Object.entries(partners)
    .filter(([, { accounts = {} }]) =>
      Object.values(accounts)
        .flatMap((list) => list ?? [])
        .some((value) => EXAMPLE_RULE_VALUES.has(value)),
    )
    .map(([name]) => name);
}
