/**
 * The simulated eGain in a process of its own, so that its pages are not made by the processor time
 * of the table that the containers share.
 */
import { startEgain } from '../sandbox/egain/egain.ts';
import { exampleAccounts } from '../sandbox/egain/example-accounts.ts';
import { serveChild } from './child.ts';
import type { EgainFacts, UpstreamState } from './world.ts';

const egain = await startEgain({ accounts: 0 });

serveChild({
  facts(): EgainFacts {
    const { apiUrl, tokenUrl, credentials } = egain;
    return { apiUrl, tokenUrl, credentials };
  },
  set({ accounts, pageSize = 25, ...mode }: UpstreamState) {
    egain.setAccounts(exampleAccounts(accounts), pageSize);
    egain.setMode(mode);
  },
});
process.on('SIGTERM', () => {
  void egain.close().then(() => process.exit());
});
