import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ENTRY = join(ROOT, 'lib/workflow/index.ts');

/**
 * Builds the package for authors of workflows: its types, and one file of CommonJS, which apps of both
 * module systems and old versions of Node.js can load.
 *
 * @param outdir where `package.json`, `workflow.js` and the types go
 */
export function buildWorkflowPackage(outdir: string): void {
  rmSync(outdir, { recursive: true, force: true });
  buildSync({
    entryPoints: [ENTRY],
    outfile: join(outdir, 'workflow.js'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node18',
    packages: 'external',
    logLevel: 'error',
  });
  writeTypes(join(outdir, 'types'));
  // The repository's own package.json says `module`.
  writeFileSync(join(outdir, 'package.json'), '{ "type": "commonjs" }\n');
}

function writeTypes(outdir: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'workflow-types-'));
  try {
    const config = join(folder, 'tsconfig.json');
    writeFileSync(
      config,
      JSON.stringify({
        extends: join(ROOT, 'tsconfig.json'),
        compilerOptions: {
          noEmit: false,
          declaration: true,
          emitDeclarationOnly: true,
          rootDir: ROOT,
          outDir: outdir,
          typeRoots: [join(ROOT, 'node_modules/@types')],
        },
        include: [],
        files: [ENTRY],
      }),
    );
    const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));
    execFileSync(process.execPath, [join(typescript, 'bin/tsc'), '-p', config], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    nameCompiledFiles(outdir);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Names `./x.js` in the types: an app must allow `./x.ts` in its own settings before it compiles. */
function nameCompiledFiles(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!entry.endsWith('.d.ts')) continue;
    const file = join(folder, entry);
    const types = readFileSync(file, 'utf8');
    writeFileSync(file, types.replaceAll(/(from '\.[^']*)\.ts'/g, "$1.js'"));
  }
}

// `npm pack` runs this file first.
if (import.meta.main) buildWorkflowPackage(join(ROOT, 'dist'));
