import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { UNREACHABLE_API, useDeployedAccount } from '../support/emulated-account/deployed.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { runCommand } from '../support/recording-terminal.ts';
import { LEAST } from '../support/stage.ts';
import { stageFolder } from '../support/stage-folder.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const CONFIG = {
  ...LEAST,
  partners: {
    acme: { scopes: ['accounts/read'] },
    basic: {
      scopes: ['accounts/read', 'accounts/read.address'],
      accounts: { channel: ['a', 'b'] },
    },
    new: { scopes: ['accounts/read'] },
  },
};

const account = useDeployedAccount();
let out: string;

beforeEach(() => {
  out = join(temporaryFolder(), 'secret.env');
});

async function run(args: readonly string[], config: object = CONFIG, environment = {}) {
  const { exitCode, output, error } = await runCommand(['partner', '--stage', 'test', ...args], {
    environment: { ...account.environment, ...environment },
    configFolder: stageFolder(config),
    clock: createManualClock(),
  });
  expect(output + error).not.toContain('canary');
  return { exitCode, output, error };
}

/** What a shell has that has sourced the file. */
function sourced(): object {
  const names = 'ACCOUNTS_URL TOKEN_URL CLIENT_ID CLIENT_SECRET';
  const script = `. "$1"; for name in ${names}; do printenv $name; done`;
  const printed = execFileSync('/bin/sh', ['-c', script, 'sh', out], { encoding: 'utf8' });
  const values = printed.trimEnd().split('\n');
  return Object.fromEntries(names.split(' ').map((name, index) => [name, values[index]]));
}

const secretsOf = () => account.state.clients[0]?.secrets.map(({ value }) => value);

describe('show', () => {
  it('tells client id, URLs, scopes and rule', async () => {
    const { exitCode, output } = await run(['basic']);

    expect(exitCode).toBe(0);
    expect(output).toContain(`client id basic-client
API       ${UNREACHABLE_API}
tokens    https://pool.example.com/oauth2/token
scopes    accounts/read accounts/read.address
accounts  channel: a, b
secrets   one
`);
  });

  it('tells the id of the stage config with an issuer of its own', async () => {
    const config = {
      ...LEAST,
      auth: { issuer: 'https://issuer.example.com', audience: 'x' },
      partners: { acme: { clientId: 'there-client', scopes: ['accounts/read'] } },
    };

    const { exitCode, output } = await run(['acme', 'show'], config);

    expect(exitCode).toBe(0);
    expect(output).toContain('there-client');
    expect(output).toContain('by https://issuer.example.com');
  });
});

describe('secret', () => {
  it('goes to a file that its owner alone may read', async () => {
    const { exitCode, output } = await run(['acme', 'secret', '--out', out]);

    expect(exitCode).toBe(0);
    expect(output).toContain(out);
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect(sourced()).toEqual({
      ACCOUNTS_URL: `${UNREACHABLE_API}/accounts`,
      TOKEN_URL: 'https://pool.example.com/oauth2/token',
      CLIENT_ID: 'acme-client',
      CLIENT_SECRET: 'canary-acme-secret',
    });
  });

  it('comes through a shell as it is', async () => {
    const value = `canary'"$HOME \\ \`x\``;
    for (const client of account.state.clients) client.secrets = [{ id: 'x', value, made: 1 }];

    await run(['acme', 'secret', '--out', out]);

    expect(sourced()).toMatchObject({ CLIENT_SECRET: value });
  });

  it('never goes over a file that is there', async () => {
    writeFileSync(out, 'mine');

    for (const action of ['secret', 'rotate']) {
      const { exitCode, error } = await run(['acme', action, '--out', out]);
      expect(exitCode).toBe(1);
      expect(error).toContain('exists and may hold a secret');
    }
    expect(readFileSync(out, 'utf8')).toBe('mine');
    expect(account.state.clients[0]?.secrets).toHaveLength(1);
  });
});

