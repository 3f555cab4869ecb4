import { startChild } from './child.ts';
import { atMost, type Section, show, showSummary, summarise, table } from './statistics.ts';
import type { World } from './world.ts';

const LATENCY_MS = 50;
const PAGE = 100;
const IN_FLIGHT = 4;
const SIZES = [
  { accounts: 1000, runs: 5 },
  { accounts: 10_000, runs: 7 },
  { accounts: 100_000, runs: 1 },
] as const;

/** What one walk took. */
export interface Walk {
  readonly milliseconds: number;
  readonly accounts: number;
  /** What the accounts take once the walk is over. */
  readonly keptBytes: number;
  /** The most that was alive at a time, where that was sampled. */
  readonly liveBytes: number;
  /** By how much the process grew at most. */
  readonly residentBytes: number;
}

/** Walks over all accounts, at a latency that makes the concurrency count. */
export async function measureWalk(world: World): Promise<Section> {
  await world.child.call('useWide', true);
  try {
    return await walkAll(world);
  } finally {
    await world.child.call('useWide', false);
  }
}

async function walkAll(world: World): Promise<Section> {
  const rows: string[][] = [];
  let overLimit = Number.NaN;
  let resident = Number.NaN;
  for (const { accounts, runs } of SIZES) {
    await world.set({ accounts, latencyMs: LATENCY_MS });
    const walks: Walk[] = [];
    for (let run = 0; run < runs; run += 1) walks.push(await walkOnce(world, false));
    const other = walks.find((walk) => walk.accounts !== accounts);
    if (other !== undefined) throw new Error(`a walk gave ${other.accounts} of ${accounts}`);
    // Collecting garbage for the samples takes its time, so this walk's is not counted.
    await world.set({ accounts, latencyMs: 0 });
    const live = await walkOnce(world, true);
    const pages = Math.ceil(accounts / PAGE);
    const limit = (1 + Math.ceil((pages - 1) / IN_FLIGHT)) * LATENCY_MS;
    const milliseconds = summarise(walks.map((walk) => walk.milliseconds));
    const grown = summarise(walks.map((walk) => walk.residentBytes));
    if (accounts === 10_000) overLimit = milliseconds.median / limit;
    if (accounts === 100_000) resident = grown.median / live.keptBytes;
    rows.push([
      accounts.toLocaleString('en-US'),
      String(pages),
      showSummary(milliseconds),
      show(limit),
      show(milliseconds.median / limit),
      ...[live.keptBytes, live.liveBytes, grown.median].map((bytes) => show(bytes / 1e6)),
      show(live.liveBytes / live.keptBytes),
      show(grown.median / live.keptBytes),
    ]);
  }
  const head = ['accounts', 'pages', 'time, ms', 'limit, ms', 'ratio', 'kept, MB'];
  return {
    text: [
      `eGain at ${LATENCY_MS} ms, pages of ${PAGE}, ${IN_FLIGHT} in flight. The limit: the first page, then the others ${IN_FLIGHT} at a time, at ${LATENCY_MS} ms each and nothing else; the product also asks for the page after a full last one, to be sure that there is none. Live: what is reachable, at its most (sampled with a full collection, in a walk of its own); grown: what the process's resident memory grew by at its most, garbage included.`,
      table([...head, 'live, MB', 'grown, MB', 'live/kept', 'grown/kept'], rows),
    ].join('\n\n'),
    targets: [
      atMost('walk of 10,000 at 4 in flight against the limit', 1.15, overLimit),
      atMost('peak memory of a walk of 100,000 against the parsed accounts kept', 1.5, resident),
    ],
  };
}

async function walkOnce(world: World, sampleLive: boolean): Promise<Walk> {
  const environment = {
    ...world.functions.ApiFunction.environment,
    EGAIN_API_URL: world.wide.apiUrl,
    EGAIN_TOKEN_URL: world.wide.tokenUrl,
  };
  const child = await startChild('walk-child.ts', environment, [], ['--expose-gc']);
  try {
    return await child.call<Walk>('walk', sampleLive);
  } finally {
    await child.stop();
  }
}
