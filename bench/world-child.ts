/**
 * The world around what is measured, in a process of its own: the sandbox with the synthesised
 * product, and a second eGain with pages of 100.
 */
import { randomUUID } from 'node:crypto';
import { type ClientCredentials, startEgain } from '../sandbox/egain/egain.ts';
import { exampleAccounts } from '../sandbox/egain/example-accounts.ts';
import { startSandbox } from '../sandbox/sandbox.ts';
import { cpuMs, serveChild } from './child.ts';
import type { UpstreamState, WorldFacts } from './world.ts';

const FUNCTIONS = ['ApiFunction', 'TaskFunction', 'AuthorizerFunction'] as const;

// simple-oauth2 takes none but ASCII.
const clientSecret = randomUUID();
const wide = await startEgain({ accounts: 0, pageSize: 100, maxPageSize: 100, clientSecret });
const sandbox = await startSandbox({
  // One container, as the peers are one process.
  maxInstances: 1,
  egain: { clientSecret },
  configure: (config) => ({
    ...config,
    cache: { ...config.cache, freshSeconds: 30, staleSeconds: 600 },
  }),
});
const { egain } = sandbox;
if (egain === undefined) throw new Error('the benchmark needs the simulated eGain');

serveChild({
  async facts(): Promise<WorldFacts> {
    return {
      accountsUrl: sandbox.accountsUrl,
      partnerToken: await sandbox.token('basic'),
      credentials: egain.credentials,
      wide: {
        apiUrl: wide.apiUrl,
        tokenUrl: wide.tokenUrl,
        credentials: wide.credentials,
      },
      functions: Object.fromEntries(
        FUNCTIONS.map((name) => [name, sandbox.functionNamed(name).spec]),
      ) as WorldFacts['functions'],
    };
  },
  set({ accounts, pageSize = 25, ...mode }: UpstreamState) {
    const list = exampleAccounts(accounts);
    egain.setAccounts(list, pageSize);
    wide.setAccounts(list);
    for (const each of [egain, wide]) each.setMode(mode);
  },
  calls: () => ({ ...egain.calls }),
  cpu: cpuMs,
  /** The secret that the functions read: that of the eGain they are to call. */
  useWide: (on: boolean) =>
    sandbox.secrets.put(JSON.stringify(on ? wide.credentials : egain.credentials)),
  useOther: (credentials: ClientCredentials) => sandbox.secrets.put(JSON.stringify(credentials)),
  forget: sandbox.forget,
  recycle: () => Promise.all(FUNCTIONS.map((name) => sandbox.functionNamed(name).recycle())),
});
process.on('SIGTERM', () => {
  void Promise.all([sandbox.stop(), wide.close()]).then(() => process.exit());
});
