import { startChild } from './child.ts';
import { type Answered, type Containers, startContainers } from './containers.ts';
import { atMost, quantile, type Section, show, table } from './statistics.ts';
import type { Subjects } from './subjects.ts';
import type { EgainFacts, World } from './world.ts';

const CONTAINERS = 8;
const PER_SECOND = 60;
const TURNS = 2;
/** A few hundred requests beside renewals, so that the slowest of a hundred is not one alone. */
const WELL_SECONDS = 120;
const HANGING_SECONDS = 25;
/** How often the stranger walks: out of step with the others. */
const STRANGER_SECONDS = 3.7;
/** Short, so that there are renewals enough; and longer than the 5 s by which clocks may differ. */
const FRESH_SECONDS = 6;
/** 14 pages. */
const UPSTREAM = { accounts: 1000, pageSize: 75, latencyMs: 50 } as const;
/** After this, each container has learnt of the renewal that is over. */
const SETTLED_MS = 500;
const MOST = 2;

/** What partners wait while a container renews, and while eGain hangs, beside a hit. */
export async function measureWaiting(world: World, subjects: Subjects): Promise<Section> {
  const well: Answered[] = [];
  const strangers: Answered[] = [];
  const hanging: Answered[] = [];
  const egain = await startChild('egain-child.ts');
  const facts = await egain.call<EgainFacts>('facts');
  await world.child.call('useOther', facts.credentials);
  for (let turn = 0; turn < TURNS; turn += 1) {
    await world.forget();
    await egain.call('set', UPSTREAM);
    const [containers, stranger] = await startAll(world, subjects, facts);
    try {
      const loads = [
        containers.load(PER_SECOND, WELL_SECONDS),
        stranger.load(1 / STRANGER_SECONDS, WELL_SECONDS),
      ] as const;
      well.push(...(await loads[0]));
      strangers.push(...(await loads[1]));
      await egain.call('set', { ...UPSTREAM, fault: 'hang' });
      hanging.push(...withoutFirst(await containers.load(PER_SECOND, HANGING_SECONDS)));
    } finally {
      await Promise.all([containers.stop(), stranger.stop()]);
    }
  }
  await Promise.all([egain.stop(), world.child.call('useWide', false)]);
  await world.forget();

  const renewing = well.filter(({ state }) => state === 'miss');
  const others = well.filter(({ state }) => state !== 'miss');
  const besideRenewal = others.filter((one) => overlapsAny(one, renewing, 0));
  const undisturbed = others.filter(
    (one) => one.state === 'hit' && !overlapsAny(one, renewing, SETTLED_MS),
  );
  const besideStranger = undisturbed.filter((one) => overlapsAny(one, strangers, 0));
  const hits = undisturbed.filter((one) => !overlapsAny(one, strangers, 0));
  const row = (what: string, of: readonly Answered[]) => {
    const ms = millisecondsOf(of);
    const [p50, p99, longest] = [0.5, 0.99, 1].map((share) => show(quantile(ms, share)));
    return [what, String(of.length), p50 ?? '', p99 ?? '', show(ratioOf(of, hits)), longest ?? ''];
  };
  return {
    text: [
      `${CONTAINERS} containers of ApiFunction's bundle, a process each, frozen while they have no event, over one table (dynalite); ${PER_SECOND} requests a second in all, each to the container that has been idle longest; 1,000 accounts, eGain at ${UPSTREAM.latencyMs} ms a page of ${UPSTREAM.pageSize}, 14 pages; fresh for ${FRESH_SECONDS} s, so that there are renewals enough. ${TURNS} turns of ${WELL_SECONDS} s with eGain well and ${HANGING_SECONDS} s with eGain hanging. A hit: nothing under way, and the last renewal half a second ago. The stranger: a container more, which shares nothing and walks the same pages; what it costs a hit is the processors that all of this shares, where in Lambda each container has its own. While eGain hangs: all that is not a hit, but for the first request of each turn; one container at a time tries again, and its request waits 5 s.`,
      table(
        ['', 'requests', 'p50, ms', 'p99, ms', "p99 against a hit's", 'longest, ms'],
        [
          row('a hit', hits),
          row('a hit while a stranger walks', besideStranger),
          row('while another container renews', besideRenewal),
          row('renewing, or waiting for it', renewing),
          row('while eGain hangs, from the second request on', hanging),
        ],
      ),
    ].join('\n\n'),
    targets: [
      atMost(
        "p99 of a partner's request while another container renews, 14 pages at 50 ms, against that of a hit",
        MOST,
        ratioOf(besideRenewal, hits),
      ),
      atMost(
        'p99 while eGain hangs and a snapshot may stand in, from the second request on, against that of a hit',
        MOST,
        ratioOf(hanging, hits),
      ),
    ],
  };
}

/** The containers that share, and one that does not and walks each time: the stranger. */
async function startAll(
  world: World,
  { api }: Subjects,
  { apiUrl, tokenUrl }: EgainFacts,
): Promise<[Containers, Containers]> {
  const environment: Record<string, string> = {
    ...api.environment,
    EGAIN_API_URL: apiUrl,
    EGAIN_TOKEN_URL: tokenUrl,
  };
  const { SHARED_TABLE_NAME: _table, ...alone } = environment;
  const sharing = { ...environment, CACHE_FRESH_SECONDS: String(FRESH_SECONDS) };
  return [
    await startContainers(world, api.event, CONTAINERS, sharing),
    await startContainers(world, api.event, 1, { ...alone, CACHE_FRESH_SECONDS: '0' }),
  ];
}

/** Who finds out that eGain hangs is not to be counted, nor who still had a fresh snapshot. */
function withoutFirst(answered: readonly Answered[]): Answered[] {
  return answered
    .filter(({ state }) => state !== 'hit')
    .toSorted((a, b) => a.askedAt - b.askedAt)
    .slice(1);
}

/** Whether it was under way while one of the others was, or so long after. */
function overlapsAny(one: Answered, others: readonly Answered[], afterMs: number): boolean {
  return others.some(
    (other) => one.askedAt < other.answeredAt + afterMs && one.answeredAt > other.askedAt,
  );
}

function millisecondsOf(answered: readonly Answered[]): number[] {
  return answered.map(({ askedAt, answeredAt }) => answeredAt - askedAt);
}

/** Of the two p99. */
function ratioOf(of: readonly Answered[], hits: readonly Answered[]): number {
  return quantile(millisecondsOf(of), 0.99) / quantile(millisecondsOf(hits), 0.99);
}
