/**
 * `npm run chaos`: real processes of ApiFunction's bundle share a table and an eGain whose accounts
 * change, and are killed at any moment. What partners would have got is held to the contract.
 */
import { parseArgs } from 'node:util';
import { AWAY_MS } from '../../lambda/platform/table.ts';
import { LEASE_MS } from '../../lambda/snapshot/shared-state.ts';
import { type History, violations } from './invariants.ts';
import { type ChaosOptions, FRESH_MS, runChaos } from './run.ts';

const USAGE = 'Usage: npm run chaos [-- --seconds <n>] [--containers <n>] [--seed <n>]';

const options = readOptions();
if (options === undefined) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  const { containers, seconds, seed } = options;
  console.log(`${containers} containers, ${seconds} seconds, --seed ${seed}`);
  process.exitCode = report(await runChaos(options));
}

function report(history: History): number {
  const broken = violations(history, { freshMs: FRESH_MS, leaseMs: LEASE_MS, aloneMs: AWAY_MS });
  const { observations, generations, walks, started, kills, tokenCalls, tableFailures } = history;
  const byCode = Object.groupBy(observations, ({ status, code }) => code ?? String(status));
  const answers = Object.entries(byCode).map(([code, all = []]) => `${all.length} of ${code}`);
  console.log(`${started} processes, ${kills} killed; answers: ${answers.join(', ')}`);
  console.log(
    `${generations.length} generations, ${walks.length} walks, ${tokenCalls} tokens, ` +
      `${tableFailures} failures of the table`,
  );
  for (const line of new Set(broken)) console.log(`broken: ${line}`);
  console.log(broken.length === 0 ? 'All held.' : `${broken.length} broken.`);
  return broken.length === 0 ? 0 : 1;
}

function readOptions(): ChaosOptions | undefined {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: 'string', default: '60' },
        containers: { type: 'string', default: '8' },
        seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      },
    });
    const { seconds, containers, seed } = values;
    if (![seconds, containers, seed].every((text) => /^\d{1,6}$/.test(text))) return undefined;
    return { seconds: Number(seconds), containers: Number(containers), seed: Number(seed) };
  } catch {
    return undefined;
  }
}
