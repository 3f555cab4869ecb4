import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMMAND_NAMES, runFront } from '../../cli/front.ts';
import { recordingTerminal } from '../support/recording-terminal.ts';

const PACKAGE = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { readonly scripts: Readonly<Record<string, string>> };

async function run(...args: string[]) {
  const terminal = recordingTerminal();
  const exitCode = await runFront(args, terminal);
  return { exitCode, output: terminal.output, error: terminal.error };
}

describe('every command', () => {
  it('is an npm script, and every such script a command', () => {
    const scripts = Object.entries(PACKAGE.scripts).filter(([, line]) => line.includes('run.mjs'));

    expect(Object.fromEntries(scripts)).toEqual(
      Object.fromEntries(COMMAND_NAMES.map((name) => [name, `node cli/run.mjs ${name}`])),
    );
  });

  it.each(COMMAND_NAMES)('explains itself in one form: %s', async (name) => {
    const { exitCode, output, error } = await run(name, '--help');

    expect(exitCode).toBe(0);
    expect(error).toBe('');
    expect(output).toMatch(
      name === 'start' ? /^Usage: npm start -- / : new RegExp(`^Usage: npm run ${name} -- `),
    );
    expect(output).toMatch(/^ {2}--stage <stage> .*\n[^]*^ {2}--help +prints this$/m);
    expect(Math.max(...output.split('\n').map((line) => line.length))).toBeLessThanOrEqual(104);
  });

  it.each(COMMAND_NAMES)(
    'refuses an unknown option, with the one that is meant: %s',
    async (name) => {
      const { exitCode, output, error } = await run(name, '--stagee', 'x');

      expect(exitCode).toBe(2);
      expect(output).toBe('');
      expect(error).toContain('--stagee is unknown. Did you mean --stage?');
      expect(error).toContain('-- --help tells how.');
    },
  );

  it.each(['deploy', 'diff', 'destroy', 'preflight'])(
    'does nothing without a stage where AWS is asked: %s',
    async (name) => {
      const { exitCode, error } = await run(name);

      expect(exitCode).toBe(2);
      expect(error).toContain(`Which stage? npm run ${name} -- --stage <stage>`);
    },
  );
});

describe('a command that is none', () => {
  it.each([
    ['deplyo', 'Did you mean deploy?'],
    ['', 'There are: start, workflow'],
    ['constructor', 'There are: start, workflow'],
  ])('is told: %j', async (name, told) => {
    const { exitCode, error } = await run(name);

    expect(exitCode).toBe(2);
    expect(error).toContain(told);
  });
});

describe('synth and diff', () => {
  it.each([
    [
      ['synth', '-c', 'stage=sandbox'],
      ['synth', '--context', 'stage=sandbox', '--quiet'],
    ],
    [
      ['synth', '--stage', 'sandbox', '-q'],
      ['synth', '--context', 'stage=sandbox', '-q'],
    ],
    [
      ['diff', '--stage', 'sandbox', '--fail'],
      ['diff', '--context', 'stage=sandbox', '--fail'],
    ],
  ])('%j calls the CDK on the stage', async ([name = '', ...args], call) => {
    const terminal = recordingTerminal({ cdkExitCode: 3 });

    expect(await runFront([name, ...args], terminal)).toBe(3);
    expect(terminal.cdkCalls).toEqual([call]);
  });

  it('do not get that far with a stage that is not there', async () => {
    const terminal = recordingTerminal();

    expect(await runFront(['synth', '--stage', 'nowhere'], terminal)).toBe(1);
    expect(terminal.error).toMatch(/^There is no config\/nowhere\.json/);
    expect(terminal.cdkCalls).toEqual([]);
  });
});