describe('rotate', () => {
  it('makes a second secret, then ends the first', async () => {
    const { exitCode, output } = await run(['acme', 'rotate', '--out', out]);

    expect(exitCode).toBe(0);
    expect(output).toContain('npm run partner -- --stage test acme rotate --finish');
    expect(sourced()).toMatchObject({ CLIENT_SECRET: 'canary-added-2' });
    expect(secretsOf()).toEqual(['canary-added-2', 'canary-acme-secret']);
    expect((await run(['acme'])).output).toContain('two: rotate --finish ends the old one');

    const finished = await run(['acme', 'rotate', '--finish']);

    expect(finished.exitCode).toBe(0);
    expect(secretsOf()).toEqual(['canary-added-2']);
  });

  it('may be undone, which ends the new secret', async () => {
    await run(['acme', 'rotate', '--out', out]);

    const { exitCode, output } = await run(['acme', 'rotate', '--undo']);

    expect(exitCode).toBe(0);
    expect(output).toContain('The new secret of partner acme no longer works; the old one does.');
    expect(secretsOf()).toEqual(['canary-acme-secret']);
  });

  it.each<[what: string, told: string, prepare: () => void]>([
    ['the file has no folder', 'ENOENT', () => (out = '/nowhere/secret')],
    ['the file is a folder', 'exists', () => (out = temporaryFolder())],
    [
      'the stage has no such output',
      'no output TokenUrl',
      () => {
        account.state.stacks = account.state.stacks.map((stack) => {
          const { TokenUrl: _, ...outputs } = stack.outputs;
          return { ...stack, outputs };
        });
      },
    ],
    ['AWS refuses', 'rotate --undo', () => (account.state.denied = 'AddUserPoolClientSecret')],
    [
      'the file goes away meanwhile',
      'The new secret is ended again',
      () => (account.state.onSecretMade = () => rmSync(out)),
    ],
  ])('leaves neither secret nor file where %s: %s', async (_what, told, prepare) => {
    prepare();

    const { exitCode, error } = await run(['acme', 'rotate', '--out', out]);

    expect(exitCode).toBe(1);
    expect(error).toContain(told);
    expect(secretsOf()).toEqual(['canary-acme-secret']);
    expect(statSync(out, { throwIfNoEntry: false })?.isFile()).not.toBe(true);
  });

  it('says how to end a secret that is lost', async () => {
    account.state.onSecretMade = () => {
      rmSync(out);
      account.state.denied = 'DeleteUserPoolClientSecret';
    };

    const { exitCode, error } = await run(['acme', 'rotate', '--out', out]);

    expect(exitCode).toBe(1);
    expect(error).toContain('npm run partner -- --stage test acme rotate --undo');
    expect(secretsOf()).toHaveLength(2);
  });

  it('does not make a third, nor end the only one', async () => {
    await run(['acme', 'rotate', '--out', out]);

    const third = await run(['acme', 'rotate', '--out', `${out}.2`]);
    const only = await run(['basic', 'rotate', '--finish']);

    expect(third).toMatchObject({ exitCode: 1, error: expect.stringContaining('two secrets') });
    expect(only).toMatchObject({ exitCode: 1, error: expect.stringContaining('only one secret') });
    expect(account.state.clients.map(({ secrets }) => secrets.length)).toEqual([2, 1]);
  });
});

describe('usage', () => {
  it('is told by day, with the quota and what is left of it', async () => {
    const { exitCode, output } = await run(['basic', 'usage']);

    expect(exitCode).toBe(0);
    expect(output.match(/^\d{4}-\d\d-\d\d +\d+$/gm)).toHaveLength(2);
    expect(output).toContain(' 12\n');
    expect(output).toContain('quota: 1000 a DAY, 988 left');
  });
});

describe('what can not be done', () => {
  it.each<[args: string[], code: number, message: string, change?: () => void]>([
    [['acmee'], 2, 'There are: acme, basic, new.'],
    [['new'], 1, 'Partner new has no client in the user pool yet'],
    [['new', 'usage'], 1, 'There is no usage plan egain-accounts-test-new'],
    [['acme'], 1, 'npm run deploy -- --stage test', () => (account.state.stacks = [])],
    [
      ['acme', 'secret'],
      1,
      'cognito-idp:DescribeUserPoolClient',
      () => (account.state.denied = 'DescribeUserPoolClient'),
    ],
    [
      ['acme'],
      1,
      'No region is set: export AWS_REGION=<region>',
      () => {
        vi.stubEnv('AWS_REGION', '');
        vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');
      },
    ],
  ])('%j is told, with what to do: %i, %s', async (args, code, message, change) => {
    change?.();

    const { exitCode, error } = await run([...args, '--out', out]);

    expect(exitCode).toBe(code);
    expect(error).toContain(message);
  });
});

it("asks AWS through the environment's proxy", async () => {
  const asked: (string | undefined)[] = [];
  const proxy = createServer().on('connect', ({ url }, socket) => {
    asked.push(url);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
  const { port } = proxy.address() as AddressInfo;
  vi.stubEnv('AWS_ENDPOINT_URL', undefined);

  const { error } = await run(['acme'], CONFIG, { HTTPS_PROXY: `http://127.0.0.1:${port}` });
  proxy.close();

  expect(error).toContain('AWS refuses cloudformation:DescribeStacks: ERR_PROXY_TUNNEL');
  expect(asked).toEqual(['cloudformation.eu-central-1.amazonaws.com:443']);
});
