import { defineConfig } from 'vitest/config';
import { runSettings } from '../support/run-settings.ts';

/** Clients generated from the contract. Their generators have a lockfile of their own, installed here. */
export default defineConfig({
  test: {
    ...runSettings('clients-tests', 'test/clients/*.clients.ts'),
    testTimeout: 120_000,
    hookTimeout: 240_000,
  },
});
