import { type ColdStart, coldStarts } from './cold.ts';
import {
  atMost,
  type Section,
  show,
  showSummary,
  summarise,
  type Target,
  table,
} from './statistics.ts';
import type { Subject, Subjects } from './subjects.ts';
import type { World } from './world.ts';

const RUNS = 15;
const SIZES = [25, 1000] as const;

/** A new container's first answer where others have left a snapshot, beside one that is alone. */
export async function measureNewcomer(world: World, subjects: Subjects): Promise<Section> {
  const { SHARED_TABLE_NAME: _table, ...alone } = subjects.api.environment;
  const newcomer: Subject = {
    ...subjects.api,
    name: 'a snapshot in the table',
    // Fresh for as long as the starts take.
    environment: { ...subjects.api.environment, CACHE_FRESH_SECONDS: '600' },
  };
  const lonely: Subject = { ...subjects.api, name: '`cache.shared: false`', environment: alone };
  const rows: string[][] = [];
  const targets: Target[] = [];
  let calls = 0;
  for (const accounts of SIZES) {
    await world.set({ accounts, latencyMs: 0 });
    await world.forget();
    // The round that does not count leaves the snapshot.
    const starts = await coldStarts([newcomer, lonely], RUNS, () => callsOf(world));
    const of = (subject: Subject, key: keyof ColdStart) =>
      (starts.get(subject) ?? []).map((start) => start[key]);
    const wall = (subject: Subject) => summarise(of(subject, 'wallMs'));
    const ratio = wall(newcomer).median / wall(lonely).median;
    for (const subject of [newcomer, lonely]) {
      rows.push([
        `${accounts.toLocaleString('en-US')} accounts, ${subject.name}`,
        showSummary(wall(subject)),
        showSummary(summarise(of(subject, 'answerMs'))),
        showSummary(summarise(of(subject, 'cpuMs'))),
        show(wall(subject).median / wall(lonely).median),
        String(Math.max(...of(subject, 'calls'))),
      ]);
    }
    calls = Math.max(calls, ...of(newcomer, 'calls'));
    const what = `first answer of a new container, ${accounts.toLocaleString('en-US')} accounts in the table: spawn to answer against \`cache.shared: false\` with eGain at 0 ms`;
    targets.push(atMost(what, 1, ratio));
  }
  await world.forget();
  return {
    text: [
      `${RUNS} starts each, interleaved; eGain at 0 ms with pages of 25; ms. Calls to eGain: the most that a start made, for pages and tokens.`,
      table(['', 'spawn to answer', 'first answer', 'CPU', 'ratio', 'calls to eGain'], rows),
    ].join('\n\n'),
    targets: [
      ...targets,
      { ...atMost('calls to eGain until then', 0, calls), measured: String(calls) },
    ],
  };
}

async function callsOf(world: World): Promise<number> {
  const { token, accounts } = await world.calls();
  return token + accounts;
}
