import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type EgainFault,
  FRESH_MS,
  type Observed,
  type Outcome,
  type Scenario,
  SKEW_MS,
  STALE_MS,
  simulate,
  type TableFault,
} from '../../../support/simulation.ts';

/** Until then anything may happen; from then on nothing goes wrong any more. */
const TROUBLE_MS = 240_000;
/** After two periods, and what a walk and a lease take. */
const WELL_MS = TROUBLE_MS + 2 * FRESH_MS;
const END_MS = WELL_MS + 60_000;
const SEED = 20_260_101;

const moment = fc.integer({ min: 0, max: TROUBLE_MS });
const spellsOf = <Kind extends string>(...kinds: readonly Kind[]) =>
  fc.array(
    fc
      .record({
        at: moment,
        ms: fc.integer({ min: 1, max: 60_000 }),
        kind: fc.constantFrom(...kinds),
      })
      .map(({ at, ms, kind }) => ({ at, kind, ms: Math.min(ms, TROUBLE_MS - at) })),
    { maxLength: 4 },
  );
const tableFaults = spellsOf<TableFault>('slow', 'away', 'answer lost');
const egainFaults = spellsOf<EgainFault>('down', 'hangs', 'throttles', 'refuses');
const container = fc.nat(4);

/** Each container is asked again and again, to the end. */
const REGULAR = Array.from({ length: 40 }, (_, index) => ({
  at: (index * END_MS) / 40,
  container: index,
  task: false,
}));

/** Partners' requests, and others by chance. */
const requestsOf = (task: fc.Arbitrary<boolean>) =>
  fc
    .array(fc.record({ at: fc.nat(END_MS), container, task }), { minLength: 30, maxLength: 120 })
    .map((some) => some.concat(REGULAR));

const base = {
  offsets: fc.array(fc.nat(SKEW_MS), { minLength: 1, maxLength: 5 }),
  requests: requestsOf(fc.nat(9).map((digit) => digit === 0)),
  changes: fc.array(moment, { maxLength: 8 }),
  pageMs: fc.constantFrom(5, 50, 700, 3000),
  endMs: fc.constant(END_MS + 60_000),
};
const trouble = {
  tableFaults,
  egainFaults,
  kills: fc.array(fc.record({ at: moment, container }), { maxLength: 4 }),
  freezes: fc.array(fc.record({ at: fc.nat(TROUBLE_MS - 40_000), container, ms: fc.nat(40_000) }), {
    maxLength: 3,
  }),
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
    { numRuns, seed: SEED },
  );
}

/** The last moment at which eGain had the content that was answered. */
const trueUntil = (outcome: Outcome, { version = -1 }: Observed) => outcome.supersededAt(version);

const answersOf = ({ observed }: Outcome) => observed.filter(({ answer }) => answer !== undefined);

/** An answer is one whole content, no older than is allowed, and nobody is left without one. */
function expectWholeAndRecent(outcome: Outcome): void {
  expect(outcome.unanswered).toBe(0);
  for (const each of answersOf(outcome)) {
    expect(each.version).toBeDefined();
    expect(each.answer?.ageSeconds).toBeGreaterThanOrEqual(0);
    const { state } = each.answer ?? {};
    const allowed = each.task ? FRESH_MS : state === 'stale' ? STALE_MS : FRESH_MS + SKEW_MS;
    // What a walk brings is of its beginning, and whoever walked it may have it.
    const since = Math.min(each.at - allowed, each.askedAt);
    expect(trueUntil(outcome, each)).toBeGreaterThanOrEqual(since);
  }
}

/** No container goes back to an older content. */
function expectMonotonic(outcome: Outcome): void {
  const latest = new Map<number, number>();
  for (const { process, version = -1 } of answersOf(outcome)) {
    expect(version).toBeGreaterThanOrEqual(latest.get(process) ?? 0);
    latest.set(process, version);
  }
}

