import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { exampleAccounts } from '../sandbox/egain/example-accounts.ts';
import { apiEvent } from './api-event.ts';
import { type Section, show, summarise, table } from './figures.ts';
import type { Bundle, World } from './functions.ts';
import { LIMITS } from './limits.ts';

const CHILD = fileURLToPath(new URL('import-child.mjs', import.meta.url));

interface Start {
  readonly statusCode: number;
  readonly importMs: number;
  readonly answerMs: number;
}

const importMs = (start: Start) => start.importMs;
const answerMs = (start: Start) => start.answerMs;

/** New processes of ApiFunction and of the common way: import, and the first answer. */
export async function measureImport(world: World, runs: number): Promise<Section> {
  const { sandbox, egain, common } = world;
  // Fresh for as long as the starts take.
  const environment = { ...world.ours.environment, CACHE_FRESH_SECONDS: '600' };
  const ours: Bundle = { ...world.ours, environment };
  egain.setAccounts(exampleAccounts(25), 25);
  await sandbox.forget();
  const bundles = [ours, common];
  const starts = new Map<Bundle, Start[]>(bundles.map((bundle) => [bundle, []]));
  // The first round fills the disk's cache and the table, and does not count.
  for (let run = -1; run < runs; run += 1) {
    for (const bundle of bundles) {
      const start = await startOnce(bundle);
      if (run >= 0) starts.get(bundle)?.push(start);
    }
  }
  const of = (bundle: Bundle, value: (start: Start) => number) =>
    summarise((starts.get(bundle) ?? []).map(value));
  const ratio = (value: (start: Start) => number) =>
    of(ours, value).least / of(common, value).least;
  const both = (start: Start) => start.importMs + start.answerMs;
  const row = (bundle: Bundle) => [
    bundle.name,
    show(bundle.kilobytes),
    show(of(bundle, importMs).median),
    show(of(bundle, answerMs).median),
    show(of(bundle, both).median),
  ];
  const ratios = [importMs, answerMs, both].map((value) => show(ratio(value)));
  return {
    text: [
      `${runs} new processes each, in turn; 25 accounts on one page, a snapshot in the table, eGain at 0 ms. Times are medians in ms; the last row divides the least times.`,
      table(
        ['', 'module, KB', 'import', 'first answer', 'both'],
        [row(ours), row(common), ['ratio', show(ours.kilobytes / common.kilobytes), ...ratios]],
      ),
    ].join('\n\n'),
    held: [
      {
        what: 'import of ApiFunction against the common way',
        measured: ratio(importMs),
        limit: LIMITS.importRatio,
      },
      {
        what: 'bundle of ApiFunction, KB',
        measured: ours.kilobytes,
        limit: LIMITS.bundleKilobytes,
      },
    ],
  };
}

async function startOnce({ name, module, environment }: Bundle): Promise<Start> {
  const child = spawn(process.execPath, [CHILD, module, JSON.stringify(apiEvent())], {
    env: { ...environment },
    // Its report comes by descriptor 3, because the function logs to stdout.
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  });
  const report = await text(child.stdio[3] as Readable);
  const start = JSON.parse(report || '{}') as Partial<Start>;
  if (start.statusCode !== 200) throw new Error(`${name} did not answer its first question`);
  return start as Start;
}
