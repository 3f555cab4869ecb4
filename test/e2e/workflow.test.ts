import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  type Execution,
  type RunOptions,
  runStateMachine,
} from '../../sandbox/aws/state-machine.ts';
import { exampleAccounts } from '../../sandbox/egain/example-accounts.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';

interface Manifest {
  readonly pages: readonly string[];
  readonly count: number;
  readonly contentHash: string;
}
const COUNT = 120;
const MANIFEST = 'exports/run-1/manifest.json';

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ egain: { accounts: COUNT } });
});
afterAll(() => sandbox.stop());
afterEach(() => {
  changeEgain({ accounts: COUNT });
  return changed;
});

let changed = Promise.resolve();

/** What eGain holds or does from now on; the functions start anew, so that it shows. */
function changeEgain({ accounts, status }: { accounts?: number; status?: number }): void {
  if (accounts !== undefined) sandbox.egain?.setAccounts(exampleAccounts(accounts));
  sandbox.egain?.setMode(status === undefined ? {} : { status });
  changed = sandbox.forget();
}

interface Run {
  readonly execution: Execution;
  readonly objects: ReadonlyMap<string, unknown>;
}

async function exportAccounts(
  input: unknown,
  options: { onPut?: (key: string) => void; onRetry?: RunOptions['onRetry'] } = {},
): Promise<Run> {
  const machine = sandbox.template.ofType('AWS::StepFunctions::StateMachine')[0];
  const task = sandbox.functionNamed('TaskFunction');
  const objects = new Map<string, unknown>();
  const execution = await runStateMachine(String(machine?.properties['DefinitionString']), input, {
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
    ...(options.onRetry === undefined ? {} : { onRetry: options.onRetry }),
  });
  return { execution, objects };
}

const exported = ({ objects }: Run) => {
  const manifest = objects.get(MANIFEST) as Manifest;
  return { manifest, accounts: manifest.pages.flatMap((key) => objects.get(key) as unknown[]) };
};

describe('an export with the real bundle', () => {
  test('is what a partner who may see everything gets, in the same order', async () => {
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
    // Two pages were left behind by the first walk.
    expect(run.objects.size).toBe(manifest.pages.length + 1 + 2);
  });

  test('gives up when the accounts go on changing', async () => {
    let accounts = COUNT;
    const onPut = () => {
      accounts += 1;
      changeEgain({ accounts });
    };

    const { execution, objects } = await exportAccounts({ pagesize: 50 }, { onPut });

    expect(execution).toMatchObject({ status: 'FAILED', error: 'SnapshotExpired' });
    expect(execution).toMatchObject({ cause: expect.stringContaining('409-901') });
    expect(objects.has(MANIFEST)).toBe(false);
  });

  test.each([
    ['UpstreamThrottled', 429],
    ['UpstreamUnavailable', 503],
  ])('gets over %s', async (name, status) => {
    const errors: string[] = [];
    changeEgain({ status });
    const onRetry = (_state: string, error: string) => {
      errors.push(error);
      changeEgain({});
    };

    const { execution } = await exportAccounts({}, { onRetry });

    expect(execution).toMatchObject({ status: 'SUCCEEDED', output: { count: COUNT } });
    expect(errors[0]).toBe(name);
  });

  test.each([
    ['CredentialsRejected', '502-902', 403],
    ['UpstreamContractBroken', '502-903', 404],
  ])('ends with %s at once', async (name, code, status) => {
    changeEgain({ status });

    const { execution, objects } = await exportAccounts({});

    const { errorType, errorMessage, trace } = JSON.parse(
      (execution as { cause: string }).cause,
    ) as Record<string, string>;
    expect(execution).toMatchObject({ status: 'FAILED', error: name });
    expect(JSON.parse(errorMessage ?? '')).toMatchObject({ code });
    expect([errorType, trace]).toEqual([name, [name]]);
    expect(objects.size).toBe(0);
  });

  test('ends with InvalidRequest for an input that is wrong', async () => {
    const { execution } = await exportAccounts({ filter: { colour: 'red' } });

    expect(execution).toMatchObject({ status: 'FAILED', error: 'InvalidRequest' });
    expect(execution).toMatchObject({ cause: expect.stringContaining('filter.colour') });
  });
});
