import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fault } from '../../../lambda/faults.ts';
import {
  decodeCursor,
  encodeCursor,
  MAX_CURSOR_LENGTH,
  type Position,
} from '../../../lambda/workflow/page.ts';

const POSITION = { snapshotHash: 'gq7n', offset: 500, pagenum: 2 };
const QUESTION = '["name",[]]';

const codeOf = (decode: () => unknown): string | undefined => {
  try {
    decode();
    return undefined;
  } catch (error) {
    return error instanceof Fault ? error.code : String(error);
  }
};
const repack = (change: (parts: unknown[]) => unknown): string => {
  const text = Buffer.from(encodeCursor(POSITION, QUESTION), 'base64url').toString('utf8');
  return Buffer.from(JSON.stringify(change(JSON.parse(text) as unknown[]))).toString('base64url');
};

const sealed = (change: Partial<Position>) => encodeCursor({ ...POSITION, ...change }, QUESTION);

const pack = (parts: unknown): string => Buffer.from(JSON.stringify(parts)).toString('base64url');

describe('a cursor', () => {
  test('with a SHA-256 hash is shorter than what is accepted', () => {
    const longest = { snapshotHash: 'x'.repeat(64), offset: 2 ** 53 - 1, pagenum: 2 ** 53 - 1 };

    expect(encodeCursor(longest, QUESTION).length).toBeLessThan(MAX_CURSOR_LENGTH);
  });

  test('that is refused is answered with what was expected', () => {
    expect(() => decodeCursor('gibberish', QUESTION)).toThrow(
      expect.objectContaining({
        code: '400-901',
        developerMessage: 'The cursor was not given for this filter and sort.',
        details: [
          {
            key: 'cursor',
            value: 'expected the cursor of the page before, with its filter and sort',
          },
        ],
      }) as Error,
    );
  });

  test('is refused when any of its characters is changed, left out or added', () => {
    const cursor = encodeCursor(POSITION, QUESTION);
    const places = Array.from({ length: cursor.length }, (_, place) => place);
    const changed = places.flatMap((place) => {
      const [before, after] = [cursor.slice(0, place), cursor.slice(place + 1)];
      const other = cursor[place] === 'A' ? 'B' : 'A';
      return [before + other + after, before + after, `${before}A${cursor.slice(place)}`];
    });

    const accepted = changed.filter(
      (text) => codeOf(() => decodeCursor(text, QUESTION)) === undefined,
    );

    expect(accepted).toEqual([]);
  });

  test('of any text whatever is refused', () => {
    const text = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.json().map((json) => pack(json)),
    );
    fc.assert(
      fc.property(fc.oneof(text, fc.jsonValue().map(pack)), (cursor) => {
        expect(codeOf(() => decodeCursor(cursor, QUESTION))).toBe('400-901');
      }),
    );
  });

  test.each([
    ['no base64url', '$$$'],
    ['not JSON', Buffer.from('gibberish').toString('base64url')],
    ['no list', repack(() => ({ offset: 1 }))],
    ['padded', `${encodeCursor(POSITION, QUESTION)}==`],
    ['another offset', repack(([v, hash, , page, seal]) => [v, hash, 501, page, seal])],
    ['a fraction of an account, though sealed', sealed({ offset: 1.5 })],
    ['a fraction of a page, though sealed', sealed({ pagenum: 2.5 })],
    ['no text for the hash, though sealed', sealed({ snapshotHash: 7 as unknown as string })],
    ['more items', repack((parts) => [...parts, 1])],
    ['no seal', repack((parts) => parts.slice(0, 4))],
  ])('that was never given is refused: %s', (_, cursor) => {
    expect(codeOf(() => decodeCursor(cursor, QUESTION))).toBe('400-901');
  });
});
