import { defineConfig } from 'vitest/config';

// Not by Stryker's own --testFiles: with it, breaks that take effect as a module loads never do.
const { MUTATION_TESTS = 'test/@(lambda|lib|bin)/**/*.test.ts' } = process.env;

/** The tests that a broken line of `lambda/` or `lib/` should turn red; those beside run the sandbox. */
export default defineConfig({
  test: {
    include: MUTATION_TESTS.split(','),
    globalSetup: 'test/support/temporary-root.ts',
    setupFiles: 'test/mutation/short-properties.ts',
    // Bundles are made of unchanged sources, or would be made anew for each break.
    exclude: ['test/lib/bundle/**', 'test/lambda/authorizer.test.ts'],
    isolate: false,
    unstubEnvs: true,
    testTimeout: 60_000,
  },
});
