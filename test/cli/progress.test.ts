import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

const PROGRESS = new URL('../../cli/progress.ts', import.meta.url).href;

/** What a process writes that holds its main thread for five seconds. */
function write(isTerminal: boolean): string {
  const code = `
    import { createProgress } from '${PROGRESS}';
    const { during } = createProgress(${isTerminal});
    await during('The CDK works', async () => {
      // Until the other thread runs.
      await new Promise((resolve) => setTimeout(resolve, 500));
      const until = Date.now() + 4500;
      while (Date.now() < until);
    });
    process.stdout.write('done');`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], {
    encoding: 'utf8',
  });
  return stdout;
}

it('tells in plain lines what is under way while the main thread is held', () => {
  expect(write(false)).toMatch(/^(?:- The CDK works, \d+ s\n){2,}done$/);
});

it('moves one line on a terminal, and clears it', () => {
  const text = write(true);

  expect(text).not.toContain('\n');
  expect(text.split('\r').length).toBeGreaterThan(5);
  expect(text.endsWith('\r\x1b[Kdone')).toBe(true);
});
