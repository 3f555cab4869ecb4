import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runFront } from '../../cli/front.ts';
import { type EmulatedAccount, startEmulatedAccount } from '../support/emulated-account/account.ts';
import { deployedAccount } from '../support/emulated-account/deployed.ts';
import type { AccountState } from '../support/emulated-account/state.ts';
import { recordingTerminal } from '../support/recording-terminal.ts';

let account: EmulatedAccount;
let state: AccountState;

beforeEach(async () => {
  state = deployedAccount();
  account = await startEmulatedAccount(state);
  for (const [name, value] of Object.entries(account.environment)) vi.stubEnv(name, value);
});
afterEach(() => account.close());

async function destroy(...args: string[]) {
  const terminal = recordingTerminal({ environment: account.environment });
  const exitCode = await runFront(['destroy', '--stage', 'sandbox', ...args], terminal);
  return { exitCode, error: terminal.error, cdkCalls: terminal.cdkCalls };
}

function deployed(name: string, isProtected: boolean): void {
  state.stacks.push({ name, status: 'CREATE_COMPLETE', outputs: {}, isProtected });
}

describe('a stage with a stack that is protected from termination', () => {
  beforeEach(() => {
    deployed('egain-accounts-sandbox-credentials', true);
    deployed('egain-accounts-sandbox', false);
    deployed('egain-accounts-sandbox-observability', false);
  });

  it.each([
    [[]],
    [['--all', '--force']],
    [['--region=eu-west-3']],
    [['egain-accounts-sandbox*']],
    [['egain-accounts-sandbox-credentials']],
  ])('is left whole: %j', async (args) => {
    const { exitCode, error, cdkCalls } = await destroy(...args);

    expect(error).toMatch(/^egain-accounts-sandbox-credentials is protected from termination/);
    expect(error).toContain(
      '  aws cloudformation update-termination-protection --no-enable-termination-protection ' +
        '--stack-name egain-accounts-sandbox-credentials\nThen the same command again.',
    );
    expect(cdkCalls).toEqual([]);
    expect(exitCode).toBe(1);
  });

  it('can lose another stack', async () => {
    const { exitCode, cdkCalls } = await destroy('egain-accounts-sandbox-observability');

    expect(cdkCalls).toHaveLength(1);
    expect(exitCode).toBe(0);
  });
});

describe('a stage without', () => {
  it('is destroyed', async () => {
    deployed('egain-accounts-sandbox', false);

    const call = ['destroy', '--context', 'stage=sandbox'];

    expect((await destroy()).cdkCalls).toEqual([[...call, '--all']]);
    expect((await destroy('one-stack', '-f')).cdkCalls).toEqual([[...call, 'one-stack', '-f']]);
  });

  it('is for the CDK where AWS does not tell', async () => {
    deployed('egain-accounts-sandbox', true);
    state.denied = 'DescribeStacks';

    const { cdkCalls } = await destroy();

    expect(cdkCalls).toHaveLength(1);
  });
});
