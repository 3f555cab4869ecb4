import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';

const APP = fileURLToPath(new URL('../../bin/app.ts', import.meta.url));

function runApp(context: object) {
  return spawnSync(process.execPath, [APP], {
    encoding: 'utf8',
    env: {
      CDK_CONTEXT_JSON: JSON.stringify({ 'aws:cdk:bundling-stacks': [], ...context }),
      CDK_OUTDIR: temporaryFolder(),
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
