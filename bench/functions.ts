import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';

/** A function's module on the disk, and the environment that it runs in. */
export interface Bundle {
  readonly name: string;
  readonly module: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly kilobytes: number;
}

/** What is measured, and what it calls. */
export interface World {
  /** The synthesised product with a simulated eGain, a secret and a table. */
  readonly sandbox: Sandbox;
  readonly egain: NonNullable<Sandbox['egain']>;
  /** ApiFunction as deployed. */
  readonly ours: Bundle;
  /** The same function written with axios and simple-oauth2, bundled by the CDK's defaults. */
  readonly common: Bundle;
  readonly stop: () => Promise<void>;
}

export async function startWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const sandbox = await startSandbox({
    // One container, because each peer is one process.
    maxContainers: 1,
    // simple-oauth2 takes ASCII alone.
    egain: { clientSecret: 'a-secret-of-the-benchmark' },
    configure: (config) => ({
      ...config,
      cache: { ...config.cache, freshSeconds: 30, staleSeconds: 600 },
    }),
  });
  const { egain } = sandbox;
  if (egain === undefined) throw new Error('the benchmark needs the simulated eGain');
  const { codePath, environment } = sandbox.functionNamed('ApiFunction').spec;
  const common = join(folder, 'common.cjs');
  // `NodejsFunction` without options, the SDK bundled: CommonJS, not minified.
  buildSync({
    entryPoints: [fileURLToPath(new URL('peers/common.ts', import.meta.url))],
    outfile: common,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    logLevel: 'silent',
    tsconfigRaw: {},
  });
  return {
    sandbox,
    egain,
    ours: bundleAt('ApiFunction', join(codePath, 'index.mjs'), environment),
    common: bundleAt('the common way', common, environment),
    async stop() {
      await sandbox.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

function bundleAt(name: string, module: string, environment: Bundle['environment']): Bundle {
  return { name, module, environment, kilobytes: statSync(module).size / 1000 };
}
