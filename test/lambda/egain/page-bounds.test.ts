import { describe, expect, test } from 'vitest';
import { excessIn } from '../../../lambda/egain/client.ts';

const KB_256 = 256 * 1024;
const TOO_LARGE = 'an account is larger than 256 KB';

/** A page of accounts that are given as texts. */
const pageOf = (...accounts: string[]) => `{"account":[${accounts.join(',')}]}`;

/** An account of so many bytes, filled with one character, of which each takes so many. */
function accountOf(bytes: number, fill = 'x'): string {
  const frame = '{"a":""}'.length;
  const each = Buffer.byteLength(fill);
  const times = Math.floor((bytes - frame) / each);
  return `{"a":"${fill.repeat(times)}${'x'.repeat(bytes - frame - times * each)}"}`;
}

describe('an account', () => {
  test.each([
    ['x', KB_256, undefined],
    ['x', KB_256 + 1, TOO_LARGE],
    ['é', KB_256, undefined],
    ['é', KB_256 + 1, TOO_LARGE],
    ['€', KB_256, undefined],
    ['€', KB_256 + 1, TOO_LARGE],
    ['\\"', KB_256, undefined],
    ['\\"', KB_256 + 1, TOO_LARGE],
    ['\\\\', KB_256, undefined],
    ['\\\\', KB_256 + 1, TOO_LARGE],
    [']}', KB_256 + 1, TOO_LARGE],
    ['{[,', KB_256, undefined],
  ])('of %s may take 256 KB, and no more: %i bytes', (fill, bytes, excess) => {
    const account = accountOf(bytes, fill);

    expect(Buffer.byteLength(account)).toBe(bytes);
    expect(excessIn(pageOf(account))).toBe(excess);
  });

  test('is measured by itself, wherever it stands', () => {
    const most = accountOf(KB_256);

    expect(excessIn(pageOf(most, most, most))).toBeUndefined();
    expect(excessIn(pageOf(most, accountOf(KB_256 + 1), most))).toBe(TOO_LARGE);
  });

  test('is measured with the lists and objects in it', () => {
    const inner = `{"b":[1,{}],"c":"${'x'.repeat(150_000)}"}`;

    expect(excessIn(pageOf(`{"a":${inner}}`))).toBeUndefined();
    expect(excessIn(pageOf(`{"a":[${inner},${inner}]}`))).toBe(TOO_LARGE);
  });

  test('may be any JSON there, also a list', () => {
    expect(excessIn(pageOf(`["${'x'.repeat(KB_256)}"]`))).toBe(TOO_LARGE);
  });
});

describe('a page', () => {
  const space = ' '.repeat(100_000);

  test.each([
    ['lists', '[', ']'],
    ['objects', '{"a":', '}'],
  ])('may be nested 64 deep in %s, and no deeper', (_, open, close) => {
    const nested = (depth: number) => `${space}${open.repeat(depth)}1${close.repeat(depth)}`;

    expect(excessIn(nested(64))).toBeUndefined();
    expect(excessIn(nested(65))).toBe('the page is nested too deep');
  });

  test('may hold many lists one after the other', () => {
    expect(excessIn(`${space}[${'[],{},'.repeat(100)}1]`)).toBeUndefined();
  });

  test.each([
    ['numbers', '0,', 1],
    ['objects', '{}', 1],
    ['lists in a list', '[],', 2],
  ])('may hold two million values, here %s, and no more', (_, each, values) => {
    // The list that they are in is a value, too.
    const full = (2_000_000 - 1) / values;
    const holding = (times: number) => `[${each.repeat(times)}`;

    expect(excessIn(holding(Math.floor(full)))).toBeUndefined();
    expect(excessIn(holding(Math.floor(full) + 1))).toBe('the page holds too many values');
  });

  test.each([0, 1, 2, 3, 4])('has strings that a quote ends, after %i backslashes', (times) => {
    const deep = '['.repeat(65);
    const quote = `${'\\'.repeat(times)}"`;
    // After an odd number it is a quote within the string, and what follows is within it, too.
    const [within, after] = times % 2 === 0 ? [quote, ''] : [`${quote}${deep}"`, deep];

    expect(excessIn(`${space}["x${within},"${deep}"]`)).toBeUndefined();
    expect(excessIn(`${space}["x${quote}${after}${deep}`)).toBe(
      times % 2 === 0 ? 'the page is nested too deep' : undefined,
    );
  });

  test.each(['"', '"\\', '"\\"', '"x', '["\\\\\\"]'])(
    'whose text ends within a string is left to the parser: %s',
    (end) => {
      expect(excessIn(`${space}${end}`)).toBeUndefined();
    },
  );
});
