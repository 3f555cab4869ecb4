import { fileURLToPath } from 'node:url';
import type { TestUserConfig } from 'vitest/config';

/**
 * What every run of tests shares. Where `CI` is set, the run also writes
 * `coverage/<name>.json`, from which `.ci/run` counts the tests.
 *
 * @param include which files, from the project's root
 */
export function runSettings(name: string, include: string): TestUserConfig {
  return {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: [include],
    globalSetup: 'test/support/temporary-root.ts',
    reporters:
      process.env['CI'] === undefined
        ? ['default']
        : ['default', ['json', { outputFile: `coverage/${name}.json` }]],
  };
}
