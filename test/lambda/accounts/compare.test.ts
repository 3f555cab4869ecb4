import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { codePointKey } from '../../../lambda/accounts/compare.ts';

const pointsOf = (text: string) =>
  Array.from(text, (char) => (char.codePointAt(0) ?? 0).toString(16).padStart(6, '0')).join('');
const order = (a: string, b: string) => Number(a > b) - Number(a < b);

test('keys order texts by their code points, lone surrogates too', () => {
  const units = fc.string({
    unit: fc.constantFrom('a', 'b', '\uD83D', '\uDE00', '\uD83E', '\uE000', '\uFFFF', '😀'),
    maxLength: 4,
  });
  fc.assert(
    fc.property(units, units, (a, b) => {
      expect(order(codePointKey(a), codePointKey(b))).toBe(order(pointsOf(a), pointsOf(b)));
    }),
    { numRuns: 2000 },
  );
});
