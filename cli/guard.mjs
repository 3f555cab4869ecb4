/*
 * Checks whether this Node.js is new enough. Any Node.js may read this file, so it keeps to what
 * Node.js 12 knows: no optional chaining, no `node:` imports.
 */
import { existsSync, readFileSync } from 'fs';
import { join } from 'path';

/**
 * What keeps the project's commands from running, or undefined.
 *
 * @param {string} root the project's folder
 * @param {string} version of the Node.js that runs, as `process.versions.node`
 * @returns {string | undefined}
 */
export function problemOf(root, version) {
  const { optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  // One package for each platform brings Node.js; all of them have one version.
  const name = Object.keys(optionalDependencies).find((one) => one.startsWith('node-'));
  const wanted = Number(optionalDependencies[name].split('.')[0]);
  if (!existsSync(join(root, 'node_modules')))
    return 'Run npm ci first: no packages are installed.';
  if (Number(version.split('.')[0]) >= wanted) return undefined;
  return (
    `This is Node.js ${version}; Node.js ${wanted} is needed. npm ci installs it on Linux and ` +
    'Windows (without --omit=optional); elsewhere get it from nodejs.org. Start commands through ' +
    'npm: npm start, npm run <command>.'
  );
}
