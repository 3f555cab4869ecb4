import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type EgainFault, PAGES } from '../support/simulated-egain.ts';
import type { TableFault } from '../support/simulated-table.ts';
import {
  type Caller,
  FRESH_MS,
  type Outcome,
  type PutFate,
  type Scenario,
  SKEW_MS,
  simulate,
  TASK_MS,
} from '../support/simulation.ts';
import {
  expectAnnounced,
  expectCommitsToGrow,
  expectContract,
  expectMonotonic,
  expectShortWaits,
  expectVersionsToTellContents,
  expectWellFrom,
  expectWholeAndRecent,
  expectWholeExports,
  expectWithinBudget,
  shownIn,
  stateOf,
  wasTrueAt,
} from '../support/simulation-rules.ts';

/** Until then anything may happen; from then on nothing goes wrong any more. */
const TROUBLE_MS = 240_000;
/** After two periods, and what a page walk and a lock take. */
const WELL_MS = TROUBLE_MS + 2 * FRESH_MS;
const END_MS = WELL_MS + 60_000;
/** For more scenarios, or others: `SEED=7 RUNS=400 npm run test:long -- simulation`. */
const SEED = Number(process.env['SEED'] ?? 20_260_101);
const RUNS = Number(process.env['RUNS'] ?? 0);

/** How wrong a clock is that is wrong. */
const WRONG_MS = 600_000;

const moment = fc.integer({ min: 0, max: TROUBLE_MS });
/** A call that hangs, hangs on when all else is well: a task waits for it as long as it lives. */
const endOf = (kind: string) => (kind === 'hangs' ? TROUBLE_MS - TASK_MS : TROUBLE_MS);
const spellsOf = <Kind extends string>(...kinds: readonly Kind[]) =>
  fc.array(
    fc
      .record({
        at: moment,
        ms: fc.integer({ min: 1, max: 60_000 }),
        kind: fc.constantFrom(...kinds),
      })
      .map(({ at, ms, kind }) => ({ at, kind, ms: Math.min(ms, endOf(kind) - at) })),
    { maxLength: 4 },
  );
const HICCUPS = ['refuses one', 'loses one answer', 'is silent once'] as const;
const tableFaults = spellsOf<TableFault>('lags', 'slow', 'away', 'answer lost', ...HICCUPS);
const egainFaults = spellsOf<EgainFault>(
  'away',
  'fails',
  'hangs',
  'makes no sense',
  'throttles',
  'refuses',
  'restricts',
);
const container = fc.nat(4);

/** Each container is asked again and again, to the end. */
const REGULAR = Array.from({ length: 40 }, (_, index) => ({
  at: (index * END_MS) / 40,
  container: index,
  caller: index % 2 === 0 ? ('partner' as const) : ('poller' as const),
}));

/** Partners' requests, and others by chance. */
const requestsOf = (caller: fc.Arbitrary<Caller>) =>
  fc
    .array(fc.record({ at: fc.nat(END_MS), container, caller }), { minLength: 30, maxLength: 120 })
    .map((some) => some.concat(REGULAR));

const base = {
  offsets: fc.array(fc.nat(SKEW_MS), { minLength: 1, maxLength: 5 }),
  requests: requestsOf(
    fc.oneof(
      { weight: 7, arbitrary: fc.constant<Caller>('partner') },
      { weight: 2, arbitrary: fc.constant<Caller>('poller') },
      { weight: 1, arbitrary: fc.constant<Caller>('workflow') },
    ),
  ),
  changes: fc.array(moment, { maxLength: 8 }),
  roundTripMs: fc.constantFrom(5, 50, 700, 3000),
  // A workflow's three pages may each wait for the budget of calls as long as a task lives.
  endMs: fc.constant(END_MS + 3 * TASK_MS),
};
/** Also while the table is first read. */
const freezes = fc.array(
  fc.record({
    at: fc.oneof(fc.nat(8), fc.nat(TROUBLE_MS - 40_000)),
    container,
    ms: fc.nat(40_000),
  }),
  { maxLength: 3 },
);
const trouble = {
  tableFaults,
  egainFaults,
  kills: fc.array(fc.record({ at: moment, container }), { maxLength: 4 }),
  freezes,
};
const quiet = {
  tableFaults: fc.constant<Scenario['tableFaults']>([]),
  egainFaults: fc.constant<Scenario['egainFaults']>([]),
  kills: fc.constant<Scenario['kills']>([]),
  freezes: fc.constant<Scenario['freezes']>([]),
};

async function holds(
  scenarios: fc.Arbitrary<Scenario>,
  numRuns: number,
  judge: (outcome: Outcome, scenario: Scenario) => void,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(scenarios, async (scenario) => {
      judge(await simulate(scenario), scenario);
    }),
    { numRuns: RUNS || numRuns, seed: SEED, endOnFailure: RUNS > 0 },
  );
}

test('whatever fails, and when, answers are as the contract says: whole, recent and never older than before; and all is well soon after', async () => {
  expect.hasAssertions();
  await holds(fc.record({ ...base, ...trouble }), 100, (outcome, scenario) => {
    expectContract(outcome, scenario);
    expectWholeAndRecent(outcome);
    expectWholeExports(outcome);
    expectMonotonic(outcome);
    expectVersionsToTellContents(outcome);
    expectCommitsToGrow(outcome);
    expectWellFrom(WELL_MS, outcome);
  });
});

