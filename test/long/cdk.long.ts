import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const folder = temporaryFolder();

/** `npm run <command> -- <args>` as typed in a shell that is signed in nowhere. */
function npmRun(command: string, ...args: readonly string[]) {
  const { PATH, TMPDIR } = process.env;
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', command, '--', ...args], {
    cwd: PROJECT,
    encoding: 'utf8',
    env: {
      PATH,
      TMPDIR,
      // Neither profiles nor npm settings of whoever runs this, and no asking of other machines.
      HOME: folder,
      AWS_EC2_METADATA_DISABLED: 'true',
      CDK_DISABLE_CLI_TELEMETRY: 'true',
    },
  });
  return { status, stdout, stderr, all: stdout + stderr };
}

const templatesIn = (output: string) =>
  readdirSync(output)
    .filter((name) => name.endsWith('.template.json'))
    .toSorted();

const stacksOf = (stage: string) =>
  ['-credentials', '-observability', '-workflow', ''].map(
    (suffix) => `egain-accounts-${stage}${suffix}.template.json`,
  );

/** What the CDK says of a synthesis that has nothing to complain of. */
const PLAIN = /^(?:Bundling asset |Successfully synthesized to |Supply a stack id )/;

describe('npm run synth', () => {
  it.each([
    ['dev', ['--stage', 'dev']],
    ['sandbox', ['-c', 'stage=sandbox']],
  ])('makes the templates of %s without a warning, where the CDK is told to', (stage, args) => {
    const output = join(folder, `synth-${stage}`);

    const { status, stdout, stderr } = npmRun('synth', ...args, '--output', output);

    expect(stderr.trimEnd().split('\n')).toSatisfy((lines: string[]) =>
      lines.every((line) => PLAIN.test(line)),
    );
    expect(stdout).toBe('');
    expect(templatesIn(output)).toEqual(stacksOf(stage));
    expect(status).toBe(0);
  });

  it.each([
    ['--outputt', '--outputt is unknown. Did you mean --output?'],
    ['--quiett', '--quiett is unknown. Did you mean --quiet?'],
    ['--no-validatoin', '--no-validatoin is unknown. Did you mean --no-validation?'],
  ])('refuses %s with what is meant', (option, told) => {
    const { status, stdout, stderr } = npmRun('synth', '--stage', 'dev', option);

    expect(stderr).toBe(`${told}\nnpm run synth -- --help tells how.\n`);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });
});

describe('npm run diff', () => {
  const assembly = join(folder, 'assembly');
  const stack = 'egain-accounts-dev-credentials';
  const ways = ['--app', assembly, '--fail', '--method=template', '--no-color'];
  const diff = (template: string) =>
    npmRun('diff', '--stage', 'dev', stack, ...ways, '--template', template);

  beforeAll(() => {
    npmRun('synth', '--stage=dev', `--output=${assembly}`);
  });

  it('compares with the template that the CDK is told to take', () => {
    const { status, all } = diff(join(assembly, `${stack}.template.json`));

    expect(all).toContain('There were no differences');
    expect(status).toBe(0);
  });

  it('ends with 1 on a difference where the CDK is told to', () => {
    const empty = join(folder, 'empty.json');
    writeFileSync(empty, '{"Resources":{}}');

    const { status, all } = diff(empty);

    expect(all).toContain('[+] AWS::SecretsManager::Secret');
    expect(status).toBe(1);
  });
});

describe('npm run deploy', () => {
  it('does nothing without a stage', () => {
    const { status, stdout, stderr } = npmRun('deploy');

    expect(stderr).toContain('Which stage? npm run deploy -- --stage <stage>');
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });

  it.each([
    [['--region', 'eu-central-1'], /^ +→ Sign in to AWS in this shell/m],
    [[], /^ +→ Name it: export AWS_REGION=<region>/m],
  ])('without credentials stops before the CDK, and says what to do: %j', (args, toDo) => {
    const output = join(folder, 'never');

    const asked = ['--stage', 'dev', '--yes', '--output', output];

    const { status, stdout, stderr } = npmRun('deploy', ...asked, ...args);

    expect(stdout).toMatch(/^✗ identity /m);
    expect(stdout).toMatch(toDo);
    expect(stderr).toBe('Stage dev is not ready to be deployed: mend what has a ✗.\n');
    expect(existsSync(output)).toBe(false);
    expect(status).toBe(1);
  });
});
