import { beforeAll, describe, expect, it, vi } from 'vitest';
import { listen, sendJson } from '../../sandbox/local-server.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { useDeployedAccount } from '../support/emulated-account/deployed.ts';
import { runCommand } from '../support/recording-terminal.ts';
import { sharedSandbox } from '../support/shared-sandbox.ts';
import { LEAST } from '../support/stage.ts';
import { stageFolder } from '../support/stage-folder.ts';

let sandbox: Sandbox;
const account = useDeployedAccount(() => sandbox);

beforeAll(async () => {
  sandbox = await sharedSandbox();
});

/** The partners of the sandbox, in a stage that has a user pool of its own. */
const POOL_STAGE = {
  ...LEAST,
  partners: {
    'chat-desk': {
      scopes: ['accounts/read', 'accounts/read.configuration'],
      accounts: { channel: ['x'] },
    },
    acme: { scopes: ['accounts/read'] },
  },
};

async function run(
  args: readonly string[] = [],
  config: object = POOL_STAGE,
  environment: Readonly<Record<string, string>> = {},
) {
  const apiUrl = sandbox.accountsUrl.replace(/\/accounts$/, '');
  const { exitCode, output, error } = await runCommand(
    ['verify', '--stage', 'test', '--api-url', apiUrl, ...args],
    {
      environment: { ...account.environment, ...environment },
      configFolder: stageFolder(config),
    },
  );
  for (const { clientSecret } of Object.values(sandbox.partners)) {
    expect(output + error).not.toContain(clientSecret);
  }
  expect(output + error).not.toMatch(/eyJ|egain-token/);
  return { exitCode, output, error };
}

const failedLines = (output: string) =>
  [...output.matchAll(/^✗ (.{14})/gm)].map(([, name = '']) => name.trim());

describe('a stage that works', () => {
  it('is asked as a partner and as a workflow, and told so', async () => {
    const { exitCode, output } = await run();

    expect(output).toMatch(/^Stage test in account 111122223333, region eu-central-1\n/);
    expect(output).toMatch(/^✓ contract +200, version \S+, in \d+ ms$/m);
    expect(output).toMatch(/^✓ without token +401-901, as it should be$/m);
    expect(output).toMatch(/^✓ partner +acme, client id acme-client$/m);
    expect(output).toMatch(/^✓ token +granted for \d+ s in \d+ ms$/m);
    expect(output).toMatch(/^✓ list +200, 120 accounts, \d+ s old, version \S+, in \d+ ms$/m);
    expect(output).toMatch(/^✓ by id +200/m);
    expect(output).toMatch(/^✓ wrong filter +400-901, as it should be$/m);
    expect(output).toMatch(/^✓ TaskFunction +120 accounts in all, in \d+ ms$/m);
    expect(output).toMatch(/Stage test works\.\n$/);
    expect(failedLines(output)).toEqual([]);
    expect(exitCode).toBe(0);
  });

  it('exports where that is asked for, and the manifest is read', async () => {
    const { exitCode, output } = await run(['--export']);

    expect(output).toMatch(
      /^✓ export +120 accounts on 1 page, manifest exports\/.*manifest\.json$/m,
    );
    expect(exitCode).toBe(0);
  });

  it('may be asked as another partner', async () => {
    const { exitCode, output } = await run(['--partner', 'chat-desk']);

    expect(output).toMatch(/^✓ partner +chat-desk/m);
    expect(output).toMatch(/^✓ list +200, (?!120)\d+ accounts/m);
    expect(exitCode).toBe(0);
  });

  it('with an issuer of its own takes credentials of the environment, and its token endpoint', async () => {
    const { clientId = '', clientSecret = '' } = sandbox.partners['acme'] ?? {};
    const config = {
      ...LEAST,
      auth: { issuer: sandbox.issuer.url, audience: 'egain-accounts' },
      partners: { acme: { clientId, scopes: ['accounts/read'] } },
    };
    account.state.clients.splice(0);

    const { exitCode, output } = await run([], config, {
      PARTNER_CLIENT_ID: clientId,
      PARTNER_CLIENT_SECRET: clientSecret,
    });
    const without = await run([], config);

    expect(output).toMatch(/^✓ token/m);
    expect(exitCode).toBe(0);
    expect(without.exitCode).toBe(1);
    expect(without.output).toContain('set PARTNER_CLIENT_ID and PARTNER_CLIENT_SECRET');
  });
});

