import { defineConfig } from 'vitest/config';
import { runSettings } from '../support/run-settings.ts';

/** Outside `npm test`, since it asks the registry for other versions of the CDK. */
export default defineConfig({
  test: {
    ...runSettings('package-tests', 'test/package/*.package.ts'),
    testTimeout: 600_000,
    hookTimeout: 120_000,
  },
});
