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
  const { devDependencies, optionalDependencies } = jsonIn(join(root, 'package.json'));
  const wanted = wantedMajor(optionalDependencies);
  if (Number(version.split('.')[0]) < wanted) {
    const found = `This is Node.js ${version}, and Node.js ${wanted} is needed. `;
    const binary = platform === 'win32' ? '.bin/node.cmd' : '.bin/node';
    if (has(binary)) {
      return `${found}npm ci has installed it: start the commands by npm (npm start, npm run <command>).`;
    }
    const name = `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
    return optionalDependencies[name] === undefined
      ? `${found}There is no package of it for ${platform} on ${arch}: install it from nodejs.org.`
      : `${found}npm ci installs it unless optional packages are left out: run npm ci again, without --omit=optional or --no-optional.`;
  }
  for (const name of Object.keys(devDependencies)) {
    if (!has(`${name}/package.json`)) {
      return 'Some packages are missing: run npm ci again, without --omit.';
    }
    const installed = jsonIn(join(root, 'node_modules', name, 'package.json')).version;
    if (installed !== devDependencies[name]) {
      return `The packages are not those of this version (${name} is ${installed}): run npm ci again.`;
    }
  }
  if (!has(`@esbuild/${platform}-${arch}`)) {
    return `esbuild has no program for ${platform} on ${arch} here: run npm ci again on this machine, without --omit=optional.`;
  }
  return undefined;
}

function jsonIn(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** Of the packages that bring Node.js, one for each platform; all of them are of one version. */
function wantedMajor(optionalDependencies) {
  const name = Object.keys(optionalDependencies).find((one) => one.startsWith('node-'));
  return Number(optionalDependencies[name].split('.')[0]);
}
