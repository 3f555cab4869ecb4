import { afterEach, beforeEach, vi } from 'vitest';
import type { Sandbox } from '../../../sandbox/sandbox.ts';
import { startEmulatedAccount } from './account.ts';
import type { AccountState } from './state.ts';

/** The address of an API that only AWS could answer at; a command is told another by `--api-url`. */
export const UNREACHABLE_API = 'https://abc123.execute-api.eu-central-1.amazonaws.com/v1';

/** An account where stage `test` is deployed, with two partners; its functions run in `sandbox`. */
export function deployedAccount(sandbox?: Sandbox): AccountState {
  const partners = sandbox?.partners ?? {
    acme: { clientId: 'acme-client', clientSecret: 'canary-acme-secret' },
    basic: { clientId: 'basic-client', clientSecret: 'canary-basic-secret' },
  };
  return {
    account: '111122223333',
    region: 'eu-central-1',
    cloudwatchRoleArn: 'arn:aws:iam::111122223333:role/api-gateway-logs',
    roles: ['api-gateway-logs'],
    stacks: [
      { name: 'CDKToolkit', status: 'CREATE_COMPLETE', outputs: { BootstrapVersion: '30' } },
      {
        name: 'egain-accounts-test',
        status: 'UPDATE_COMPLETE',
        outputs: {
          ApiUrl: UNREACHABLE_API,
          TokenUrl: sandbox?.tokenUrl ?? 'https://pool.example.com/oauth2/token',
          UserPoolId: 'eu-central-1_emulated',
          CredentialsSecretArn:
            'arn:aws:secretsmanager:eu-central-1:111122223333:secret:egain-abcdef',
        },
      },
      {
        name: 'egain-accounts-test-workflow',
        status: 'CREATE_COMPLETE',
        outputs: {
          TaskFunctionArn: 'arn:aws:lambda:eu-central-1:111122223333:function:TaskFunction',
          ExportAccountsArn: 'arn:aws:states:eu-central-1:111122223333:stateMachine:ExportAccounts',
          ExportBucketName: 'exports',
        },
      },
    ],
    retained: [],
    alarms: new Map(),
    routes: new Map(),
    endpoints: [],
    clients: Object.entries(partners).map(([name, { clientId, clientSecret }]) => ({
      name: `egain-accounts-test-${name}`,
      id: clientId,
      secrets: [{ id: 'id-1', value: clientSecret, made: 1_790_000_000 }],
    })),
    usage: new Map(
      Object.keys(partners).map((name) => [
        `egain-accounts-test-${name}`,
        [
          [0, 1000],
          [12, 988],
        ] as const,
      ]),
    ),
    objects: new Map(),
    executions: new Map(),
    ...(sandbox === undefined ? {} : { sandbox }),
  };
}

/**
 * Starts such an account before each test, and ends it after the test. The SDK finds it by this
 * process's environment; commands get the same in `environment`.
 */
export function useDeployedAccount(sandbox: () => Sandbox | undefined = () => undefined) {
  const used: { state: AccountState; environment: Readonly<Record<string, string>> } = {
    state: deployedAccount(),
    environment: {},
  };
  let close: () => Promise<void>;
  beforeEach(async () => {
    used.state = deployedAccount(sandbox());
    ({ environment: used.environment, close } = await startEmulatedAccount(used.state));
    for (const [name, value] of Object.entries(used.environment)) vi.stubEnv(name, value);
  });
  afterEach(() => close());
  return used;
}
