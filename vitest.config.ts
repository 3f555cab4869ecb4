import { defineConfig } from 'vitest/config';
import { runSettings } from './test/support/run-settings.ts';

/** With a file named on the command line, as in `npm test -- FILE`, a part of the tests runs. */
const isWholeRun = process.argv.slice(2).every((word) => word === 'run' || word.startsWith('-'));

export default defineConfig({
  test: {
    ...runSettings('tests', 'test/**/*.test.ts'),
    // Most of the time goes to waiting for local servers, so every core may have a file.
    maxWorkers: '100%',
    // Files share their workers' modules: to load the CDK for each anew takes longer than the tests.
    isolate: false,
    unstubEnvs: true,
    // A shared two-core machine may need long for a synthesis; no assertion depends on it.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    coverage: {
      provider: 'v8',
      include: ['lambda/**/*.ts', 'lib/**/*.ts'],
      // What stands in a bundle for parts of the SDK that are never reached.
      exclude: ['lib/bundle/stand-ins/no-*.ts'],
      reporter: isWholeRun ? ['text-summary'] : [],
      ...(isWholeRun ? { thresholds: { lines: 95, branches: 95 } } : {}),
    },
  },
});
