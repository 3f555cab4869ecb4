import { defineConfig } from 'vitest/config';
import { runSettings } from '../support/run-settings.ts';

/** The tests that start whole commands, or wait while real seconds pass; `npm test` does without. */
export default defineConfig({
  test: {
    ...runSettings('long-tests', 'test/long/*.long.ts'),
    // As in `npm test`: most of the time goes to waiting, and to loading the CDK.
    maxWorkers: '100%',
    isolate: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
