import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const APP = fileURLToPath(new URL('../../bin/app.ts', import.meta.url));

function runApp(context: object) {
  return spawnSync(process.execPath, [APP], {
    encoding: 'utf8',
    env: { CDK_CONTEXT_JSON: JSON.stringify(context) },
  });
}

describe('the CDK app', () => {
  it('makes the stage dev when no stage is named', () => {
    const { status, stderr } = runApp({ 'aws:cdk:bundling-stacks': [] });

    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it("tells a deployer's slip plainly, without a stack trace", () => {
    const { status, stdout, stderr } = runApp({ stage: 'absent' });

    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^There is no config\/absent\.json\. .*\n$/);
  });
});
