import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { exampleAccounts } from '../sandbox/egain/example-accounts.ts';
import { apiEvent } from './api-event.ts';
import { type Section, show, summarise } from './figures.ts';
import type { Bundle, World } from './functions.ts';

const CHILD = fileURLToPath(new URL('import-child.mjs', import.meta.url));

interface Start {
  readonly statusCode: number;
  readonly importMs: number;
  readonly answerMs: number;
}

/** The columns of the table: import, first answer, and both. */
const TIMES: readonly ((start: Start) => number)[] = [
  ({ importMs }) => importMs,
  ({ answerMs }) => answerMs,
  ({ importMs, answerMs }) => importMs + answerMs,
];

/** New processes of ApiFunction and of the common way: import, and the first answer. */
export async function measureImport(world: World, runs: number): Promise<Section> {
  const { sandbox, egain, common } = world;
  // Fresh for as long as the starts take.
  const environment = { ...world.ours.environment, CACHE_FRESH_SECONDS: '600' };
  const ours: Bundle = { ...world.ours, environment };
  egain.setAccounts(exampleAccounts(25), 25);
  await sandbox.forget();
  const starts = new Map<Bundle, Start[]>([
    [ours, []],
    [common, []],
  ]);
  // The first round fills the disk's cache and the table, and does not count.
  for (let run = -1; run < runs; run += 1) {
    for (const [bundle, counted] of starts) {
      const start = await startOnce(bundle);
      if (run >= 0) counted.push(start);
    }
  }
  const timesOf = (bundle: Bundle) =>
    TIMES.map((time) => summarise((starts.get(bundle) ?? []).map(time)));
  const rowOf = (bundle: Bundle) => [
    bundle.name,
    show(bundle.kilobytes),
    ...timesOf(bundle).map(({ median }) => show(median)),
  ];
  const commonTimes = timesOf(common);
  const ratios = timesOf(ours).map(({ least }, index) => least / (commonTimes[index]?.least ?? 0));
  return {
    about: `${runs} new processes each, in turn; 25 accounts on one page, a snapshot in the table, eGain at 0 ms. Times are medians in ms; the last row divides the least times.`,
    head: ['', 'module, KB', 'import', 'first answer', 'both'],
    rows: [
      rowOf(ours),
      rowOf(common),
      ['ratio', ...[ours.kilobytes / common.kilobytes, ...ratios].map(show)],
    ],
    held: [
      {
        what: 'import of ApiFunction against the common way',
        measured: ratios[0] ?? Number.NaN,
        limit: 0.36,
      },
      { what: 'bundle of ApiFunction, KB', measured: ours.kilobytes, limit: 330 },
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
