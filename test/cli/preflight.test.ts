import { type AddressInfo, connect, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  getCACertificates,
  setDefaultCACertificates,
} from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type LocalServer, listen } from '../../sandbox/local-server.ts';
import { useDeployedAccount } from '../support/emulated-account/deployed.ts';
import { runCommand } from '../support/recording-terminal.ts';
import { selfSignedCertificate } from '../support/self-signed.ts';
import { stageFolder } from '../support/stage-folder.ts';

const account = useDeployedAccount();
/** Leads to eGain, and to no other host. */
let proxy: LocalServer;
const { key, cert } = selfSignedCertificate('api.egain.cloud');
const egain = createTlsServer({ key, cert });
const trusted = getCACertificates();
const sockets: Socket[] = [];

beforeAll(async () => {
  setDefaultCACertificates([...trusted, cert]);
  await new Promise<void>((done) => egain.listen(0, '127.0.0.1', done));
  const { port } = egain.address() as AddressInfo;
  proxy = await listen((_request, response) => void response.end());
  proxy.server.on('connect', ({ url = '' }, socket: Socket) => {
    if (!url.startsWith('api.egain.cloud:')) return socket.end('HTTP/1.1 502 x\r\n\r\n');
    const tunnel = connect(port, '127.0.0.1');
    for (const one of [socket, tunnel]) sockets.push(one.on('error', () => undefined));
    socket.write('HTTP/1.1 200 x\r\n\r\n');
    return socket.pipe(tunnel).pipe(socket);
  });
});
afterAll(async () => {
  setDefaultCACertificates(trusted);
  for (const socket of sockets) socket.destroy();
  egain.close();
  await proxy.close();
});

const API_URL = 'https://api.egain.cloud/conversation/conversationmgr/v3';
const EGAIN = {
  apiUrl: API_URL,
  tokenUrl: 'https://api.egain.cloud/token',
  scope: 'https://api.egain.cloud/auth/.default',
};

function config(changes: object = {}): object {
  return {
    egain: EGAIN,
    partners: { acme: { scopes: ['accounts/read'] } },
    alarms: { email: 'operations@example.com' },
    ...changes,
  };
}

