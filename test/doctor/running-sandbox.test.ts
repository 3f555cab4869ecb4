import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../cli/front.ts';
import { createDoctor } from '../../doctor/command.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { recordingTerminal } from '../support/recording-terminal.ts';

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ egain: { accounts: 60 } });
});
afterAll(() => sandbox.stop());

async function examine(port = new URL(sandbox.url).port) {
  const tokensAt = new Map<string, number>();
  const terminal = recordingTerminal({
    environment: { PORT: port },
    onPrint: (text) => {
      const name = /^[✓✗–] (\w+)/.exec(text)?.[1];
      if (name !== undefined) tokensAt.set(name, sandbox.egain?.calls.token ?? 0);
    },
  });
  const exitCode = await runCommand(createDoctor(), ['--stage', 'sandbox'], terminal);
  const { output, error } = terminal;
  expect(output + error).not.toContain(sandbox.egain?.credentials.clientSecret);
  return { exitCode, output, tokensAt };
}

describe('the doctor, while a sandbox runs', () => {
  it('examines the very eGain of it, and tells what its partners would see', async () => {
    const { exitCode, output } = await examine();

    expect(exitCode).toBe(0);
    expect(output).toMatch(/^✓ credentials +the sandbox has told/m);
    expect(output).toMatch(/^✓ page walk +60 accounts on 3 pages/m);
    expect(output).toMatch(/^✓ partners +acme: 60 of 60, [^]*chat-desk: \d+ of 60/m);
    expect(output).toMatch(/Stage sandbox is ready\.\n$/);
  });

  it('prints each line as its check ends', async () => {
    const before = sandbox.egain?.calls.token ?? 0;

    const { tokensAt } = await examine();

    expect(tokensAt.get('credentials')).toBe(before);
    expect(tokensAt.get('token')).toBe(before + 1);
  });

  it('names a fault that was set', async () => {
    sandbox.egain?.setMode({ fault: 'forbidden' });

    const { exitCode, output } = await examine();

    sandbox.egain?.setMode({});
    expect(exitCode).toBe(1);
    expect(output).toMatch(/Stage sandbox is not ready: scope \(scope-missing\)\.\n$/);
  });

  it('knows the client also after its secret was rotated', async () => {
    sandbox.egain?.rotateSecret();

    expect((await examine()).exitCode).toBe(0);
  });
});

describe('the doctor, while none runs', () => {
  it('says how to start one', async () => {
    const { exitCode, output } = await examine('1');

    expect(exitCode).toBe(1);
    expect(output).toMatch(/^✗ stage config +no sandbox [^]*http:\/\/127\.0\.0\.1:1\/_sandbox/m);
    expect(output).toContain('npm start');
  });
});
