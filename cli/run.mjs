/*
 * What `npm start` and `npm run <command>` start: `node cli/run.mjs <command> [options]`, where this
 * Node.js is new enough; otherwise by the Node.js that the packages bring. Any Node.js may read this
 * file, so it keeps to what Node.js 12 knows: no optional chaining, no `node:` imports.
 */
import { spawn } from 'child_process';
import { existsSync, readFileSync } from 'fs';
import { createRequire } from 'module';
import { dirname, join } from 'path';
import { fileURLToPath } from 'url';

const INSTALL = 'Run npm ci first: no packages are installed.';
const root = fileURLToPath(new URL('..', import.meta.url));
const wanted = wantedVersion();
const version = process.versions.node;
const own = ownNode();

if (!hasPackages(root)) fail(INSTALL);
else if (Number(version.split('.')[0]) >= wanted) import('./main.ts').catch(explain);
else if (own !== undefined) runBy(own);
else
  fail(
    `This is Node.js ${version}; Node.js ${wanted} is needed. npm ci installs it on Linux and ` +
      'Windows (without --omit=optional); elsewhere get it from nodejs.org. Start commands through ' +
      'npm: npm start, npm run <command>.',
  );

/** @param {string} problem */
function fail(problem) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}

/** A workspace may have them in a folder above. @param {string} folder @returns {boolean} */
function hasPackages(folder) {
  if (existsSync(join(folder, 'node_modules'))) return true;
  const above = dirname(folder);
  return above !== folder && hasPackages(above);
}

/** One package for each platform brings Node.js; all of them have one version. */
function wantedVersion() {
  const { optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const name = Object.keys(optionalDependencies).find((one) => one.startsWith('node-'));
  return Number(optionalDependencies[name].split('.')[0]);
}

/** The Node.js among the packages, wherever they are; undefined where there is none. */
function ownNode() {
  const isWindows = process.platform === 'win32';
  const name = `node-${isWindows ? 'win' : process.platform}-${process.arch}`;
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
    const path = join(dirname(manifest), 'bin', isWindows ? 'node.exe' : 'node');
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} node */
function runBy(node) {
  // Ctrl-C reaches both; this process waits for the other's end.
  process.on('SIGINT', () => undefined);
  spawn(node, process.argv.slice(1), { stdio: 'inherit' }).on('close', (code) => {
    process.exitCode = code === null ? 130 : code;
  });
}

/** @param {NodeJS.ErrnoException} error */
function explain(error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND' || !error.message.startsWith('Cannot find package')) {
    throw error;
  }
  fail(
    process.env.NODE_ENV === 'production'
      ? 'NODE_ENV is production, with which npm ci leaves out what the commands need. Run npm ci ' +
          '--include=dev.'
      : INSTALL,
  );
}
