import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { PLAIN_STAGE } from '../support/stage.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the app with a config folder of its own, since deployers change the project's. */
function runApp(context: object) {
  const project = temporaryFolder();
  const others = readdirSync(PROJECT).filter((name) => name !== 'bin' && name !== 'config');
  for (const name of others) symlinkSync(join(PROJECT, name), join(project, name));
  cpSync(join(PROJECT, 'bin'), join(project, 'bin'), { recursive: true });
  mkdirSync(join(project, 'config'));
  writeFileSync(join(project, 'config/dev.json'), JSON.stringify(PLAIN_STAGE));
  const unmoved = ['--preserve-symlinks', '--preserve-symlinks-main'];
  return spawnSync(process.execPath, [...unmoved, join(project, 'bin/app.ts')], {
    encoding: 'utf8',
    env: {
      CDK_CONTEXT_JSON: JSON.stringify({ 'aws:cdk:bundling-stacks': [], ...context }),
      CDK_OUTDIR: join(project, 'cdk.out'),
    },
  });
}

describe('the CDK app', () => {
  it('makes stage dev when no stage is named, and says so', () => {
    const { status, stderr } = runApp({});

    expect(stderr).toBe('No stage is named, so this is dev. Name another by -c stage=<stage>.\n');
    expect(status).toBe(0);
  });

  it.each(['STAGE', 'satge'])('refuses -c %s=…, which would silently mean dev', (key) => {
    const { status, stderr } = runApp({ [key]: 'other' });

    expect(status).toBe(1);
    expect(stderr).toContain(`-c stage=<stage> names the stage, not "${key}".`);
  });

  it("reports a deployer's mistake in one line, without a stack trace", () => {
    const { status, stdout, stderr } = runApp({ stage: 'absent' });

    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^There is no config\/absent\.json\. .*\n$/);
  });
});
