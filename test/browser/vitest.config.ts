import { defineConfig } from 'vitest/config';

/** The tests that need Chromium (`apt-get install chromium`); `npm test` does without it. */
export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    include: ['test/browser/**/*.browser.ts'],
    globalSetup: 'test/support/temporary-root.ts',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters:
      process.env['CI'] === undefined
        ? ['default']
        : ['default', ['json', { outputFile: 'coverage/browser-tests.json' }]],
  },
});
