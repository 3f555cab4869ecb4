import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

let project: string;

beforeEach(() => {
  project = temporaryFolder();
  mkdirSync(join(project, 'cli'));
  for (const file of ['cli/guard.mjs', 'cli/run.mjs', 'package.json']) {
    cpSync(join(ROOT, file), join(project, file));
  }
  writeFileSync(join(project, 'cli/main.ts'), `console.log('the command runs');`);
});

/** Runs a command with a Node.js that reports another version. */
function run(version = process.versions.node) {
  const versions = `{ value: { ...process.versions, node: '${version}' } }`;
  const code = `Object.defineProperty(process, 'versions', ${versions})`;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      '--import',
      `data:text/javascript,${encodeURIComponent(code)}`,
      join(project, 'cli/run.mjs'),
      'doctor',
    ],
    { encoding: 'utf8' },
  );
  return { status, stdout, stderr };
}

describe('the guard', () => {
  it('lets this Node.js through', () => {
    mkdirSync(join(project, 'node_modules'));

    expect(run()).toMatchObject({ status: 0, stdout: 'the command runs\n' });
  });

  it.each(['18.20.4', '20.1.0', '23.11.1'])(
    'says in one line that Node.js %s is too old',
    (version) => {
      mkdirSync(join(project, 'node_modules'));

      const { status, stderr } = run(version);

      expect(status).toBe(1);
      expect(stderr).toMatch(
        /^This is Node\.js [\d.]+; Node\.js 24 is needed\. npm ci .*nodejs\.org.*npm start.*\n$/,
      );
      expect(stderr).toContain(version);
    },
  );

  it('says in one line that no packages are installed', () => {
    expect(run()).toMatchObject({
      status: 1,
      stderr: 'Run npm ci first: no packages are installed.\n',
    });
  });

  it('keeps to what an old Node.js can read', () => {
    for (const file of ['cli/guard.mjs', 'cli/run.mjs']) {
      const source = readFileSync(join(ROOT, file), 'utf8');
      const code = source.replaceAll(/\/\*.*?\*\//gs, '').replaceAll(/`[^`]*`|'[^']*'/g, "''");
      expect(code).not.toMatch(/\?\.|\?\?|\|\|=|&&=|\bawait\b|#\w|\.at\(|replaceAll|hasOwn/);
      expect(source).not.toContain(`from 'node:`);
    }
  });
});
