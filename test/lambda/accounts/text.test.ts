import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codePointKey, excerpt, foldCase } from '../../../lambda/accounts/text.ts';

test.each([
  ['Straße', 'STRASSE', true],
  ['ΟΔΟΣ', 'οδος', true],
  ['ΟΔΟΣ', 'οδοσ', true],
  ['ﬁn', 'FIN', true],
  ['Kelvin', '\u212Aelvin', true],
  ['resume', 'résumé', false],
])('%s and %s differ in case alone: %j', (a, b, same) => {
  expect(foldCase(a) === foldCase(b)).toBe(same);
});

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

describe('an excerpt', () => {
  test.each([
    ['x'.repeat(101), 'x'.repeat(100)],
    [`${'x'.repeat(99)}😀`, 'x'.repeat(99)],
    [`${'x'.repeat(98)}😀`, `${'x'.repeat(98)}😀`],
    [`${'x'.repeat(99)}\uE000x`, `${'x'.repeat(99)}\uE000`],
    [`${'x'.repeat(99)}\uD83D`, `${'x'.repeat(99)}\uFFFD`],
    ['a\r\n\u0000\u0085\u2028\u2029\u202E\u200Bb', `a${'\uFFFD'.repeat(8)}b`],
    ['\uD800', '\uFFFD'],
  ])('of %j is %j', (text, cut) => {
    expect(excerpt(text)).toBe(cut);
  });
});
