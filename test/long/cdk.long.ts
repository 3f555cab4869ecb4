import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startEmulatedAccount } from '../support/emulated-account/account.ts';
import { deployedAccount } from '../support/emulated-account/deployed.ts';
import { runProject } from '../support/run-project.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const folder = temporaryFolder();

const deploy = (args: readonly string[], environment: object = {}) =>
  runProject(['npm', 'run', '--silent', 'deploy', '--', ...args], environment);

describe('npm run deploy', () => {
  it('without credentials stops before the CDK, and says what to do', async () => {
    const output = join(folder, 'never');

    const { status, stdout, stderr } = await deploy(['--stage=dev', '--yes', '--output', output]);

    expect(stdout).toBe('');
    expect(stderr).toMatch(/^No region is set: export AWS_REGION=<region>[^\n]*\n$/);
    expect(existsSync(output)).toBe(false);
    expect(status).toBe(1);
  });

  it('deploys the stacks, producers first, and ends with the outputs for people', async () => {
    const account = await startEmulatedAccount(deployedAccount());
    onTestFinished(account.close);
    const options = ['--stage', 'sandbox', '--yes', '--output', join(folder, 'deployed')];

    const { status, all, stdout } = await deploy(options, account.environment);
    const statuses = account.state.stacks
      .filter(({ name }) => name.startsWith('egain-accounts-sandbox'))
      .map(({ name, status: ended }) => `${name} ${ended}`);

    expect(all).toMatch(/^egain-accounts-sandbox\.PublishOutput\w+ = /m);
    expect(statuses).toEqual([
      'egain-accounts-sandbox-credentials CREATE_COMPLETE',
      'egain-accounts-sandbox CREATE_COMPLETE',
      'egain-accounts-sandbox-workflow CREATE_COMPLETE',
      'egain-accounts-sandbox-observability CREATE_COMPLETE',
    ]);
    const [, after = ''] = stdout.split('Stage sandbox is deployed:\n');
    const shown = [...after.matchAll(/^ {2}(\w+) +\S+\n {10,}· .*$/gm)].map(([, name]) => name);
    expect(shown.join(' ')).toBe(
      'ApiUrl CredentialsSecretArn ExportAccountsArn ExportBucketName ExportKeyArn ' +
        'TaskFunctionArn AlarmTopicArn',
    );
    expect(after).not.toContain('PublishOutput');
    expect(after).toMatch(/npm run verify -- --stage sandbox\n$/);
    expect(status).toBe(0);
  });
});
