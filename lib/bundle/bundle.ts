import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage, type FingerprintOptions } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { buildSync } from 'esbuild';
import { thirdPartyLicences } from './licences.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * What the bundles hold in place of two parts of the SDK, which would be read at each start and which
 * no call of ours reaches. Each file says why it is enough.
 */
const STAND_INS = {
  '@aws-sdk/credential-provider-node': './lib/bundle/stand-ins/no-credential-chain.ts',
  '@smithy/node-http-handler': './lib/bundle/stand-ins/no-http-handler.ts',
};

/** Lambda's own user must be able to read the code, whatever the umask of whoever deploys it. */
const MODES = { file: 0o644, folder: 0o755 };

/** What stands beside `index.mjs` in the asset: content by file name. */
export type BundleFiles = Readonly<Record<string, string>>;

/**
 * A function's code: `lambda/<entry>.ts` with all it imports as one minified ES module,
 * `index.mjs`, whose handler is `index.handler`; the licences of what is in it; and `files`.
 *
 * esbuild's API builds it in this process, and not CDK's `NodejsFunction`: that takes neither Docker
 * nor another process, gives files at synth, and gives the same bytes each time. There are no source
 * maps, since errors carry codes.
 *
 * @param entry the entry's name, as `api`
 * @throws Error with esbuild's messages where the code can't be bundled
 */
export function bundle(entry: string, files: BundleFiles = {}): Code {
  const local = {
    // CDK tells one bundling from another by these two.
    entry,
    files,
    tryBundle(folder: string): boolean {
      writeBundle(entry, folder, files);
      return true;
    },
  };
  const options: FingerprintOptions & Parameters<typeof Code.fromAsset>[1] = {
    assetHashType: AssetHashType.OUTPUT,
    // The CDK hashes names and content alone.
    extraHash: JSON.stringify(MODES),
    // The image is never pulled: the local bundling succeeds or throws.
    bundling: { image: DockerImage.fromRegistry('docker-is-not-used'), local },
  };
  return Code.fromAsset(join(ROOT, 'lambda'), options);
}

/** Writes what `bundle` describes into `folder`. */
export function writeBundle(entry: string, folder: string, files: BundleFiles = {}): void {
  mkdirSync(folder, { recursive: true });
  const { metafile } = buildSync({
    absWorkingDir: ROOT,
    stdin: {
      contents: mainModule(entry),
      resolveDir: join(ROOT, 'lambda'),
      sourcefile: 'index.ts',
    },
    outdir: folder,
    entryNames: 'index',
    outExtension: { '.js': '.mjs' },
    // A dynamic import becomes a file of its own, which a start does not read.
    splitting: true,
    chunkNames: 'part-[hash]',
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // The SDK's CommonJS build would be larger and ask for `require` at run time.
    mainFields: ['module', 'main'],
    alias: STAND_INS,
    legalComments: 'none',
    metafile: true,
    logLevel: 'silent',
    tsconfigRaw: {},
  });
  const licences = thirdPartyLicences(ROOT, Object.keys(metafile.inputs));
  const all = { ...files, 'THIRD_PARTY_LICENSES.txt': licences };
  for (const [name, content] of Object.entries(all)) writeFileSync(join(folder, name), content);
  chmodSync(folder, MODES.folder);
  for (const name of readdirSync(folder)) chmodSync(join(folder, name), MODES.file);
}

/** To Lambda, init lasts until the module has been evaluated, so it waits here. */
function mainModule(entry: string): string {
  return [
    `import * as entry from './${entry}.ts';`,
    'export const { handler } = entry;',
    'await entry.ready;',
  ].join('\n');
}
