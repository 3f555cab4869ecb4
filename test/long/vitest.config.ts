import { defineConfig } from 'vitest/config';

/** The tests that start whole commands, or wait while real seconds pass; `npm test` does without. */
export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    include: ['test/long/**/*.long.ts'],
    globalSetup: 'test/support/temporary-root.ts',
    // As in the tests of `npm test`: most of the time goes to waiting, and to loading the CDK.
    maxWorkers: '100%',
    isolate: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    reporters:
      process.env['CI'] === undefined
        ? ['default']
        : ['default', ['json', { outputFile: 'coverage/long-tests.json' }]],
  },
});
