import { expect, it } from 'vitest';
import { generationIn, generationOf } from '../../../sandbox/chaos/generations.ts';

it('knows a whole list of any generation, in any order', () => {
  for (const number of [0, 1, 39, 40, 123]) {
    expect(generationIn(generationOf(number).accounts.toReversed())).toBe(number);
  }
});

const { accounts } = generationOf(3);
const [first] = accounts;

it.each([
  ['lacks one', accounts.slice(1)],
  ['has one twice', [...accounts.slice(1), ...accounts.slice(-1)]],
  ['has one too many', [...accounts, { id: 'other', description: 'generation 3' }]],
  [
    'has one of another generation',
    [{ ...first, description: 'generation 4' }, ...accounts.slice(1)],
  ],
  ['is half of the next', [...accounts.slice(0, 30), ...generationOf(4).accounts.slice(30)]],
  ['is empty', []],
])('knows that a list is torn which %s', (_what, list) => {
  expect(generationIn(list)).toBeUndefined();
});
