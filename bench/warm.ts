import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, startChild } from './child.ts';
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

const SIZES = [25, 1000, 10_000] as const;
const TURNS = 3;

interface Hits {
  readonly own: readonly number[];
  readonly stringify: readonly number[];
  readonly bytes: number;
}
interface Miss {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** The handler's own time: on a hit, with a page of 100; on a miss, beside the bare pages. */
export async function measureWarm(world: World, subjects: Subjects): Promise<Section> {
  const hits = await measureHits(world, subjects);
  const misses = await measureMisses(world, subjects);
  return { text: `${hits.text}\n\n${misses}`, targets: hits.targets };
}

/** What is asked of a snapshot that is there already; see `warm-child.ts`. */
type Asked = 'again' | 'unchanged' | 'new';

const HITS: readonly (readonly [accounts: number, asked: Asked, most: number | undefined])[] = [
  [25, 'again', undefined],
  [1000, 'again', 1],
  [10_000, 'again', 1],
  [1000, 'unchanged', 1],
  [10_000, 'unchanged', 1],
  [10_000, 'new', 6],
];
const WORDS: Readonly<Record<Asked, string>> = {
  again: 'the same question again',
  unchanged: 'the same, with its tag (304)',
  new: '`active=true`, for the first time',
};

async function measureHits(world: World, subjects: Subjects): Promise<Section> {
  const rows: string[][] = [];
  const targets: Target[] = [];
  for (const [accounts, asked, most] of HITS) {
    // What a row before left in the table has another size.
    await world.forget();
    await world.set({ accounts, latencyMs: 0 });
    const taken: Hits[][] = [[], []];
    for (let turn = 0; turn < TURNS; turn += 1) {
      // Anew each time, since what was asked once is remembered.
      for (const [index, subject] of [subjects.api, subjects.careful].entries()) {
        const child = await startHandler(subject);
        taken[index]?.push(await child.call<Hits>('hits', { seconds: 1, asked }));
        await child.stop();
      }
    }
    const [ours, careful] = taken.map((turns) => ({
      own: summarise(turns.flatMap(({ own }) => own)),
      stringify: summarise(turns.flatMap(({ stringify }) => stringify)),
      bytes: turns[0]?.bytes ?? 0,
    }));
    if (ours === undefined || careful === undefined) continue;
    const ratio = ours.own.median / ours.stringify.median;
    const besideCareful = ours.own.median / careful.own.median;
    const what = `hit, ${accounts.toLocaleString('en-US')} accounts, ${WORDS[asked]}`;
    if (most !== undefined) {
      targets.push(atMost(`${what}: time against \`JSON.stringify\` of the answer`, most, ratio));
    }
    if (accounts === 25 && asked === 'again') {
      targets.push(atMost(`${what}: time against the careful way`, 1.3, besideCareful));
    }
    rows.push([
      `${accounts.toLocaleString('en-US')}, ${WORDS[asked]}`,
      show(ours.bytes / 1000),
      showSummary(ours.stringify),
      showSummary(ours.own),
      show(ratio),
      showSummary(careful.own),
      show(besideCareful),
    ]);
  }
  const head = ['accounts, question', 'answer, KB', 'stringify, µs', 'ApiFunction, µs', 'ratio'];
  return {
    text: [
      'Hits, a page of 100; log lines and metrics written to nowhere. Ratios: to `JSON.stringify` of the answer, and to the careful way, which logs, checks and hashes nothing.',
      table([...head, 'the careful way, µs', 'ratio'], rows),
    ].join('\n\n'),
    targets,
  };
}

async function measureMisses(world: World, subjects: Subjects): Promise<string> {
  const rows: string[][] = [];
  const token = await egainToken(world);
  const { EGAIN_API_URL = '' } = subjects.api.environment;
  for (const accounts of SIZES) {
    await world.set({ accounts, latencyMs: 0 });
    const pages = Math.ceil(accounts / 25);
    // Nothing is fresh for longer than this, so each request is a miss.
    const ours = await startHandler(subjects.api, { CACHE_FRESH_SECONDS: '0' });
    const common = await startHandler(subjects.common);
    const bare = await startHandler(subjects.empty);
    const taken = { ours: [] as Miss[], common: [] as Miss[], bare: [] as Miss[] };
    for (let turn = -2; turn < (accounts > 1000 ? 5 : 15); turn += 1) {
      const url = `${EGAIN_API_URL}/accounts`;
      const of = {
        ours: await ours.call<Miss>('miss'),
        common: await common.call<Miss>('miss'),
        bare: await bare.call<Miss>('bare', { url, token, pages }),
      };
      if (turn < 0) continue;
      for (const key of ['ours', 'common', 'bare'] as const) taken[key].push(of[key]);
    }
    await Promise.all([ours.stop(), common.stop(), bare.stop()]);
    const cpu = (of: readonly Miss[]) => summarise(of.map(({ cpuMs }) => cpuMs));
    const wall = (of: readonly Miss[]) => summarise(of.map(({ wallMs }) => wallMs));
    rows.push([
      accounts.toLocaleString('en-US'),
      ...[taken.bare, taken.ours, taken.common].map((of) => showSummary(cpu(of))),
      show(cpu(taken.ours).median / cpu(taken.bare).median),
      ...[taken.bare, taken.ours, taken.common].map((of) => showSummary(wall(of))),
    ]);
  }
  const head = [
    'accounts',
    'bare, CPU ms',
    'ApiFunction, CPU ms',
    'the common way, CPU ms',
    'ratio',
  ];
  const wallHead = ['bare, ms', 'ApiFunction, ms', 'the common way, ms'];
  return [
    'Misses, eGain at 0 ms with pages of 25: processor time of the process (what is not waiting), ' +
      'and the time as a caller sees it. Bare: the same pages by `fetch` and `JSON.parse`, four at ' +
      'a time; ratio: ApiFunction against bare.',
    table([...head, ...wallHead], rows),
  ].join('\n\n');
}

/** A token of the simulated eGain's. */
async function egainToken(world: World): Promise<string> {
  const { EGAIN_TOKEN_URL = '', EGAIN_SCOPE = '' } = world.functions.ApiFunction.environment;
  const answer = await fetch(EGAIN_TOKEN_URL, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      scope: EGAIN_SCOPE,
      client_id: world.credentials.clientId,
      client_secret: world.credentials.clientSecret,
    }),
  });
  return ((await answer.json()) as { readonly access_token: string }).access_token;
}

async function startHandler(
  subject: Subject,
  environment: Readonly<Record<string, string>> = {},
): Promise<Child> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-warm-'));
  const eventFile = join(folder, 'event.json');
  writeFileSync(eventFile, JSON.stringify(subject.event));
  try {
    return await startChild('warm-child.ts', { ...subject.environment, ...environment }, [
      subject.module,
      eventFile,
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
