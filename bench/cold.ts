import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { atMost, type Section, show, showSummary, summarise, table } from './statistics.ts';
import type { Subject, Subjects } from './subjects.ts';
import type { World } from './world.ts';

const CHILD = fileURLToPath(new URL('cold-child.mjs', import.meta.url));
const RUNS = 15;

export interface ColdStart {
  /** From the spawn to the first answer. */
  readonly wallMs: number;
  readonly importMs: number;
  /** From the loaded module to the first answer. */
  readonly answerMs: number;
  /** Processor time of the process until then. */
  readonly cpuMs: number;
  /** By how much what was to be counted grew. */
  readonly calls: number;
}

/** Process start, module loaded, first answer: the functions and their peers, interleaved. */
export async function measureCold(world: World, subjects: Subjects): Promise<Section> {
  await world.set({ accounts: 25, latencyMs: 0 });
  const order = ['empty', 'api', 'task', 'authorizer', 'common', 'careful'] as const;
  const starts = await coldStarts(
    order.map((name) => subjects[name]),
    RUNS,
  );
  const of = (name: (typeof order)[number], key: keyof ColdStart) =>
    summarise((starts.get(subjects[name]) ?? []).map((start) => start[key]));
  const bare = of('empty', 'wallMs').median;
  const own = (name: (typeof order)[number]) => of(name, 'wallMs').median - bare;
  const importRatio = of('api', 'importMs').median / of('common', 'importMs').median;
  const startRatio = own('api') / own('common');

  const rows = order.map((name) => [
    subjects[name].name,
    show(subjects[name].size / 1000),
    showSummary(of(name, 'importMs')),
    showSummary(of(name, 'answerMs')),
    showSummary(of(name, 'wallMs')),
    show(own(name)),
    showSummary(of(name, 'cpuMs')),
  ]);
  return {
    text: [
      `${RUNS} starts each, interleaved; eGain at 0 ms with 25 accounts on one page; ms.`,
      table(
        ['', 'module, KB', 'import', 'first answer', 'spawn to answer', 'less the floor', 'CPU'],
        rows,
      ),
      `Import, ApiFunction against the common way: ${show(importRatio)}; against the careful way: ${show(
        of('api', 'importMs').median / of('careful', 'importMs').median,
      )}. Spawn to first answer less the floor: ${show(startRatio)} and ${show(own('api') / own('careful'))}.`,
    ].join('\n\n'),
    targets: [
      atMost('cold: import of ApiFunction against the common way', 0.33, importRatio),
      atMost(
        "cold: spawn to first answer less the bare process's own time, against the common way",
        0.5,
        startRatio,
      ),
      atMost('bundle of ApiFunction, KB', 290, subjects.api.size / 1000),
      atMost('bundle of AuthorizerFunction, KB', 120, subjects.authorizer.size / 1000),
    ],
  };
}

/**
 * Starts each subject `runs` times, in turn; a first round warms the disk and does not count.
 *
 * @param count tells how many calls there were so far, of a kind that is to be counted
 */
export async function coldStarts(
  subjects: readonly Subject[],
  runs: number,
  count: () => Promise<number> = async () => 0,
): Promise<Map<Subject, ColdStart[]>> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-cold-'));
  const starts = new Map<Subject, ColdStart[]>(subjects.map((subject) => [subject, []]));
  try {
    for (let run = -1; run < runs; run += 1) {
      for (const subject of subjects) {
        const before = await count();
        const start = await coldStart(subject, folder);
        const calls = (await count()) - before;
        if (run >= 0) starts.get(subject)?.push({ ...start, calls });
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return starts;
}

async function coldStart(subject: Subject, folder: string): Promise<Omit<ColdStart, 'calls'>> {
  const eventFile = join(folder, 'event.json');
  writeFileSync(eventFile, JSON.stringify(subject.event));
  const began = performance.now();
  const child = spawn(process.execPath, [CHILD, subject.module, eventFile], {
    env: { ...subject.environment },
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  });
  const pipe = child.stdio[3] as Readable;
  let wallMs = Number.NaN;
  pipe.once('readable', () => {
    wallMs = performance.now() - began;
  });
  const report = await text(pipe);
  const start = JSON.parse(report) as ColdStart & { readonly failed: boolean };
  if (start.failed) throw new Error(`${subject.name} did not answer its first event`);
  return { ...start, wallMs };
}
