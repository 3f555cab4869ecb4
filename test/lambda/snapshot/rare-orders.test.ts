import { expect, test } from 'vitest';
import { CALM, type Outcome, type Scenario, SKEW_MS, simulate } from '../../support/simulation.ts';
import { expectContract, expectWholeAndRecent, shownIn } from '../../support/simulation-rules.ts';

/** Partners' requests: when, and of which container. */
const partners = (...asked: readonly (readonly [at: number, container: number])[]) =>
  asked.map(([at, container]) => ({ at, container, caller: 'partner' as const }));

const TWO: Scenario = { ...CALM, offsets: [0, 0] };
/** Who asks the table then leaves it alone for 10 s. */
const AWAY_AT_40 = { at: 39_990, ms: 100, kind: 'away' } as const;

/** Which content was shown to whom asked when; undefined where none was. */
const versions = ({ answers }: Outcome) =>
  Object.fromEntries(answers.map(({ askedAt, version }) => [askedAt, version]));

test('a task is not taken in by a clock that is ahead of its own', async () => {
  const { answers } = await simulate({
    ...CALM,
    offsets: [SKEW_MS, 0],
    requests: [
      { at: 0, container: 0, caller: 'partner' },
      { at: 31_000, container: 1, caller: 'partner' },
      { at: 32_000, container: 1, caller: 'workflow' },
    ],
    changes: [500],
  });

  expect(answers.map(({ version }) => version)).toEqual([0, 0, 1, 1]);
});

test('a container that has learnt of a later walk than its own does not go back to that', async () => {
  const outcome = await simulate({
    ...CALM,
    offsets: [0, 0],
    roundTripMs: 3000,
    requests: [
      { at: 0, container: 0, caller: 'partner' },
      // Without the table, it walks alone,
      { at: 40_000, container: 0, caller: 'partner' },
      // another for all of them,
      { at: 42_100, container: 1, caller: 'partner' },
      // and it learns of that before its own walk ends.
      { at: 45_000, container: 0, caller: 'partner' },
    ],
    tableFaults: [{ at: 39_990, ms: 100, kind: 'away' }],
    changes: [42_000],
    freezes: [{ at: 41_600, container: 0, ms: 10_000 }],
  });

  const ofFirst = outcome.answers.filter(({ process }) => process === 1);
  expect(ofFirst.map(({ askedAt, version }) => [askedAt, version])).toEqual([
    [0, 0],
    [45_000, 1],
    [40_000, 1],
  ]);
});

test('what a container walks alone is kept, whatever it learnt before from others', async () => {
  const { answers } = await simulate({
    ...CALM,
    offsets: [0, 0],
    requests: [
      { at: 0, container: 0, caller: 'partner' },
      { at: 40_000, container: 0, caller: 'partner' },
      { at: 49_000, container: 1, caller: 'partner' },
      { at: 49_500, container: 0, caller: 'partner' },
      { at: 120_000, container: 0, caller: 'partner' },
    ],
    tableFaults: [
      { at: 39_990, ms: 100, kind: 'away' },
      { at: 110_000, ms: 30_000, kind: 'away' },
    ],
    // Longer than a container goes without the table, so that it learns of the other's walk.
    freezes: [{ at: 40_020, container: 0, ms: 10_000 }],
    changes: [60_000],
    endMs: 130_000,
  });

  expect(answers.at(-1)).toMatchObject({ askedAt: 120_000, version: 1 });
});

test('what a container walks alone is kept before what others evidently had earlier', async () => {
  const outcome = await simulate({
    ...CALM,
    roundTripMs: 3000,
    requests: partners([0, 0], [69_000, 0], [72_000, 0]),
    // The new container starts without the table, and reads it while it walks.
    kills: [{ at: 60_000, container: 0 }],
    tableFaults: [{ at: 59_000, ms: 2000, kind: 'away' }],
    changes: [30_000],
    endMs: 90_000,
  });

  expect(versions(outcome)).toEqual({ 0: 0, 69_000: 1, 72_000: 1 });
});

test('a task that comes to a walk which eGain draws out gets none of what has grown old by its end', async () => {
  const outcome = await simulate({
    ...CALM,
    requests: [
      { at: 0, container: 0, caller: 'partner' },
      { at: 31_000, container: 0, caller: 'workflow' },
      { at: 70_000, container: 0, caller: 'workflow' },
    ],
    changes: [33_000],
    callsPerMinute: 5,
    endMs: 200_000,
  });

  expect(shownIn(outcome).map(({ askedAt }) => askedAt)).toEqual([0, 31_000]);
  expectWholeAndRecent(outcome);
});

test('a partner that comes to a walk of before a freeze gets none of what has grown old by its end', async () => {
  const scenario: Scenario = {
    ...CALM,
    roundTripMs: 3000,
    requests: partners([0, 0], [70_000, 0]),
    freezes: [{ at: 8000, container: 0, ms: 63_000 }],
    changes: [40_000],
    endMs: 120_000,
  };

  const outcome = await simulate(scenario);

  expectContract(outcome, scenario);
  expect(versions(outcome)).toEqual({ 0: 0, 70_000: 1 });
});

test('a walk whose lock another has taken meanwhile is written nowhere', async () => {
  const outcome = await simulate({
    ...TWO,
    roundTripMs: 2000,
    requests: partners([0, 0], [10_000, 1]),
    freezes: [{ at: 3500, container: 0, ms: 18_000 }],
    changes: [3200],
  });

  expect(outcome.commits).toHaveLength(1);
  expect(versions(outcome)).toEqual({ 0: 1, 10_000: 1 });
});

test('what a container has walked alone is not given up for what another had before', async () => {
  const outcome = await simulate({
    ...TWO,
    requests: partners([0, 0], [35_000, 1], [40_000, 0], [71_000, 0]),
    tableFaults: [AWAY_AT_40],
    changes: [38_000],
    egainFaults: [{ at: 60_000, ms: 60_000, kind: 'fails' }],
    endMs: 120_000,
  });

  expect(versions(outcome)).toEqual({ 0: 0, 35_000: 0, 40_000: 1, 71_000: 1 });
});

test('another failure after a refusal shows nothing to who has not noticed the refusal', async () => {
  const outcome = await simulate({
    ...TWO,
    requests: partners([0, 0], [1000, 1], [31_000, 0], [34_000, 0], [40_000, 1]),
    egainFaults: [
      { at: 30_000, ms: 2000, kind: 'restricts' },
      { at: 33_000, ms: 27_000, kind: 'fails' },
    ],
  });

  expect(versions(outcome)).toEqual({ 0: 0, 1000: 0 });
});

test('who was refused alone shows nothing that another had before', async () => {
  const outcome = await simulate({
    ...TWO,
    requests: partners([0, 0], [35_000, 1], [40_000, 0], [55_000, 0]),
    tableFaults: [AWAY_AT_40],
    egainFaults: [
      { at: 39_000, ms: 6000, kind: 'restricts' },
      { at: 45_000, ms: 15_000, kind: 'fails' },
    ],
  });

  expect(versions(outcome)).toEqual({ 0: 0, 35_000: 0 });
});
