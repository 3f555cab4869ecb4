import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type LocalServer, listen } from '../../sandbox/local-server.ts';
import { useDeployedAccount } from '../support/emulated-account/deployed.ts';
import { runCommand } from '../support/recording-terminal.ts';
import { stageFolder } from '../support/stage-folder.ts';

const account = useDeployedAccount();
let egain: LocalServer;

beforeAll(async () => {
  egain = await listen((_request, response) => void response.end());
});
afterAll(() => egain.close());

function config(changes: object = {}): object {
  return {
    egain: {
      apiUrl: `${egain.url}/conversation/conversationmgr/v3`,
      tokenUrl: `${egain.url}/token`,
      scope: 'https://api.egain.cloud/auth/.default',
    },
    partners: { acme: { scopes: ['accounts/read'] } },
    alarms: { email: 'operations@example.com' },
    ...changes,
  };
}

async function run(changes: object = {}) {
  const { exitCode, output } = await runCommand(['preflight', '--stage', 'test'], {
    environment: account.environment,
    configFolder: stageFolder(config(changes)),
  });
  return { failed: exitCode === 1, warned: output.includes('Look at what has a !'), output };
}

describe('a stage that can be deployed', () => {
  it('has a line for each check, and nothing to do', async () => {
    const { failed, warned, output } = await run();

    expect(output.match(/^✓ .*$/gm)).toHaveLength(9);
    expect(output).not.toMatch(/^[!✗–]|→/m);
    expect({ failed, warned }).toEqual({ failed: false, warned: false });
    expect(output).toContain('Stage test can be deployed: npm run deploy -- --stage test.');
    expect(output).toContain('arn:aws:iam::111122223333:user/deployer');
    expect(output).toContain(
      'to pin them: "aws": { "account": "111122223333", "region": "eu-central-1" }',
    );
  });

  it('may pin where it goes', async () => {
    const { output } = await run({ aws: { account: '111122223333', region: 'eu-central-1' } });

    expect(output).toContain('the account and region that the stage config pins');
  });
});

function withoutStack(name: string): void {
  account.state.stacks = account.state.stacks.filter((stack) => stack.name !== name);
}

function withStatus(status: string): void {
  account.state.stacks = account.state.stacks.map((stack) => ({ ...stack, status }));
}

const EXAMPLE_RULE = { channel: ['45a095f4-d0ee-4220-a689-22b541c58f67'] };
const atApi = (origin: string) => ({
  egain: {
    apiUrl: `${origin}/conversation/conversationmgr/v3`,
    tokenUrl: `${egain.url}/token`,
    scope: 'x',
  },
});

describe('what stops a deploy, or is to be looked at', () => {
  it.each<[what: string, change: () => void, line: RegExp, toDo: RegExp]>([
    [
      'no identity',
      () => (account.state.denied = 'GetCallerIdentity'),
      /^✗ identity .*ExpiredToken/m,
      /aws sts get-caller-identity/,
    ],
    [
      'no bootstrap',
      () => withoutStack('CDKToolkit'),
      /^✗ bootstrap .*has not been bootstrapped/m,
      /npx cdk bootstrap aws:\/\/111122223333\/eu-central-1/,
    ],
    [
      'a bootstrap that failed',
      () => withStatus('ROLLBACK_FAILED'),
      /^✗ bootstrap .*ROLLBACK_FAILED/m,
      /Bootstrap again/,
    ],
    [
      'no role for the logs',
      () => (account.state.cloudwatchRoleArn = undefined),
      /^✗ gateway logs/m,
      /step 4/,
    ],
    [
      'a deploy under way',
      () => withStatus('UPDATE_IN_PROGRESS'),
      /^✗ stacks .*egain-accounts-test is UPDATE_IN_PROGRESS/m,
      /wait for its end/,
    ],
    [
      'no right to look at stacks',
      () => (account.state.denied = 'DescribeStacks'),
      /^! bootstrap .*AccessDenied/m,
      /cloudformation:DescribeStacks/,
    ],
    [
      'no right to look at the gateway',
      () => (account.state.denied = 'apigateway'),
      /^! gateway logs/m,
      /apigateway:GET/,
    ],
  ])('%s', async (_what, change, line, toDo) => {
    change();

    const { failed, warned, output } = await run();

    expect(output).toMatch(line);
    expect(output).toMatch(toDo);
    expect(line.source.startsWith('^✗') ? failed : warned).toBe(true);
  });

  it.each<[what: string, changes: () => object, line: RegExp]>([
    ['another account', () => ({ aws: { account: '999999999999' } }), /^✗ place .*999999999999/m],
    ['alarms that nobody hears', () => ({ alarms: {} }), /^! alarms[^]*alarms\.email/m],
    [
      "the example's rule",
      () => ({ partners: { shop: { scopes: ['accounts/read'], accounts: EXAMPLE_RULE } } }),
      /^! partners .*shop/m,
    ],
    ["the example's URL", () => atApi('https://api.example.com'), /^✗ URLs [^]*the example's/m],
    [
      'an eGain that this machine does not reach',
      () => atApi('http://127.0.0.1:9'),
      /^! URLs [^]*ECONNREFUSED[^]*AWS may reach/m,
    ],
  ])('%s', async (_what, changes, line) => {
    const { output, failed, warned } = await run(changes());

    expect(output).toMatch(line);
    expect(failed).toBe(line.source.startsWith('^✗'));
    expect(failed || warned).toBe(true);
  });

  it('takes a stack of which there is only a change set for none that is under way', async () => {
    account.state.stacks.push({
      name: 'egain-accounts-test',
      status: 'REVIEW_IN_PROGRESS',
      outputs: {},
    });
    account.state.stacks = account.state.stacks.filter(
      ({ status }) => status !== 'UPDATE_COMPLETE',
    );

    const { failed, output } = await run();

    expect(output).toMatch(/^✓ stacks .*egain-accounts-test is REVIEW_IN_PROGRESS/m);
    expect(failed).toBe(false);
  });

  it('finds a stack that failed at first, which the CDK would delete and may not', async () => {
    const name = 'egain-accounts-test-credentials';
    account.state.stacks.push({ name, status: 'ROLLBACK_COMPLETE', outputs: {} });
    expect((await run()).failed).toBe(false);

    account.state.stacks = account.state.stacks.map((one) => ({
      ...one,
      isProtected: one.name === name,
    }));
    const { failed, output } = await run();

    expect(output).toMatch(/^✗ stacks .*-credentials is ROLLBACK_COMPLETE, and protected/m);
    expect(output).toContain(`--no-enable-termination-protection --stack-name ${name}\n`);
    expect(failed).toBe(true);
  });

  it('finds a deploy under way in a stack that only many partners make', async () => {
    const partners = Array.from({ length: 101 }, (_, n) => [
      `partner-${n}`,
      { scopes: ['accounts/read'] },
    ]);
    account.state.stacks.push({
      name: 'egain-accounts-test-partners-2',
      status: 'UPDATE_IN_PROGRESS',
      outputs: {},
    });

    const { failed, output } = await run({ partners: Object.fromEntries(partners) });

    expect(output).toMatch(/^✗ stacks .*egain-accounts-test-partners-2 is UPDATE_IN_PROGRESS/m);
    expect(failed).toBe(true);
  });

  it('takes the region of the stage config, and says when there is none', async () => {
    vi.stubEnv('AWS_REGION', '');
    vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');

    expect((await run({ aws: { region: 'eu-west-1' } })).output).toContain('region eu-west-1');
    expect((await run()).output).toMatch(/^✗ identity +no region is set/m);
  });
});
