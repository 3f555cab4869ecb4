import { defineConfig } from 'vitest/config';

/** Clients generated from the contract. Their generators have a lockfile of their own, installed here. */
export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    include: ['test/clients/*.clients.ts'],
    globalSetup: 'test/support/temporary-root.ts',
    testTimeout: 120_000,
    hookTimeout: 240_000,
    reporters:
      process.env['CI'] === undefined
        ? ['default']
        : ['default', ['json', { outputFile: 'coverage/clients-tests.json' }]],
  },
});
