/*
 * Says in one sentence why nothing can run here. It is read by whatever Node.js the machine has, so
 * it keeps to what Node.js 12 knows: no optional chaining, no `node:` imports.
 */
import { existsSync, readFileSync } from 'fs';
import { join } from 'path';

/**
 * What keeps the project's commands from running, or undefined.
 *
 * @param {string} root the project's folder
 * @param {string} version of the Node.js that runs, as `process.versions.node`
 * @param {string} platform as `process.platform`
 * @param {string} arch as `process.arch`
 * @returns {string | undefined}
 */
export function problemOf(root, version, platform, arch) {
  const has = (path) => existsSync(join(root, 'node_modules', path));
  if (!has('')) return 'The packages are not installed yet: run npm ci first.';
  const wanted = wantedMajor(root);
  if (Number(version.split('.')[0]) < wanted) {
    const found = `This is Node.js ${version}, and Node.js ${wanted} is needed. `;
    const binary = platform === 'win32' ? '.bin/node.cmd' : '.bin/node';
    return has(binary)
      ? `${found}npm ci has installed it: start the commands by npm (npm start, npm run <command>).`
      : `${found}npm ci installs it unless it is told to leave out scripts: run npm ci again, without --ignore-scripts and without ignore-scripts in .npmrc.`;
  }
  if (!has('aws-cdk-lib') || !has('aws-cdk')) {
    return 'Some packages are missing: run npm ci again, without --omit.';
  }
  if (!has(`@esbuild/${platform}-${arch}`)) {
    return `esbuild has no program for ${platform} on ${arch} here: run npm ci again on this machine, without --omit=optional.`;
  }
  return undefined;
}

function wantedMajor(root) {
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return Number(String(devDependencies.node).split('.')[0]);
}
