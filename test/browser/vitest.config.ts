import { defineConfig } from 'vitest/config';
import { runSettings } from '../support/run-settings.ts';

/** The tests that need Chromium (`apt-get install chromium`); `npm test` does without it. */
export default defineConfig({
  test: {
    ...runSettings('browser-tests', 'test/browser/*.browser.ts'),
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
