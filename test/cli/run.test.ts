import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Runs a command in a project of its own, with a Node.js that reports another version. */
function run(
  version: string,
  folders: readonly string[],
  main = `console.log('the command runs');`,
  environment: Readonly<Record<string, string>> = {},
) {
  const project = join(temporaryFolder(), 'project');
  for (const folder of ['cli', ...folders]) mkdirSync(join(project, folder), { recursive: true });
  for (const file of ['cli/run.mjs', 'package.json']) cpSync(join(ROOT, file), join(project, file));
  writeFileSync(join(project, 'cli/main.ts'), main);
  const nodePackage = folders.find((folder) => folder.includes('/node-'));
  if (nodePackage !== undefined) {
    writeFileSync(join(project, nodePackage, '../package.json'), '{}');
    symlinkSync(process.execPath, join(project, nodePackage, 'node'));
  }
  const versions = `{ value: { ...process.versions, node: '${version}' } }`;
  const code = `Object.defineProperty(process, 'versions', ${versions})`;
  const preload = `data:text/javascript,${encodeURIComponent(code)}`;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', preload, join(project, 'cli/run.mjs'), 'doctor'],
    { encoding: 'utf8', env: { ...process.env, ...environment } },
  );
  return { status, stdout, stderr };
}

const TOO_OLD = /^This is Node\.js [\d.]+; Node\.js 24 is needed\. npm ci .*npm start.*\n$/;

const NOT_INSTALLED = /^Run npm ci first: no packages are installed\.\n$/;
const NODE = `node-${process.platform}-${process.arch}`;

it.each<[version: string, folders: string[], status: number, stdout: string, stderr: RegExp]>([
  [process.versions.node, ['node_modules'], 0, 'the command runs\n', /^$/],
  ['20.1.0', ['node_modules'], 1, '', TOO_OLD],
  ['23.11.1', ['node_modules'], 1, '', TOO_OLD],
  [process.versions.node, [], 1, '', NOT_INSTALLED],
  // A workspace hoists its packages.
  [process.versions.node, ['../node_modules'], 0, 'the command runs\n', /^$/],
  // The packages bring a newer Node.js.
  ['20.1.0', [`../node_modules/${NODE}/bin`], 0, 'the command runs\n', /^$/],
])('on Node.js %s with %j ends with %i', (version, folders, status, stdout, stderr) => {
  const ended = run(version, folders);

  expect(ended).toMatchObject({ status, stdout });
  expect(ended.stderr).toMatch(stderr);
});

it.each([
  [{}, NOT_INSTALLED],
  [{ NODE_ENV: 'production' }, /^NODE_ENV is production, .* npm ci --include=dev\.\n$/],
])('with %j says how to install what is missing', (environment, told) => {
  const { status, stderr } = run(
    process.versions.node,
    ['node_modules'],
    `import 'a-package';`,
    environment,
  );

  expect(stderr).toMatch(told);
  expect(status).toBe(1);
});

it('keeps to what an old Node.js can read', () => {
  const source = readFileSync(join(ROOT, 'cli/run.mjs'), 'utf8');
  const code = source.replaceAll(/\/\*.*?\*\//gs, '').replaceAll(/`[^`]*`|'[^']*'/g, "''");
  expect(code).not.toMatch(/\?\.|\?\?|\|\|=|&&=|\bawait\b|#\w|\.at\(|replaceAll|hasOwn/);
  expect(source).not.toContain(`from 'node:`);
});
