import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  codePointOrder,
  compareCodePoints,
  excerpt,
  foldCase,
} from '../../../lambda/accounts/text.ts';

describe('foldCase', () => {
  it.each([
    ['Straße', 'STRASSE'],
    ['ΟΔΟΣ', 'οδος'],
    ['ΟΔΟΣ', 'οδοσ'],
    ['ﬁn', 'FIN'],
    ['Kelvin', '\u212Aelvin'],
  ])('makes %s and %s equal', (a, b) => {
    expect(foldCase(a)).toBe(foldCase(b));
  });

  it('keeps apart what differs in more than case', () => {
    expect(foldCase('resume')).not.toBe(foldCase('résumé'));
  });
});

/** By the code points, one after the other. */
const model = (a: string, b: string): number => {
  const [first, second] = [a, b].map((text) => Array.from(text, (c) => c.codePointAt(0) ?? 0));
  if (first === undefined || second === undefined) throw new Error('two texts');
  const at = first.findIndex((point, index) => point !== second[index]);
  if (at === -1) return first.length - second.length;
  return at < second.length ? (first[at] ?? 0) - (second[at] ?? 0) : 1;
};

describe('compareCodePoints', () => {
  const units = fc.string({
    unit: fc.constantFrom('a', 'b', '\uD83D', '\uDE00', '\uD83E', '\uE000', '\uFFFF', '😀'),
    maxLength: 4,
  });

  it('puts what is outside the Basic Multilingual Plane last', () => {
    expect(['😀', '\uFFFF', 'z', ''].toSorted(compareCodePoints)).toEqual([
      '',
      'z',
      '\uFFFF',
      '😀',
    ]);
  });

  it('goes on behind half a character that both have', () => {
    expect(compareCodePoints('\uD83Da', '\uD83Db')).toBeLessThan(0);
    expect(compareCodePoints('\uD83Db', '\uD83Da')).toBeGreaterThan(0);
  });

  it.each([
    ['😀', '\uD83D\uE000'],
    ['\u{10000}', '\uD800\uE000'],
    ['\u{10FFFF}', '\uDBFF\uE000'],
  ])('puts %s behind a half of it and something else', (whole, half) => {
    expect(compareCodePoints(whole, half)).toBeGreaterThan(0);
    expect(compareCodePoints(half, whole)).toBeLessThan(0);
  });

  it('agrees with the code points taken one by one, lone surrogates too', () => {
    fc.assert(
      fc.property(units, units, (a, b) => {
        expect(Math.sign(compareCodePoints(a, b))).toBe(Math.sign(model(a, b)));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('codePointOrder', () => {
  it.each([[['b', '', 'B', 'a', 'b']], [['😀', '\uFFFF', 'z']], [['😀', '\uDFFF']]])(
    'is the order by code point, whatever is among the texts: %j',
    (texts) => {
      expect(texts.toSorted(codePointOrder(texts))).toEqual(texts.toSorted(compareCodePoints));
    },
  );
});

describe('excerpt', () => {
  it('cuts at 100 characters, never through one', () => {
    expect(excerpt('x'.repeat(101))).toBe('x'.repeat(100));
    expect(excerpt(`${'x'.repeat(99)}😀`)).toBe('x'.repeat(99));
    expect(excerpt(`${'x'.repeat(98)}😀`)).toBe(`${'x'.repeat(98)}😀`);
  });

  it('cuts off no more than that', () => {
    expect(excerpt(`${'x'.repeat(99)}\uE000x`)).toBe(`${'x'.repeat(99)}\uE000`);
    expect(excerpt(`${'x'.repeat(99)}\uD83D`)).toBe(`${'x'.repeat(99)}\uFFFD`);
  });

  it('shows nothing that hides, breaks lines or turns text round', () => {
    expect(excerpt('a\r\n\u0000\u0085\u2028\u2029\u202E\u200Bb')).toBe(`a${'\uFFFD'.repeat(8)}b`);
    expect(excerpt('\uD800')).toBe('\uFFFD');
  });
});