describe('a stage that does not work', () => {
  it('is not asked with the credentials of another client than the partner has', async () => {
    const { exitCode, output } = await run(['--partner', 'chat-desk'], POOL_STAGE, {
      PARTNER_CLIENT_ID: 'acme-client',
      PARTNER_CLIENT_SECRET: 'canary',
    });

    expect(exitCode).toBe(1);
    expect(failedLines(output)).toEqual(['partner']);
    expect(output).toContain('client of partner chat-desk, ');
  });

  it('names the commands that come next as a whole', async () => {
    sandbox.egain?.setMode({ fault: 'unauthorized' });
    await sandbox.forget();

    const { output } = await run();
    sandbox.egain?.setMode({});
    await sandbox.forget();

    expect(output).toContain(
      'npm run doctor -- --stage test --secret-arn arn:aws:secretsmanager:eu-central-1:111122223333:secret:egain-abcdef',
    );
    expect(output).toMatch(/^Ask again: npm run verify -- --stage test$/m);
  });

  it('without a secret says where it is put', async () => {
    sandbox.secrets.setFault({ error: 'ResourceNotFoundException' });
    await sandbox.forget();

    const { exitCode, output } = await run();

    expect(exitCode).toBe(1);
    expect(failedLines(output)).toEqual(['list', 'TaskFunction']);
    expect(output).toMatch(/^✗ list +500 \(500-902\), X-Correlation-Id \S+$/m);
    expect(output).toContain(
      'put-secret-value --secret-id arn:aws:secretsmanager:eu-central-1:111122223333:secret:egain-abcdef',
    );
    expect(output).toMatch(/Stage test does not work yet: list, TaskFunction\.\n$/);
    sandbox.secrets.setFault(undefined);
    await sandbox.forget();
  });

  it('whose partner has another secret', async () => {
    const secrets = [{ id: 'x', value: 'other', made: 1 }];
    for (const client of account.state.clients) client.secrets = secrets;

    const { exitCode, output } = await run();

    expect(exitCode).toBe(1);
    expect(output).toMatch(/^✗ token +the issuer answered 401 \(invalid_client\)$/m);
    expect(output).toMatch(/^✓ TaskFunction/m);
  });

  it.each([
    ['is not that of the stage', () => `${sandbox.url}/docs`, /^✗ contract +\d+ /m],
    ['can not be reached', () => 'http://127.0.0.1:2', /^✗ contract +no answer: ECONNREFUSED$/m],
  ])('whose API %s', async (_what, url, told) => {
    const { exitCode, output } = await run(['--api-url', url()]);

    expect(exitCode).toBe(1);
    expect(output).toMatch(told);
  });

  it.each([
    ['too old', { Age: '400', 'Accounts-Version': 'v' }, 'when the alarm StaleTooLong rings'],
    ['of another version', {}, 'lacks Accounts-Version'],
  ])('whose list is %s', async (_what, headers: Record<string, string>, told) => {
    const api = await listen((_request, response) => {
      sendJson(response, 200, { paginationInfo: { count: 0 }, account: [] }, headers);
    });

    const { exitCode, output } = await run(['--api-url', api.url]);
    await api.close();

    expect(exitCode).toBe(1);
    expect(failedLines(output)).toContain('list');
    expect(output).toContain(told);
  });

  it('whose function and state machine may not be started', async () => {
    delete account.state.sandbox;

    const { output } = await run(['--export']);

    expect(failedLines(output)).toEqual(['TaskFunction', 'export']);
  });

  it.each([
    [{ partners: {} }, [], 'the stage has no partner'],
    [{}, ['--partner', 'nobody'], 'the stage has no such partner'],
  ])('for want of a partner: %j %j', async (changes, args, told) => {
    const { exitCode, output } = await run(args, { ...POOL_STAGE, ...changes });

    expect(exitCode).toBe(1);
    expect(output).toContain(told);
  });

  it.each(['http://issuer.example.com/token', 'ftp://127.0.0.1/token', 'token', undefined])(
    'whose issuer names %s as its token endpoint, where no secret is sent',
    async (endpoint) => {
      const issuer = await listen((_request, response) => {
        sendJson(response, 200, { token_endpoint: endpoint });
      });
      const partners = { acme: { clientId: 'c', scopes: ['accounts/read'] } };
      const auth = { issuer: issuer.url, audience: 'egain-accounts' };

      const { exitCode, output } = await run(
        [],
        { ...LEAST, auth, partners },
        { PARTNER_CLIENT_ID: 'c', PARTNER_CLIENT_SECRET: 'canary' },
      );
      await issuer.close();

      expect(exitCode).toBe(1);
      expect(output).toContain('names no https token endpoint');
      expect(failedLines(output)).toEqual(['partner']);
    },
  );

  it('in a shell without credentials, in one sentence', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');

    const { exitCode, output, error } = await run();

    expect({ exitCode, output }).toEqual({ exitCode: 1, output: '' });
    expect(error).toMatch(/^This shell has no AWS credentials: [^.]*\.\n$/);
  });

  it('because it is not deployed', async () => {
    account.state.stacks = [];

    const { exitCode, error } = await run();

    expect(exitCode).toBe(1);
    expect(error).toContain('have no stack egain-accounts-test');
  });
});
