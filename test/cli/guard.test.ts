import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ESBUILD = `@esbuild/${process.platform}-${process.arch}`;
/** Has a process tell another version, and another platform: all that the guard asks Node.js for. */
function asIf({ version, platform = process.platform }: { version: string; platform?: string }) {
  const versions = `{ value: { ...process.versions, node: '${version}' } }`;
  const code = `Object.defineProperty(process, 'versions', ${versions});
    Object.defineProperty(process, 'platform', { value: '${platform}' });`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

let project: string;

beforeEach(() => {
  project = temporaryFolder();
  mkdirSync(join(project, 'cli'));
  for (const file of ['cli/guard.mjs', 'cli/run.mjs', 'package.json']) {
    cpSync(join(ROOT, file), join(project, file));
  }
  writeFileSync(join(project, 'cli/main.ts'), `console.log('the command runs');`);
});

const { devDependencies: WANTED } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
) as { readonly devDependencies: Readonly<Record<string, string>> };

/** Installs what is named, in the version that the project wants where it wants one. */
function install(...packages: string[]): void {
  for (const name of packages) installVersion(name, WANTED[name]);
}

function installVersion(name: string, version: string | undefined): void {
  const folder = join(project, 'node_modules', name);
  mkdirSync(folder, { recursive: true });
  if (version !== undefined) {
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version }));
  }
}

const ALL = Object.keys(WANTED);

function run(...nodeOptions: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...nodeOptions, join(project, 'cli/run.mjs'), 'doctor'],
    { encoding: 'utf8' },
  );
  return { status, stdout, lines: stderr.trimEnd().split('\n') };
}

const runOld = () => run('--import', asIf({ version: '18.20.4' }));

describe('the guard', () => {
  it('lets a whole install through', () => {
    install(...ALL, ESBUILD);

    expect(run()).toMatchObject({ status: 0, stdout: 'the command runs\n' });
  });

  it('says in one line that nothing is installed', () => {
    const { status, lines } = run();

    expect(status).toBe(1);
    expect(lines).toEqual(['The packages are not installed yet: run npm ci first.']);
    expect(runOld().lines).toEqual(lines);
  });

  it('says in one line that an install has left out Node.js', () => {
    install('aws-cdk', 'aws-cdk-lib', ESBUILD, '.bin');
    symlinkSync('../node/bin/node', join(project, 'node_modules/.bin/node'));

    const { status, lines } = runOld();

    expect(status).toBe(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^This is Node\.js 18\.20\.4, and Node\.js 24 is needed\. .*--omit=optional/,
    );
  });

  it('says in one line where to get Node.js on a platform that has no package of it', () => {
    install('aws-cdk', 'aws-cdk-lib', '@esbuild/plan9-mips');

    const { status, lines } = run('--import', asIf({ platform: 'darwin', version: '20.1.0' }));

    expect(status).toBe(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('install it from nodejs.org');
  });

  it('says in one line that an old Node.js is taken though the right one is there', () => {
    install('aws-cdk', 'aws-cdk-lib', ESBUILD, '.bin/node');

    const { status, lines } = runOld();

    expect(status).toBe(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('start the commands by npm');
  });

  it.each([
    ['a package', [...ALL.filter((name) => name !== 'lru-cache'), ESBUILD], 'without --omit.'],
    ['esbuild of this platform', [...ALL, '@esbuild/plan9-mips'], 'without --omit=optional'],
  ])('says in one line that %s is missing', (_what, packages, told) => {
    install(...packages);

    const { status, lines } = run();

    expect(status).toBe(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(told);
  });

  it('says in one line that the install is of before an upgrade', () => {
    install(...ALL, ESBUILD);
    installVersion('zod', '1.0.0');

    const { status, lines } = run();

    expect(status).toBe(1);
    expect(lines).toEqual([
      'The packages are not those of this version (zod is 1.0.0): run npm ci again.',
    ]);
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