/** No two commits have one revision. */
function expectRevisionsToGrow({ revisions }: Outcome): void {
  expect(revisions).toEqual([...new Set(revisions)].toSorted((a, b) => a - b));
}

/** Two periods after the last fault everything is fresh. */
function expectWellAgain(outcome: Outcome): void {
  for (const each of outcome.observed.filter(({ askedAt }) => askedAt > WELL_MS)) {
    expect(each.error).toBeUndefined();
    expect(trueUntil(outcome, each)).toBe(Number.POSITIVE_INFINITY);
  }
}

test('whatever fails, and when, answers are whole, recent and never older than before, revisions grow, and all is well soon after', async () => {
  expect.hasAssertions();
  await holds(fc.record({ ...base, ...trouble }), 100, (outcome) => {
    expectWholeAndRecent(outcome);
    expectMonotonic(outcome);
    expectRevisionsToGrow(outcome);
    expectWellAgain(outcome);
  });
});

describe('where eGain and the table are well', () => {
  test('a snapshot that another renews is answered for one more period, and no longer', async () => {
    await holds(fc.record({ ...base, ...quiet }), 25, (outcome) => {
      for (const each of answersOf(outcome)) {
        const since = Math.min(each.at - 2 * FRESH_MS, each.askedAt);
        expect(trueUntil(outcome, each)).toBeGreaterThanOrEqual(since);
        expect(each.at - each.askedAt).toBeLessThan(25_000);
      }
    });
  });

  test('one walk a period is enough for all', async () => {
    const partners = fc.record({ ...base, ...quiet, requests: requestsOf(fc.constant(false)) });
    await holds(partners, 25, ({ pageCalls, tokenCalls }, { endMs }) => {
      const periods = Math.ceil(endMs / (FRESH_MS - SKEW_MS));
      expect(pageCalls.length / 3).toBeLessThanOrEqual(periods);
      expect(tokenCalls.length).toBeLessThanOrEqual(Math.ceil(endMs / 30_000));
    });
  });
});

test('once eGain has refused the credentials nothing is shown until a walk has succeeded', async () => {
  const scenarios = fc.record({
    ...base,
    ...quiet,
    egainFaults: spellsOf<EgainFault>('refuses', 'down'),
  });
  await holds(scenarios, 40, (outcome) => {
    for (const each of answersOf(outcome).filter(({ answer }) => answer?.state === 'stale')) {
      const refused = outcome.refusals.findLast((at) => at < each.askedAt - 1000) ?? -1;
      const committed = outcome.commits.findLast((at) => at <= each.at) ?? -1;
      expect(committed).toBeGreaterThanOrEqual(refused);
    }
  });
});

test('no minute has more calls than the budget, whoever makes them', async () => {
  expect.hasAssertions();
  const scenarios = fc.record({
    ...base,
    ...trouble,
    callsPerMinute: fc.constantFrom(4, 9, 20),
  });
  await holds(scenarios, 60, ({ pageCalls, tokenCalls }, { callsPerMinute = 0 }) => {
    const calls = [...pageCalls, ...tokenCalls].toSorted((a, b) => a - b);
    const tooClose = calls.filter((at, index) => {
      const first = calls[index - callsPerMinute];
      return first !== undefined && at - first < 60_000;
    });
    expect(tooClose).toEqual([]);
  });
});

test('a task is not taken in by a clock that is ahead of its own', async () => {
  const scenario: Scenario = {
    offsets: [SKEW_MS, 0],
    requests: [
      { at: 0, container: 0, task: false },
      { at: 31_000, container: 1, task: false },
      { at: 32_000, container: 1, task: true },
    ],
    tableFaults: [],
    egainFaults: [],
    changes: [500],
    kills: [],
    freezes: [],
    pageMs: 50,
    endMs: 60_000,
  };

  const { observed } = await simulate(scenario);

  expect(observed.map(({ version }) => version)).toEqual([0, 0, 1]);
});
