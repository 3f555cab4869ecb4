import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { RELEASE_ALARMS } from '../../lib/stage/stage-name.ts';
import { listen } from '../../sandbox/local-server.ts';
import { useDeployedAccount } from '../support/emulated-account/deployed.ts';
import { type RunOptions, runCommand } from '../support/recording-terminal.ts';

const SECRET_ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:egain-abcdef';

const account = useDeployedAccount();

beforeEach(() => {
  const status = 'CREATE_COMPLETE';
  account.state.stacks.push(
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
});

async function deploy(args: readonly string[] = [], options: RunOptions = {}) {
  const { environment } = account;
  const line = ['deploy', '--stage', 'sandbox', ...args];
  const run = await runCommand(line, { environment, ...options });
  return { ...run, after: run.output.split('sandbox is deployed')[1] };
}

const TRIGGERS = '--rollback-trigger-alarm-arns';
const NEW_STAGE_CALL = ['deploy', '--all', '--context', 'stage=sandbox'];
const CALL = [...NEW_STAGE_CALL, TRIGGERS, 'none'];
const APPROVED = ['--require-approval', 'never', '--yes'];

describe('npm run deploy', () => {
  it('runs preflight, and asks before it deploys', async () => {
    const agreed = await deploy([], { answer: true });
    const declined = await deploy([], { answer: false });

    expect(agreed).toMatchObject({
      exitCode: 0,
      questions: ['Deploy stage sandbox to account 111122223333, eu-central-1?'],
      cdkCalls: [CALL],
    });
    expect(agreed.output).toMatch(/^✓ bootstrap /m);
    expect(declined).toMatchObject({ exitCode: 1, cdkCalls: [] });
    expect(declined.output).toContain('Nothing was deployed.');
  });

  it.each<[args: string[], call: string[]]>([
    [['-y'], APPROVED],
    [['--skip-preflight'], []],
    [
      ['--yes', '--outputs-file', 'o.json'],
      [...APPROVED, '--outputs-file', 'o.json'],
    ],
    [
      ['--yes', '--require-approval', 'broadening'],
      ['--yes', '--require-approval', 'broadening'],
    ],
    [
      ['--rollback=false', '--yes', '--hotswap'],
      [...APPROVED, '--rollback', 'false', '--hotswap'],
    ],
  ])('%j asks nobody, and calls the CDK with %j', async (args, call) => {
    const { exitCode, questions, cdkCalls, output } = await deploy(args, { answer: false });

    expect({ questions, cdkCalls }).toEqual({ questions: [], cdkCalls: [[...CALL, ...call]] });
    expect(exitCode).toBe(0);
    expect(output.includes('✓ bootstrap')).toBe(!args.includes('--skip-preflight'));
  });

  it('tells the CDK where to go, once it knows who goes there', async () => {
    const where = ['--region', 'eu-west-3', '--toolkit-stack-name', 'T'];

    const known = await deploy(['--skip-preflight', ...where]);
    const unknown = await deploy(['--skip-preflight', '--profile', 'p', ...where]);

    expect(known.cdkCalls[0]?.slice(-where.length)).toEqual(where);
    expect(known.output).toMatch(/^Stage sandbox in account 111122223333, region eu-west-3\n/);
    expect(unknown).toMatchObject({ exitCode: 1, cdkCalls: [], output: '' });
    expect(unknown.error).toMatch(/^This shell has no AWS credentials: .*\n$/);
  });

  it('looks where the CDK is told to go', async () => {
    const { output } = await deploy([
      '--yes',
      '--toolkit-stack-name=Tools',
      '--region',
      'eu-north-1',
      '--region=eu-west-3',
    ]);

    expect(output).toMatch(/^✓ identity .* region eu-west-3$/m);
    expect(output).toMatch(/^Stage sandbox in account 111122223333, region eu-west-3\n/);
  });

  it.each<[what: string, args: string[], change: () => void, told: string]>([
    ['a warning when nobody can be asked', [], () => undefined, 'add --yes to go on'],
    [
      'a failed check, whatever the answer is',
      ['--yes'],
      () => (account.state.cloudwatchRoleArn = undefined),
      'fix what has a ✗',
    ],
  ])('stops after %s', async (_what, args, change, told) => {
    change();

    const { exitCode, error, cdkCalls } = await deploy(args);

    expect(error).toContain(told);
    expect({ exitCode, cdkCalls }).toEqual({ exitCode: 1, cdkCalls: [] });
  });

  it.each([
    ['ROLLBACK_COMPLETE', false],
    ['ROLLBACK_FAILED', false],
    ['UPDATE_ROLLBACK_COMPLETE', true],
    ['CREATE_COMPLETE', true],
  ])('with a protected stack that is %s leaves it protected: %s', async (status, isProtected) => {
    const name = 'egain-accounts-sandbox-credentials';
    const others = account.state.stacks.filter((stack) => stack.name !== name);
    account.state.stacks = [...others, { name, status, outputs: {}, isProtected: true }];

    const { exitCode, cdkCalls } = await deploy(['--yes']);

    const found = account.state.stacks.find((stack) => stack.name === name);
    expect(found?.isProtected).toBe(isProtected);
    expect({ exitCode, calls: cdkCalls.length }).toEqual({ exitCode: 0, calls: 1 });
  });

  it("ends with the CDK's exit code, and claims nothing", async () => {
    const { exitCode, after } = await deploy(['--yes'], { onCdk: () => 3 });

    expect({ exitCode, after }).toEqual({ exitCode: 3, after: undefined });
  });
});

describe('after a deploy', () => {
  it('the outputs for people are shown with what they are, and the next step', async () => {
    const { output, after } = await deploy(['--yes']);

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
  });

  it.each<[what: string, onCdk: () => void, told: RegExp]>([
    [
      'AWS refuses them',
      () => void (account.state.denied = 'DescribeStacks'),
      /outputs can't be read\. .*cloudformation:DescribeStacks/,
    ],
    [
      'there are none',
      () => void (account.state.stacks = []),
      /outputs can't be read\. .* no outputs/,
    ],
  ])('%s, and the deploy has succeeded all the same', async (_what, onCdk, told) => {
    const { exitCode, error, after } = await deploy(['--yes'], { onCdk: () => (onCdk(), 0) });

    expect(error).toMatch(told);
    expect(after).toContain('--secret-id <CredentialsSecretArn>');
    expect(exitCode).toBe(0);
  });

  it('they are read from where the CDK deployed to', async () => {
    vi.stubEnv('AWS_REGION', '');
    vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');

    expect((await deploy(['--yes', '--region=eu-west-3'])).after).toContain('ApiUrl');
  });

  it.each([[['--no-execute']], [['--method', 'prepare-change-set']], [['--execute=false']]])(
    'that was only prepared nothing is claimed: %j',
    async (args) => {
      const { exitCode, output, after } = await deploy(['--yes', ...args]);

      expect({ exitCode, after }).toEqual({ exitCode: 0, after: undefined });
      expect(output).toContain('Nothing is deployed yet');
    },
  );
});

const named = (alarm: string) => `egain-accounts-sandbox-${alarm}`;
const arnOf = (alarm: string) =>
  `arn:aws:cloudwatch:eu-central-1:111122223333:alarm:${named(alarm)}`;
const triggersOf = (call: readonly string[] = []) =>
  call.filter((_, index) => call[index - 1] === TRIGGERS);

describe('a release of a stage that is there already', () => {
  beforeEach(() => {
    for (const alarm of RELEASE_ALARMS) account.state.alarms.set(named(alarm), 'OK');
  });

  it('is taken back by CloudFormation when an alarm rings, and is called meanwhile', async () => {
    const asked: string[] = [];
    const api = await listen((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(500).end();
    });
    onTestFinished(api.close);
    account.state.stacks = account.state.stacks.map((stack) => ({
      ...stack,
      outputs: { ...stack.outputs, ApiUrl: `${api.url}/v1` },
    }));
    account.state.stacks.push({
      name: 'egain-accounts-sandbox-workflow',
      status: 'CREATE_COMPLETE',
      outputs: {},
    });

    const { exitCode, output, cdkCalls } = await deploy(['--yes']);

    const [call] = cdkCalls;
    expect(triggersOf(call)).toEqual(RELEASE_ALARMS.map(arnOf));
    expect(call?.join(' ')).toContain('--monitoring-time-minutes 5');
    expect(asked).toContain('/v1/openapi.json');
    expect(output).toContain('No watched alarm rings.\nMeanwhile the stage was called in 1 rounds');
    expect(output).toContain('--no-watch');
    expect(output).not.toMatch(/^[✓✗] contract/m);
    expect(exitCode).toBe(0);
  });

  it('says which stack was taken back, and which alarm rings', async () => {
    const { exitCode, output } = await deploy(['--yes'], {
      onCdk() {
        account.state.alarms.set(named('GatewayFaults'), 'ALARM');
        account.state.stacks = account.state.stacks.map((stack) =>
          stack.name === 'egain-accounts-sandbox'
            ? { ...stack, status: 'UPDATE_ROLLBACK_COMPLETE' }
            : stack,
        );
        return 1;
      },
    });

    expect(output).toContain(
      'egain-accounts-sandbox was taken back: it is UPDATE_ROLLBACK_COMPLETE.\n' +
        'egain-accounts-sandbox-GatewayFaults rings: docs/operations.md, Runbook.\n',
    );
    expect(exitCode).toBe(1);
  });

  it('is never watched by an alarm that is ringing already or missing', async () => {
    account.state.alarms.set(named('GatewayFaults'), 'ALARM');
    account.state.alarms.delete(named('InternalErrors'));

    const { output, cdkCalls } = await deploy(['--yes']);

    expect(triggersOf(cdkCalls[0])).toEqual(
      ['AuthorizerFailures', 'MisconfiguredApi', 'MisconfiguredTask'].map(arnOf),
    );
    expect(output).toContain(`since missing: ${named('InternalErrors')}\n`);
    expect(output).toContain(`since ringing already: ${named('GatewayFaults')}\n`);
  });

  it.each<[what: string, args: string[], change: () => void, triggers: string[]]>([
    ['by --no-watch', ['--no-watch'], () => undefined, ['none']],
    [
      'where AWS does not tell of alarms',
      [],
      () => void (account.state.denied = 'DescribeAlarms'),
      ['none'],
    ],
    ["by the deployer's own triggers", [TRIGGERS, 'arn:mine'], () => undefined, ['arn:mine']],
    ['where it is only prepared', ['--no-execute'], () => undefined, []],
    ['at its first deploy', [], () => void (account.state.stacks = []), []],
  ])('goes without %s', async (_what, args, change, triggers) => {
    change();

    const { exitCode, cdkCalls } = await deploy(['--yes', '--skip-preflight', ...args]);

    expect(triggersOf(cdkCalls[0])).toEqual(triggers);
    expect(exitCode).toBe(0);
  });
});
