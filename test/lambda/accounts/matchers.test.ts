import { expect, test } from 'vitest';
import { allPairs, anyPair } from '../../../lambda/accounts/compare.ts';

const attributes = [
  { name: 'a', value: '1' },
  { name: 'b', value: '2:3' },
];

test.each([
  [['a:1'], true, true],
  [['a:1', 'b:2:3'], true, true],
  [['a:1', 'b:2'], false, true],
  [['a:2', 'b:1'], false, false],
])('all pairs are demanded, or one of them: %j', (pairs, all, any) => {
  expect([allPairs(pairs)(attributes), anyPair(pairs)(attributes)]).toEqual([all, any]);
});
