import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../../cli/front.ts';
import { createDoctor } from '../../doctor/command.ts';
import { recordingTerminal } from '../support/recording-terminal.ts';
import { PLAIN_STAGE } from '../support/stage.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MAIN = new URL('../../cli/run.mjs', import.meta.url).pathname;
const ROOT = new URL('../../', import.meta.url).pathname;

async function run(...args: string[]) {
  const terminal = recordingTerminal();
  const exitCode = await runCommand(createDoctor(), args, terminal);
  return { exitCode, output: terminal.output, error: terminal.error };
}

/** The command as a process of its own. */
async function runProcess(...args: string[]) {
  const ended = promisify(execFile)(process.execPath, [MAIN, 'doctor', ...args], { cwd: ROOT });
  return ended.then(
    ({ stdout, stderr }) => ({ exitCode: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      exitCode: error.code,
      stdout: error.stdout,
      stderr: error.stderr,
    }),
  );
}

describe('the command', () => {
  it('explains itself', async () => {
    const { exitCode, output } = await run('--help');

    expect(exitCode).toBe(0);
    expect(output).toMatch(/--stage.*--secret-arn.*--json.*Exit code: 0/s);
  });

  it.each([
    [['--stag', 'canary'], '--stag is unknown. Did you mean --stage?'],
    [['--stag=canary'], '--stag is unknown. Did you mean --stage?'],
    [['--canary9'], 'One option is unknown.'],
    [['canary'], 'takes options only'],
    [['--stage'], '--stage lacks its value'],
    [['--stage', '--json'], '--stage lacks its value'],
    [['--json=canary'], '--json stands alone'],
    [['--stage', ''], '--stage needs a name'],
    [['--secret-arn', 'canary'], '--secret-arn needs the ARN'],
    [['--secret-arn', 'arn:aws:iam::111122223333:user/canary'], '--secret-arn needs the ARN'],
  ])(
    'takes %j for wrong usage: code 2, told without repeating what was typed',
    async (args, told) => {
      const result = await run(...args);

      expect(result.exitCode).toBe(2);
      expect(result.output).toBe('');
      expect(result.error.split('\n')[0]).toContain(told);
      expect(result.error).not.toContain('canary');
    },
  );

  it('names every fault of a stage config, and runs nothing else', async () => {
    const { exitCode, output } = await run('--stage', 'nowhere');

    expect(exitCode).toBe(1);
    expect(output).toMatch(/^✗ stage config +There is no config\/nowhere\.json/);
    expect(output.match(/^– .*not run/gm)).toHaveLength(7);
  });

  it('checks the stage dev when none is named, and says that it is not filled in yet', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'dev.json'), JSON.stringify(PLAIN_STAGE));
    const terminal = recordingTerminal();

    const exitCode = await runCommand(
      createDoctor({ configFolder: pathToFileURL(`${folder}/`) }),
      [],
      terminal,
    );
    const { output } = terminal;

    expect(exitCode).toBe(1);
    expect(output).toContain("egain.tokenUrl is still the example's");
  });
});

describe('as a process', () => {
  it('prints one JSON document and ends with 1 when a check fails', async () => {
    const { exitCode, stdout, stderr } = await runProcess('--stage', 'nowhere', '--json');

    expect(exitCode).toBe(1);
    expect(stderr).toBe('');
    const report = JSON.parse(stdout) as unknown;
    expect(report).toMatchObject({
      stage: 'nowhere',
      ok: false,
      checks: [
        { name: 'config', state: 'failed', cause: 'config-invalid' },
        ...['urls', 'credentials', 'token', 'scope', 'page', 'walk', 'partners'].map((name) => ({
          name,
          state: 'not-run',
          notes: [],
        })),
      ],
    });
  });

  it('ends with 2 for wrong usage, told on standard error', async () => {
    const { exitCode, stdout, stderr } = await runProcess('--nonsense');

    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toBe('--nonsense is unknown.\nnpm run doctor -- --help tells how.\n');
  });
});
