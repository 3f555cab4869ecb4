/*
 * What `npm start` and `npm run <command>` start: `node cli/run.mjs <command> [options]`, where this
 * Node.js is new enough. Any Node.js may read this file, so it keeps to what Node.js 12 knows: no
 * optional chaining, no `node:` imports.
 */
import { existsSync, readFileSync } from 'fs';
import { join } from 'path';
import { fileURLToPath } from 'url';

const problem = findProblem(fileURLToPath(new URL('..', import.meta.url)));
if (problem === undefined) void import('./main.ts');
else {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}

/**
 * What keeps the commands of the project in this folder from running, or undefined.
 *
 * @param {string} root
 * @returns {string | undefined}
 */
function findProblem(root) {
  if (!existsSync(join(root, 'node_modules')))
    return 'Run npm ci first: no packages are installed.';
  const { optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  // One package for each platform brings Node.js; all of them have one version.
  const name = Object.keys(optionalDependencies).find((one) => one.startsWith('node-'));
  const wanted = Number(optionalDependencies[name].split('.')[0]);
  const version = process.versions.node;
  if (Number(version.split('.')[0]) >= wanted) return undefined;
  return (
    `This is Node.js ${version}; Node.js ${wanted} is needed. npm ci installs it on Linux and ` +
    'Windows (without --omit=optional); elsewhere get it from nodejs.org. Start commands through ' +
    'npm: npm start, npm run <command>.'
  );
}
