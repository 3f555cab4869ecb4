import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

import { temporaryFolder } from '../support/temporary-folder.ts';

const MAIN = fileURLToPath(new URL('../../cli/run.mjs', import.meta.url));
const started: ChildProcess[] = [];
const taken = createServer();
const temporary = temporaryFolder();

interface Run {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

function run(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  command = 'start',
): Run {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [MAIN, command, ...args], {
    env: { PATH, ...environment },
    detached: true,
  });
  started.push(child);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, output: () => output, ended };
}

async function waitFor({ output, ended }: Run, pattern: RegExp): Promise<void> {
  let over = false;
  void ended.then(() => (over = true));
  while (!pattern.test(output())) {
    if (over) throw new Error(`ended before it said ${String(pattern)}: ${output()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

afterAll(() => {
  taken.close();
});

describe('npm start', () => {
  it('shows two lines to paste, which work, and ends on Ctrl-C leaving nothing behind', async () => {
    const main = run(['--accounts', '7'], { PORT: '0', TMPDIR: temporary });
    await waitFor(main, /End with Ctrl-C/);
    const shown = /^TOKEN=[\s\S]*?^curl .*$/m.exec(main.output())?.[0] ?? '';
    const shell = spawn('sh', ['-c', shown]);
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      shell.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
      shell.on('close', () => resolve(text));
    });
    main.child.kill('SIGINT');

    expect(answer).toMatch(/^HTTP\/1\.1 200/);
    expect(answer).toContain('"count":7');
    expect(main.output()).toMatch(/status 200:\n\{\n {2}"paginationInfo"/);
    expect(await main.ended).toBe(0);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it.each(['start', 'workflow'])(
    'ends %s on Ctrl-C without a word while it still starts, also when esbuild ends by it',
    async (command) => {
      const main = run([], { PORT: '0', TMPDIR: temporary }, command);
      await waitFor(main, /Issuer of the partners/);
      await new Promise((resolve) => setTimeout(resolve, 500));
      // A terminal sends it to the whole group.
      process.kill(-(main.child.pid ?? Number.NaN), 'SIGINT');

      expect(await main.ended).toBe(130);
      expect(main.output()).not.toMatch(/^ +at |esbuild|Error/m);
      expect(readdirSync(temporary)).toEqual([]);
    },
  );

  it('ends when the shell that started it is gone, as when npm is told to end', async () => {
    const script = `"${process.execPath}" "${MAIN}" start --accounts 7; true`;
    const { PATH = '' } = process.env;
    const environment = { PATH, PORT: '0', TMPDIR: temporary };
    const shell = spawn('sh', ['-c', script], { env: environment });
    let output = '';
    shell.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes('End with Ctrl-C')) shell.kill('SIGTERM');
    });

    // Its output is open for as long as the sandbox runs.
    await once(shell, 'close');

    expect(output).toContain('End with Ctrl-C');
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('says so when its port is taken', async () => {
    taken.listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const port = String((taken.address() as AddressInfo).port);

    const main = run([], { PORT: port });

    expect(await main.ended).toBe(1);
    expect(main.output()).toContain(`Port ${port} is taken`);
  });
});
