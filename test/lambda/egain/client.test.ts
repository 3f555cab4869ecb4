import { describe, expect, test } from 'vitest';
import { judgeAnswer } from '../../../lambda/egain/client.ts';
import { CANARY, makeAccount, makeAccounts } from '../../support/egain-world.ts';
import { answerOf } from '../../support/upstream-exchange.ts';

const NOW = Date.UTC(2026, 0, 1);
const KB_256 = 256 * 1024;

function judge(account: unknown, paginationInfo: unknown = { count: 1 }) {
  const text = JSON.stringify({ paginationInfo, account });
  return judgeAnswer({ kind: 'response', ...answerOf(200, { text }) }, CANARY, NOW);
}
const brokenBy = (reason: string) => expect.objectContaining({ code: '502-903', reason }) as Error;

test('a page is its accounts, what it says of pages, its bytes and what is malformed', () => {
  const account = [makeAccount(0), { ...makeAccount(1, { name: 'é' }), active: 'yes' }];
  const page = judge(account, { count: 2, pagenum: 1, pagesize: 25 });

  expect(page).toEqual({
    paginationInfo: { count: 2, pagesize: 25 },
    account: [makeAccount(0), makeAccount(1, { name: 'é' })],
    bytes: Buffer.byteLength(
      JSON.stringify({ paginationInfo: { count: 2, pagenum: 1, pagesize: 25 }, account }),
    ),
    malformed: ['account[1].active'],
  });
});

test.each([
  [25, 25],
  ['25', 25],
  [0, undefined],
  [-1, undefined],
  [1.5, undefined],
  [1e16, undefined],
  ['1e3', undefined],
  [null, undefined],
  [[5], undefined],
])('a page size is a whole number of accounts: %j', (pagesize, size) => {
  expect(judge([], { count: '0', pagesize }).paginationInfo).toEqual({ count: 0, pagesize: size });
});

test.each([null, undefined])('a page may have %s for no accounts', (account) => {
  expect(judge(account, { count: 0 }).account).toEqual([]);
});

const listsOf = (count: number) => Array.from({ length: count }, () => []);

describe('a page', () => {
  test('may hold up to ten thousand accounts', () => {
    expect(judge(makeAccounts(10_000)).account).toHaveLength(10_000);
    expect(() => judge(makeAccounts(10_001))).toThrow(
      brokenBy('the page holds more than 10,000 accounts'),
    );
  });

  test.each(['x', 'é', '€'])('may hold accounts of up to 256 KB: %s', (fill) => {
    const accountOf = (bytes: number) => {
      const left = bytes - Buffer.byteLength(JSON.stringify({ name: '' }));
      const times = Math.floor(left / Buffer.byteLength(fill));
      return { name: fill.repeat(times) + 'x'.repeat(left - times * Buffer.byteLength(fill)) };
    };

    expect(judge([accountOf(KB_256), accountOf(KB_256)]).account).toHaveLength(2);
    expect(() => judge([{}, accountOf(KB_256 + 1)])).toThrow(
      brokenBy('an account is larger than 256 KB'),
    );
  });

  test('may hold up to a million lists and objects', () => {
    expect(() => judge(listsOf(999_997))).toThrow(
      brokenBy('the page holds more than 10,000 accounts'),
    );
    expect(() => judge(listsOf(999_998))).toThrow(
      brokenBy('the page holds too many lists and objects'),
    );
  });
});
