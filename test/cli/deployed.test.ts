import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runFront } from '../../cli/front.ts';
import { type EmulatedAccount, startEmulatedAccount } from '../support/emulated-account/account.ts';
import { deployedAccount } from '../support/emulated-account/deployed.ts';
import type { AccountState } from '../support/emulated-account/state.ts';
import { recordingTerminal } from '../support/recording-terminal.ts';

const SECRET_ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:egain-abcdef';

let account: EmulatedAccount;
let state: AccountState;

beforeEach(async () => {
  state = deployedAccount();
  const status = 'CREATE_COMPLETE';
  state.stacks.push(
    {
      name: 'egain-accounts-sandbox-credentials',
      status,
      outputs: { PublishOutputRefSecret1A2B: SECRET_ARN },
    },
    {
      name: 'egain-accounts-sandbox',
      status,
      outputs: {
        PublishOutputRefApi3C4D: 'abc123',
        CredentialsSecretArn: SECRET_ARN,
        ApiUrl: 'https://abc123.execute-api.eu-central-1.amazonaws.com/v1',
      },
      descriptions: {
        ApiUrl: "The partners' API",
        CredentialsSecretArn: "Where eGain's client id and secret go",
      },
    },
    {
      name: 'egain-accounts-sandbox-observability',
      status,
      outputs: { AlarmTopicArn: 'arn:aws:sns:eu-central-1:111122223333:alarms' },
      descriptions: { AlarmTopicArn: 'Where alarms go; more may subscribe' },
    },
  );
  account = await startEmulatedAccount(state);
  for (const [name, value] of Object.entries(account.environment)) vi.stubEnv(name, value);
});
afterEach(() => account.close());

async function deploy(args: readonly string[] = [], onCdk?: () => void) {
  const recording = recordingTerminal({ environment: account.environment });
  const terminal = {
    ...recording,
    async runCdk() {
      onCdk?.();
      return 0;
    },
  };
  const exitCode = await runFront(['deploy', '--stage', 'sandbox', '--yes', ...args], terminal);
  const { output, error } = recording;
  return { exitCode, output, error, after: output.split('sandbox is deployed')[1] };
}

describe('after a deploy', () => {
  it('the outputs that people need are shown, with what they are, and what comes next', async () => {
    const { exitCode, output, after } = await deploy();

    expect(output).toContain(`
Stage sandbox is deployed:
  ApiUrl                https://abc123.execute-api.eu-central-1.amazonaws.com/v1
                        · The partners' API
  CredentialsSecretArn  ${SECRET_ARN}
                        · Where eGain's client id and secret go
  AlarmTopicArn         arn:aws:sns:eu-central-1:111122223333:alarms
                        · Where alarms go; more may subscribe
`);
    expect(after).not.toContain('PublishOutput');
    expect(after).toContain(`put-secret-value --secret-id ${SECRET_ARN} --secret-string file://`);
    expect(after).toMatch(/\n {2}npm run verify -- --stage sandbox\n$/);
    expect(exitCode).toBe(0);
  });

  it.each<[what: string, onCdk: () => void, told: RegExp]>([
    [
      'AWS does not tell',
      () => void (state.denied = 'DescribeStacks'),
      /outputs can't be read: AccessDenied\. .*cloudformation:DescribeStacks/,
    ],
    ['there are none', () => void (state.stacks = []), /outputs can't be read: there are none/],
  ])('%s, and the deploy has succeeded all the same', async (_what, onCdk, told) => {
    const { exitCode, error, after } = await deploy([], onCdk);

    expect(error).toMatch(told);
    expect(after).toContain('--secret-id <CredentialsSecretArn>');
    expect(after).toContain('npm run verify -- --stage sandbox');
    expect(exitCode).toBe(0);
  });

  it('they are read where the CDK was told to deploy', async () => {
    vi.stubEnv('AWS_REGION', '');
    vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');

    const { after } = await deploy(['--region=eu-west-3']);

    expect(after).toContain('ApiUrl');
  });

  it.each([[['--no-execute']], [['--method', 'prepare-change-set']], [['--execute=false']]])(
    'that has only been prepared nothing is claimed: %j',
    async (args) => {
      const { exitCode, output, after } = await deploy(args);

      expect(after).toBeUndefined();
      expect(output).toContain('Nothing is deployed yet');
      expect(exitCode).toBe(0);
    },
  );
});
