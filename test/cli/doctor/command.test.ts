import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Sandbox } from '../../../sandbox/sandbox.ts';
import { runCommand } from '../../support/recording-terminal.ts';
import { sharedSandbox } from '../../support/shared-sandbox.ts';
import { PLAIN_STAGE } from '../../support/stage.ts';
import { stageFolder } from '../../support/stage-folder.ts';

const ROOT = new URL('../../../', import.meta.url).pathname;
const CHECKS = ['config', 'urls', 'credentials', 'token', 'scope', 'page', 'walk', 'partners'];

describe('the command', () => {
  it('names every fault of a stage config, and runs nothing else', async () => {
    const { exitCode, output } = await runCommand(['doctor', '--stage', 'nowhere']);

    expect(exitCode).toBe(1);
    expect(output).toMatch(/^✗ stage config +There is no config\/nowhere\.json/);
    expect(output.match(/^– .*not run/gm)).toHaveLength(7);
    expect(output).toMatch(/Stage nowhere is not ready: stage config \(config-invalid\)\.\n$/);
  });

  it('checks the stage dev when none is named', async () => {
    const { output } = await runCommand(['doctor']);

    expect(output).toContain("egain.tokenUrl is still the example's");
  });

  it('says that nobody can call a stage without partners', async () => {
    const configFolder = stageFolder({ ...PLAIN_STAGE, partners: {} });

    const { output } = await runCommand(['doctor', '--stage', 'test'], { configFolder });

    expect(output).toContain('there are no partners yet: nobody can call the API');
  });

  it('prints one JSON document as a process, and ends with 1 when a check fails', async () => {
    const command = ['cli/run.mjs', 'doctor', '--stage', 'nowhere', '--json'];
    const ended = promisify(execFile)(process.execPath, command, { cwd: ROOT });

    const { code, stdout, stderr } = (await ended.catch((error: unknown) => error)) as {
      readonly code: number;
      readonly stdout: string;
      readonly stderr: string;
    };

    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      stage: 'nowhere',
      ok: false,
      checks: CHECKS.map((name) =>
        name === 'config'
          ? { name, state: 'failed', cause: 'config-invalid' }
          : { name, state: 'not-run', notes: [] },
      ),
    });
  });
});

describe('the doctor, while a sandbox runs', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await sharedSandbox();
  });

  async function examine(port = new URL(sandbox.url).port) {
    const tokensAt = new Map<string, number>();
    const { exitCode, output, error } = await runCommand(['doctor', '--stage', 'sandbox'], {
      environment: { PORT: port },
      onPrint: (text) => {
        const name = /^[✓✗–] (\w+)/.exec(text)?.[1];
        if (name !== undefined) tokensAt.set(name, sandbox.egain?.calls.token ?? 0);
      },
    });
    expect(output + error).not.toContain(sandbox.egain?.credentials.clientSecret);
    return { exitCode, output, tokensAt };
  }

  it('examines its eGain, says what its partners would see, and prints each check as it ends', async () => {
    const before = sandbox.egain?.calls.token ?? 0;

    const { exitCode, output, tokensAt } = await examine();

    expect(output).toMatch(/^✓ credentials +the sandbox tells/m);
    expect(output).toMatch(/^✓ page walk +120 accounts on 5 pages/m);
    expect(output).toMatch(/^✓ partners +acme: 120 of 120, [^]*chat-desk: \d+ of 120/m);
    expect(output).toMatch(/Stage sandbox is ready\.\n$/);
    expect(exitCode).toBe(0);
    expect(tokensAt.get('credentials')).toBe(before);
    expect(tokensAt.get('token')).toBe(before + 1);
  });

  it('names a fault that was set, and says what to do in a line below', async () => {
    sandbox.egain?.setMode({ fault: 'forbidden' });

    const { exitCode, output } = await examine();

    sandbox.egain?.setMode({});
    expect(exitCode).toBe(1);
    expect(output).toMatch(/^✗ scope .*403 \(403-197\)/m);
    expect(output).toMatch(/^ +→ .*app\.conversation\.conversationmgr\.read/m);
    expect(output).toMatch(/Stage sandbox is not ready: scope \(scope-missing\)\.\n$/);
  });

  it('says how to start one where none runs', async () => {
    const { exitCode, output } = await examine('1');

    expect(exitCode).toBe(1);
    expect(output).toMatch(/^✗ stage config +no sandbox [^]*http:\/\/127\.0\.0\.1:1\/_sandbox/m);
    expect(output).toContain('npm start');
  });
});
