/**
 * `npm pack` runs this first. It builds the package for authors of workflows into `dist/`: its types,
 * and one file of CommonJS, which apps of both module systems and old versions of Node.js can load.
 * `package.json` gets its packed form; `restore.ts` undoes that.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { packManifest } from './manifest.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ENTRY = join(ROOT, 'lib/workflow/index.ts');
const DIST = join(ROOT, 'dist');

rmSync(DIST, { recursive: true, force: true });
buildSync({
  entryPoints: [ENTRY],
  outfile: join(DIST, 'workflow.js'),
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node18',
  packages: 'external',
  logLevel: 'error',
});
writeTypes(join(DIST, 'types'));
// The repository's own package.json says `module`.
writeFileSync(join(DIST, 'package.json'), '{ "type": "commonjs" }\n');
packManifest();

function writeTypes(outDir: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'workflow-types-'));
  try {
    const config = join(folder, 'tsconfig.json');
    const compilerOptions = {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: ROOT,
      outDir,
      typeRoots: [join(ROOT, 'node_modules/@types')],
    };
    const settings = { extends: join(ROOT, 'tsconfig.json'), compilerOptions, include: [] };
    writeFileSync(config, JSON.stringify({ ...settings, files: [ENTRY] }));
    const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));
    execFileSync(process.execPath, [join(typescript, 'bin/tsc'), '-p', config], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    nameCompiledFiles(outDir);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Names `./x.js` in the types: an app compiles `./x.ts` only if its own settings allow that. */
function nameCompiledFiles(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!entry.endsWith('.d.ts')) continue;
    const file = join(folder, entry);
    const types = readFileSync(file, 'utf8');
    writeFileSync(file, types.replaceAll(/(from '\.[^']*)\.ts'/g, "$1.js'"));
  }
}
