import { exampleAccounts } from '../../sandbox/egain/example-accounts.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';

/** The accounts of the shared sandbox's eGain. */
export const ACCOUNTS = exampleAccounts(120);

let running: Promise<Sandbox> | undefined;

/**
 * The sandbox that the test files of one worker share, since starting one takes longer than most of
 * them. It is as it was at its start: no fault, all of {@link ACCOUNTS}, nothing known. It ends with
 * the worker. Its snapshots stay fresh for an hour.
 */
export async function sharedSandbox(): Promise<Sandbox> {
  running ??= startSandbox({
    egain: { accounts: ACCOUNTS },
    configure: (config) => ({
      ...config,
      cache: { ...config.cache, freshSeconds: 3600, staleSeconds: 3600 },
    }),
    maxContainers: 1,
  });
  const sandbox = await running;
  sandbox.egain?.setMode({});
  sandbox.egain?.setAccounts(ACCOUNTS);
  sandbox.secrets.setFault(undefined);
  await sandbox.forget();
  return sandbox;
}
