import { describe, expect, it } from 'vitest';
import { type History, type Observation, violations } from '../../../sandbox/chaos/invariants.ts';

const BOUNDS = { freshMs: 2000, leaseMs: 10_000, aloneMs: 10_000 };

/** An answer of container 1 at a second, of the generation that began with that second. */
function at(second: number, differences: Partial<Observation> = {}): Observation {
  const time = second * 1000;
  const which = { container: 1, askedAt: time, answeredAt: time + 10 };
  const generation = Math.floor(second);
  return { ...which, status: 200, generation, age: 0, version: `v${generation}`, ...differences };
}

/** A run of 20 seconds, the last fault at 5, with eGain changing each second. */
function history(differences: Partial<History> = {}): History {
  return {
    observations: [at(1), at(3), at(19.5)],
    generations: Array.from({ length: 21 }, (_, second) => second * 1000),
    walks: [0, 2000, 4000, 19_000],
    startedAt: 0,
    calmAt: 5000,
    started: 2,
    kills: 1,
    tableFailures: 0,
    tokenCalls: 1,
    ...differences,
  };
}

it('are held by a run in which nothing was wrong', () => {
  expect(violations(history(), BOUNDS)).toEqual([]);
});

it('are held by a list that is as old as it says', () => {
  const old = at(6, { generation: 3, age: 2, version: 'v3' });

  expect(violations(history({ observations: [old, at(19.5)] }), BOUNDS)).toEqual([]);
});

const { generation: _generation, ...torn } = at(2);
const walksOf = (count: number) => Array.from({ length: count }, (_, walk) => walk * 100);

describe('are broken by', () => {
  it.each<[string, Partial<History>, RegExp]>([
    ['a torn list', { observations: [torn, at(19.5)] }, /torn/],
    ['no list at all', { observations: [at(19.5, { status: 503 })] }, /nobody got a list/],
    [
      "a fault of the product's own",
      { observations: [at(1), at(2, { status: 500, code: '500-901' }), at(19.5)] },
      /fault of its own/,
    ],
    [
      'a container that goes back',
      { observations: [at(3), at(3.1, { generation: 2, age: 1, version: 'v2' }), at(19.5)] },
      /went back from generation 3 to 2/,
    ],
    [
      'a list that is older than it says',
      { observations: [at(9, { generation: 2, version: 'v2' }), at(19.5)] },
      /which it is not/,
    ],
    [
      'a list from the future',
      { observations: [at(3, { generation: 8, version: 'v8' }), at(19.5)] },
      /which it is not/,
    ],
    [
      'one generation with two versions',
      { observations: [at(1), at(1.5, { version: 'other' }), at(19.5)] },
      /generation 1 has 2 versions/,
    ],
    [
      'one version for two generations',
      { observations: [at(1), at(2, { version: 'v1' }), at(19.5)] },
      /two generations have one version/,
    ],
    ['too many walks', { walks: walksOf(20) }, /walked 20 times; 3 would do/],
    ['too many tokens', { tokenCalls: 3 }, /3 tokens; 2 would do/],
    ['silence after the last fault', { observations: [at(1)] }, /nobody answered after/],
    [
      'an old list after the last fault',
      { observations: [at(1), at(19.5, { generation: 12, age: 7, version: 'v12' })] },
      /was not fresh again/,
    ],
    [
      'an error after the last fault',
      { observations: [at(1), at(19.5, { status: 504, code: '504-901' })] },
      /was not fresh again, status 504/,
    ],
  ])('%s', (_what, differences, line) => {
    const lines = violations(history(differences), BOUNDS);

    expect(lines.some((each) => line.test(each))).toBe(true);
  });
});

it('allow a container to go on alone for a while after the table failed it', () => {
  const alone = { walks: walksOf(9), tableFailures: 1, tokenCalls: 3 };

  expect(violations(history(alone), BOUNDS)).toEqual([]);
});