async function run(changes: object = {}) {
  const { exitCode, output } = await runCommand(['preflight', '--stage', 'test'], {
    environment: { ...account.environment, HTTPS_PROXY: proxy.url },
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

  it('may have been bootstrapped by a stack of another name', async () => {
    bootstrapped({ BootstrapVersion: '21' });

    expect((await run()).output).toMatch(/^✓ bootstrap .*version 21$/m);
  });

  it('may pin where it goes', async () => {
    const { output } = await run({ aws: { account: '111122223333', region: 'eu-central-1' } });

    expect(output).toContain('the account and region that the stage config pins');
  });
});

function withoutStack(name: string): void {
  account.state.stacks = account.state.stacks.filter((stack) => stack.name !== name);
}

function bootstrapped(outputs: Record<string, string>): void {
  withoutStack('CDKToolkit');
  account.state.stacks.push({ name: 'acme-toolkit', status: 'CREATE_COMPLETE', outputs });
}

function withStatus(status: string): void {
  account.state.stacks = account.state.stacks.map((stack) => ({ ...stack, status }));
}

const EXAMPLE_RULE = { channel: ['45a095f4-d0ee-4220-a689-22b541c58f67'] };
const atApi = (apiUrl: string) => ({ egain: { ...EGAIN, apiUrl } });

describe('what stops a deploy, or is to be looked at', () => {
  it.each<[what: string, line: RegExp, change: () => object | void]>([
    [
      'no identity',
      /^✗ identity .*ExpiredToken[^]*aws sts get-caller-identity/m,
      () => void (account.state.denied = 'GetCallerIdentity'),
    ],
    [
      'no bootstrap',
      /^✗ bootstrap .*no \/cdk-bootstrap\/hnb659fds\/version[^]*npx cdk bootstrap -c stage=test$/m,
      () => withoutStack('CDKToolkit'),
    ],
    [
      'a bootstrap with another qualifier',
      /^✗ bootstrap .*has not been bootstrapped/m,
      () => bootstrapped({ BootstrapVersion: '30', Qualifier: 'acme' }),
    ],
    [
      'a bootstrap that is too old',
      /^✗ bootstrap .*too old: version 5[^]*npx cdk bootstrap -c stage=test$/m,
      () => bootstrapped({ BootstrapVersion: '5' }),
    ],
    [
      'no right to look at the bootstrap',
      /^! bootstrap .*AccessDenied[^]*ssm:GetParameter/m,
      () => void (account.state.denied = 'GetParameter'),
    ],
    [
      'a role for the logs that is gone',
      /^✗ gateway logs .*role\/api-gateway-logs, which is gone[^]*step 4/m,
      () => void (account.state.roles = []),
    ],
    [
      'no right to look at the role',
      /^! gateway logs[^]*iam:GetRole/m,
      () => void (account.state.denied = 'GetRole'),
    ],
    [
      'an API on this machine',
      /^✗ URLs +egain\.apiUrl is on this machine/m,
      () => atApi('http://127.0.0.1:3001/conversation/conversationmgr/v3'),
    ],
    [
      'a token endpoint on this machine',
      /^✗ URLs +egain\.tokenUrl is on this machine/m,
      () => ({ egain: { ...EGAIN, tokenUrl: 'http://localhost:3001/token' } }),
    ],
    [
      'an issuer on this machine, and its keys',
      /^✗ URLs +auth\.issuer is on this machine\n +auth\.jwksUri is on this machine/m,
      () => ({
        auth: {
          issuer: 'http://127.0.0.1:3001/',
          audience: 'a',
          jwksUri: 'http://[::1]:3001/jwks',
        },
        partners: {},
      }),
    ],
    [
      'no role for the logs',
      /^✗ gateway logs[^]*step 4/m,
      () => void (account.state.cloudwatchRoleArn = undefined),
    ],
    [
      'a deploy under way',
      /^✗ stacks .*egain-accounts-test is UPDATE_IN_PROGRESS[^]*wait for its end/m,
      () => withStatus('UPDATE_IN_PROGRESS'),
    ],
    [
      'no right to look at stacks',
      /^! stacks .*AccessDenied[^]*cloudformation:DescribeStacks/m,
      () => void (account.state.denied = 'DescribeStacks'),
    ],
    [
      'no right to look at the gateway',
      /^! gateway logs[^]*apigateway:GET/m,
      () => void (account.state.denied = 'apigateway'),
    ],
    ['another account', /^✗ place .*999999999999/m, () => ({ aws: { account: '999999999999' } })],
    ['alarms that nobody hears', /^! alarms[^]*alarms\.email/m, () => ({ alarms: {} })],
    [
      "the example's rule",
      /^! partners .*shop/m,
      () => ({ partners: { shop: { scopes: ['accounts/read'], accounts: EXAMPLE_RULE } } }),
    ],
    ["the example's URL", /^✗ URLs [^]*the example's/m, () => atApi('https://api.example.com/v3')],
    [
      'an eGain that this machine does not reach',
      /^! URLs [^]*refuses the connection[^]*AWS may reach/m,
      () => atApi('https://elsewhere.egain.cloud/v3'),
    ],
  ])('%s', async (_what, line, change) => {
    const { failed, warned, output } = await run(change() ?? {});

    expect(output).toMatch(line);
    const fails = line.source.startsWith('^✗');
    expect(fails ? failed : warned && !failed).toBe(true);
  });

  it('takes stacks that the deploy frees, or the CDK deletes or goes on with', async () => {
    const name = 'egain-accounts-test-credentials';
    const prepared = { name: 'egain-accounts-test', status: 'REVIEW_IN_PROGRESS', outputs: {} };
    const failedFirst = { name, status: 'ROLLBACK_COMPLETE', outputs: {} };
    withoutStack('egain-accounts-test');
    account.state.stacks.push(failedFirst, prepared);
    const { output } = await run();
    withoutStack(name);
    account.state.stacks.push({ ...failedFirst, isProtected: true });
    const held = await run();

    expect(output).toMatch(/^✓ stacks [^✗]*egain-accounts-test is REVIEW_IN_PROGRESS/m);
    expect(held.output).toMatch(/^✓ stacks [^✗]*-credentials is ROLLBACK_COMPLETE/m);
    expect(held.output).toContain('npm run deploy ends the protection');
    expect(held.failed).toBe(false);
  });

  it('finds a deploy under way in a stack that only many partners make', async () => {
    const entry = { scopes: ['accounts/read'] };
    const partners = Array.from({ length: 101 }, (_, n) => [`partner-${n}`, entry]);
    const name = 'egain-accounts-test-partners-2';
    account.state.stacks.push({ name, status: 'UPDATE_IN_PROGRESS', outputs: {} });

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

describe('functions.vpc', () => {
  const [a, b] = ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'];
  const vpc = { subnetIds: [a, b], securityGroupIds: ['sg-0123456789abcdef0'] };
  const look = (routes: readonly (readonly [string, string | undefined])[]) => {
    for (const [subnet, target] of routes) account.state.routes.set(subnet, target);
    return run({ functions: { vpc } });
  };

  it.each<[what: string, routes: Parameters<typeof look>[0], line: RegExp]>([
    [
      'a NAT gateway is a way out',
      [
        [a, 'nat-1'],
        [b, 'nat-2'],
      ],
      /^✓ network +subnet-\w+0, subnet-\w+1 have a way out$/m,
    ],
    [
      'no default route is none',
      [
        [a, 'nat-1'],
        [b, undefined],
      ],
      /^✗ network +subnet-\w+1 has no default route to a NAT gateway, nor endpoints for secretsmanager, dynamodb, logs\n +→ .*A fixed way out/m,
    ],
    [
      'a public subnet is none',
      [
        [a, 'igw-1'],
        [b, 'nat-1'],
      ],
      /^✗ network +subnet-\w+0 is public/m,
    ],
    [
      'a NAT gateway that is gone is none',
      [
        [a, 'nat-gone'],
        [b, 'nat-1'],
      ],
      /^✗ network +subnet-\w+0 has a default route to something that is gone/m,
    ],
    ['a subnet must be there', [[a, 'nat-1']], /^! network +not known: InvalidSubnetID\.NotFound/m],
  ])('%s', async (_what, routes, line) => {
    const { output, failed } = await look(routes);

    expect(output).toMatch(line);
    expect(failed).toBe(line.source.startsWith('^✗'));
  });

  it('names only the endpoints that are missing, and the rights that looking takes', async () => {
    account.state.endpoints.push('secretsmanager', 'dynamodb');
    const routes = [
      [a, undefined],
      [b, 'nat-1'],
    ] as const;

    expect((await look(routes)).output).toMatch(/, nor endpoints for logs$/m);
    account.state.denied = 'ec2';
    expect((await look(routes)).output).toMatch(/^! network[^]*ec2:DescribeRouteTables/m);
  });
});
