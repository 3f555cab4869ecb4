import { defineConfig } from 'vitest/config';

/** The tests that start whole commands as a shell does, which takes long; `npm test` does without. */
export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    include: ['test/commands/**/*.commands.ts'],
    globalSetup: 'test/support/temporary-root.ts',
    testTimeout: 120_000,
    hookTimeout: 60_000,
    reporters:
      process.env['CI'] === undefined
        ? ['default']
        : ['default', ['json', { outputFile: 'coverage/commands-tests.json' }]],
  },
});
