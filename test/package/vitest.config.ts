import { defineConfig } from 'vitest/config';

/** Outside `npm test`, since it asks the registry for other versions of the CDK. */
export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    include: ['test/package/*.package.ts'],
    globalSetup: 'test/support/temporary-root.ts',
    testTimeout: 600_000,
    hookTimeout: 120_000,
    reporters:
      process.env['CI'] === undefined
        ? ['default']
        : ['default', ['json', { outputFile: 'coverage/package-tests.json' }]],
  },
});