describe('where eGain and the table are well', () => {
  test('a snapshot that another renews is answered for one more period, and no longer', async () => {
    await holds(fc.record({ ...base, ...quiet }), 20, (outcome, scenario) => {
      expectContract(outcome, scenario);
      for (const each of shownIn(outcome)) {
        const since = Math.min(each.at - 2 * FRESH_MS, each.askedAt);
        expect(wasTrueAt(outcome, each, since)).toBe(true);
        expect(each.at - each.askedAt).toBeLessThan(25_000);
      }
    });
  });

  test('one walk a period is enough for all, and one for each that a freeze interrupts', async () => {
    const partners = fc.record({
      ...base,
      ...quiet,
      requests: requestsOf(fc.constant('partner')),
      // One after the other, to the end.
      tableFaults: fc
        .array(fc.constantFrom(...HICCUPS), { maxLength: 12 })
        .map((kinds) => kinds.map((kind, index) => ({ at: index * 30_000, ms: 30_000, kind }))),
      freezes,
    });
    await holds(partners, 40, ({ pageCalls, tokenCalls }, scenario) => {
      const periods = Math.ceil(END_MS / (FRESH_MS - SKEW_MS)) + scenario.freezes.length;
      expect(pageCalls.length / PAGES).toBeLessThanOrEqual(periods);
      expect(tokenCalls.length).toBeLessThanOrEqual(
        Math.ceil(END_MS / 30_000) + scenario.freezes.length,
      );
    });
  });

  test('a container whose clock is wrong by ten minutes leaves nobody without an answer, and no workflow with what is old', async () => {
    const scenarios = fc.record({
      ...base,
      ...quiet,
      offsets: fc
        .tuple(base.offsets, fc.constantFrom(-WRONG_MS, WRONG_MS))
        .map(([offsets, wrong]) => offsets.concat(wrong)),
    });
    await holds(scenarios, 40, (outcome) => {
      const failed = new Set(outcome.answers).difference(new Set(shownIn(outcome)));
      for (const each of failed) {
        expect(each).toMatchObject({ result: { name: 'SnapshotExpired' } });
      }
      for (const each of outcome.answers) {
        const since = Math.min(each.at - FRESH_MS, each.askedAt);
        expect(each.by === 'api' || wasTrueAt(outcome, each, since)).toBe(true);
      }
      const walks = Math.ceil(END_MS / (FRESH_MS - SKEW_MS));
      expect(outcome.pageCalls.length / PAGES).toBeLessThanOrEqual(3 * walks);
    });
  });
});

test('nobody waits long for what hangs, whoever has asked for it, while a snapshot may stand in', async () => {
  expect.hasAssertions();
  const scenarios = fc.record({
    ...base,
    ...quiet,
    egainFaults: spellsOf<EgainFault>('hangs', 'away', 'fails'),
    roundTripMs: fc.constantFrom(5, 50, 700),
  });
  await holds(scenarios, 30, expectShortWaits);
});

test('once eGain has refused the credentials nothing is shown until a walk has succeeded', async () => {
  const scenarios = fc.record({
    ...base,
    ...quiet,
    egainFaults: spellsOf<EgainFault>('refuses', 'restricts', 'fails'),
  });
  await holds(scenarios, 30, (outcome) => {
    for (const each of shownIn(outcome).filter((answer) => stateOf(answer) === 'stale')) {
      const refused = outcome.refusals.findLast((at) => at < each.askedAt - 1000) ?? -1;
      const committed = outcome.commits.findLast(({ at }) => at <= each.at)?.at ?? -1;
      expect(committed).toBeGreaterThanOrEqual(refused);
    }
  });
});

test('no minute has more calls than the budget, whoever makes them, nor of one container while the table is away', async () => {
  expect.hasAssertions();
  const scenarios = fc.record({ ...base, ...trouble, callsPerMinute: fc.constantFrom(4, 9, 20) });
  await holds(scenarios, 45, (outcome, scenario) => {
    expectWithinBudget(outcome, scenario);
    expectContract(outcome, scenario);
    expectWholeAndRecent(outcome);
    expectMonotonic(outcome);
  });
});

const scheduled = (containers: fc.Arbitrary<number>) =>
  fc.record({ everyMs: fc.constant(60_000), containers });

describe('the announcement of changes', () => {
  // Some come when all is well, as they do.
  const changes = fc.array(fc.integer({ min: 0, max: END_MS }), { maxLength: 8 });

  test('names the content that there is within a period, whatever fails, dies or comes twice', async () => {
    expect.hasAssertions();
    const schedule = scheduled(fc.constantFrom(1, 2));
    const fates = fc.array(
      fc.constantFrom<PutFate>('taken', 'refused', 'dies before', 'dies after'),
      { maxLength: 6 },
    );
    const puts = fc.record({ fates, untilMs: fc.constant(TROUBLE_MS) });
    const scenarios = fc.record({ ...base, ...trouble, changes, schedule, puts });
    await holds(scenarios, 60, (outcome, scenario) => {
      expectAnnounced(WELL_MS, outcome, scenario);
    });
  });

  test('comes once for each content where nothing fails', async () => {
    const schedule = scheduled(fc.constant(1));
    await holds(fc.record({ ...base, ...quiet, changes, schedule }), 20, (outcome, scenario) => {
      expectAnnounced(0, outcome, scenario);
      const hashes = outcome.announced.map(({ hash }) => hash);
      expect(hashes.filter((hash, index) => hash === hashes[index - 1])).toEqual([]);
    });
  });
});
