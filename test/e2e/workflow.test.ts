import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Execution,
  type RunOptions,
  runStateMachine,
} from '../../sandbox/aws/state-machine.ts';
import { exampleAccounts } from '../../sandbox/egain/example-accounts.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { ACCOUNTS, sharedSandbox } from '../support/shared-sandbox.ts';

interface Manifest {
  readonly pages: readonly string[];
  readonly count: number;
}
interface Run {
  readonly execution: Execution;
  readonly objects: ReadonlyMap<string, unknown>;
}
const COUNT = ACCOUNTS.length;
const MANIFEST = 'exports/run-1/manifest.json';

let sandbox: Sandbox;
/** The functions know nothing of eGain's last change until this has resolved. */
let changed: Promise<void>;

beforeAll(async () => {
  sandbox = await sharedSandbox();
});
beforeEach(() => {
  changeEgain({ accounts: COUNT });
  return changed;
});

/** What eGain holds or does from now on. */
function changeEgain({ accounts, status }: { accounts?: number; status?: number }): void {
  if (accounts !== undefined) sandbox.egain?.setAccounts(exampleAccounts(accounts));
  sandbox.egain?.setMode(status === undefined ? {} : { status });
  changed = sandbox.forget();
}

async function exportAccounts(
  input: unknown,
  options: { onPut?: (key: string) => void; onRetry?: RunOptions['onRetry'] } = {},
): Promise<Run> {
  const machine = sandbox.template.only('AWS::StepFunctions::StateMachine');
  const task = sandbox.functionNamed('TaskFunction');
  const objects = new Map<string, unknown>();
  const execution = await runStateMachine(String(machine.properties['DefinitionString']), input, {
    async invoke(functionArn, payload) {
      expect(functionArn).toBe(task.spec.arn);
      await changed;
      return task.invoke(payload);
    },
    putObject(_bucket, key, text) {
      objects.set(key, JSON.parse(text));
      options.onPut?.(key);
    },
    retryWaitMs: 0,
    executionName: 'run-1',
    ...(options.onRetry && { onRetry: options.onRetry }),
  });
  return { execution, objects };
}

const exported = ({ objects }: Run) => {
  const manifest = objects.get(MANIFEST) as Manifest;
  return { manifest, accounts: manifest.pages.flatMap((key) => objects.get(key) as unknown[]) };
};

describe('an export with the real bundle', () => {
  test('holds what a partner with every scope gets, in the same order', async () => {
    const token = await sandbox.token('acme');
    const answer = await fetch(`${sandbox.accountsUrl}?pagesize=500&sort=-modified`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    const { account } = (await answer.json()) as { readonly account: readonly unknown[] };

    const run = await exportAccounts({ sort: '-modified', maxBytes: 10_000 });

    const { manifest, accounts } = exported(run);
    expect(run.execution).toMatchObject({ status: 'SUCCEEDED', output: { count: COUNT } });
    expect(manifest.pages.length).toBeGreaterThan(5);
    expect(account).toHaveLength(COUNT);
    expect(accounts).toEqual(account);
  });

  test('starts over when the accounts change on the way', async () => {
    const onPut = (key: string) => {
      if (key.endsWith('/2.json')) changeEgain({ accounts: COUNT + 1 });
    };

    const run = await exportAccounts({ pagesize: 50, fields: ['id'] }, { onPut });

    const { manifest, accounts } = exported(run);
    expect(run.execution).toMatchObject({ status: 'SUCCEEDED', output: { count: COUNT + 1 } });
    expect(accounts).toHaveLength(COUNT + 1);
    // The first walk left two pages behind.
    expect(run.objects.size).toBe(manifest.pages.length + 1 + 2);
  });

  test('goes on after UpstreamUnavailable', async () => {
    const errors: string[] = [];
    changeEgain({ status: 503 });
    const onRetry = (_state: string, error: string) => {
      errors.push(error);
      changeEgain({});
    };

    const { execution } = await exportAccounts({}, { onRetry });

    expect(execution).toMatchObject({ status: 'SUCCEEDED', output: { count: COUNT } });
    expect(errors[0]).toBe('UpstreamUnavailable');
  });

  test.each([
    ['CredentialsRejected', '502-902', { status: 403 }, {}],
    ['InvalidRequest', '400-901', {}, { filter: { colour: 'red' } }],
  ])('ends with %s at once', async (name, code, egain, input) => {
    changeEgain(egain);

    const { execution, objects } = await exportAccounts(input);

    const cause = JSON.parse((execution as { cause: string }).cause) as Record<string, string>;
    expect(execution).toMatchObject({ status: 'FAILED', error: name });
    expect(JSON.parse(cause['errorMessage'] ?? '')).toMatchObject({ code });
    expect([cause['errorType'], cause['trace']]).toEqual([name, [name]]);
    expect(objects.size).toBe(0);
  });
});
