import { beforeEach, describe, expect, test } from 'vitest';
import type { Account } from '../../../lambda/egain/account.ts';
import type { FetchedPage } from '../../../lambda/egain/client.ts';
import { PageCollector } from '../../../lambda/egain/walk.ts';
import { total } from '../../../lambda/platform/metrics.ts';
import { makeAccount } from '../../support/egain-world.ts';
import { captureLog, type LoggedLine } from '../../support/telemetry.ts';

let lines: LoggedLine[];
beforeEach(() => {
  lines = captureLog();
});

const rangeOf = (first: number, length: number): Account[] =>
  Array.from({ length }, (_, index) => makeAccount(first + index));
const fetched = (account: Account[], more: Partial<FetchedPage> = {}): FetchedPage => ({
  paginationInfo: { count: 0 },
  account,
  bytes: 9,
  malformed: [],
  ...more,
});

/** What the first pages of a list add up to, that says `count` and has pages of `size`. */
function collect(count: number, size: number, first: Account[], ...more: Account[][]) {
  const collector = new PageCollector(
    fetched(first, { paginationInfo: { count, pagesize: size } }),
  );
  for (const each of more) collector.add(fetched(each));
  return collector;
}

/** Pages with so many accounts each, one account after the other. */
function pagesOf(sizes: readonly number[]): [Account[], ...Account[][]] {
  let made = 0;
  const [first = [], ...more] = sizes.map((size) => rangeOf((made += size) - size, size));
  return [first, ...more];
}
const times = (length: number, size: number) => Array.from({ length }, () => size);

describe('after pages with so many accounts each', () => {
  test.each<[string, number, number, number[], number, boolean, boolean]>([
    ['there are none at all', 0, 2, [0], 1, true, true],
    ['a page is not full', 1, 2, [1], 1, true, true],
    ['a page is not full, and holds more than are counted', 1, 3, [2], 1, true, true],
    ['as many as counted are a full page: one more', 2, 2, [2], 2, false, true],
    ['more than counted are a full page: one more', 1, 2, [2], 2, false, true],
    ['a full page of more', 3, 2, [2], 2, false, false],
    ['a full page of as many again', 4, 2, [2], 2, false, false],
    ['a full page of five', 10, 2, [2], 5, false, false],
    ['a full page of many more, the last full: one more', 12, 2, [2], 7, false, false],
    ['a full page of many more, the last not full', 11, 2, [2], 6, false, false],
    ['a page that is not full, of more', 3, 2, [1], 2, false, false],
    ['a last page that is not full', 3, 2, [2, 1], 2, true, true],
    ['a last page that is full: one more', 4, 2, [2, 2], 3, false, true],
    ['a last page that is full, and an empty one', 4, 2, [2, 2, 0], 3, true, true],
    ['pages smaller than the first: one by one', 6, 3, [3, 1], 3, false, false],
    ['pages smaller than the first: one by one', 6, 3, [3, 1, 1], 4, false, false],
    ['pages smaller than the first: all', 6, 3, [3, 1, 1, 1], 4, true, true],
    ['small pages of a long walk', 12, 2, [2, ...times(6, 1)], 8, false, false],
    ['`count` counts pages', 5, 3, [3, 3], 5, false, false],
    ['`count` counts pages, four of five', 5, 3, times(4, 3), 5, false, false],
    ['`count` counts pages, all full: one more', 5, 3, times(5, 3), 6, false, true],
    ['`count` counts pages, all full, and an empty one', 5, 3, [...times(5, 3), 0], 6, true, true],
    ['`count` counts pages, the last not full', 3, 2, [2, 2, 1], 3, true, true],
    ['a short page before the last may be the end', 5, 3, [3, 3, 1], 5, false, true],
    ['a short page before the last, and an empty one', 5, 3, [3, 3, 1, 0], 5, true, true],
    ['a thousand pages of one', 1000, 1, [1], 1001, false, false],
    ['a thousand counted pages, and one to be sure', 1001, 600, [600, 600], 1001, false, false],
    ['a thousand pages, when one was counted', 1, 1, times(1000, 1), 1001, false, true],
  ])('%s: count %i, %i a page, %j', (_, count, size, sizes, pagesKnown, complete, mayEndHere) => {
    const collector = collect(count, size, ...pagesOf(sizes));

    expect(collector).toMatchObject({ pagesKnown, complete, mayEndHere });
    expect(collector.accounts()).toEqual(pagesOf(sizes).flat());
    expect(lines).toEqual([]);
  });

  test.each<[string, number, number, number[]]>([
    ['one is empty too early', 1, 2, [0]],
    ['one is empty too early', 4, 2, [2, 0]],
    ['more came after a short one', 5, 3, [3, 3, 1, 1]],
    ['there are more than 1000', 1001, 1, [1]],
    ['there are more than 1000', 1500, 2, [2, ...times(999, 1)]],
    ['there are more than 1000', 1002, 600, [600, 600]],
    ['there are more than 1000', 1, 2, [...times(1000, 2), 1]],
    ['there are more than 1000', 1, 1, times(1001, 1)],
  ])('%s: count %i, %i a page', (reason, count, size, sizes) => {
    const fault = { code: '502-904', reason: `the pages do not add up: ${reason}` };

    expect(() => collect(count, size, ...pagesOf(sizes))).toThrow(
      expect.objectContaining(fault) as Error,
    );
  });
});

test('the first page is full where it says no size', () => {
  const page = fetched(rangeOf(0, 2), { paginationInfo: { count: 4 } });

  expect(new PageCollector(page)).toMatchObject({ pagesKnown: 2, complete: false });
});

test.each([[rangeOf(0, 2)], [rangeOf(1, 1)]])('a repeated page before the last: %j', (again) => {
  const fault = { code: '502-904', reason: 'the pages do not add up: one is repeated' };

  expect(() => collect(4, 2, rangeOf(0, 2), again)).toThrow(
    expect.objectContaining(fault) as Error,
  );
});

test('a page that is repeated once all are there is the end, and nothing odd', () => {
  const collector = collect(4, 2, rangeOf(0, 2), rangeOf(2, 2), rangeOf(2, 2));

  expect(collector.complete).toBe(true);
  expect(collector.accounts()).toEqual(rangeOf(0, 4));
  expect(total('DuplicateAccounts')).toBe(0);
});

const changed = (name: string, modified?: string | null) =>
  makeAccount(0, { name, ...(modified !== undefined && { modified }) });

describe('accounts that come again', () => {
  test.each([
    ['2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z', 'second'],
    ['2026-01-01T00:00:01Z', '2026-01-01T00:00:00Z', 'first'],
    ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 'first'],
    [undefined, '2026-01-01T00:00:00Z', 'first'],
    ['2026-01-01T00:00:00Z', null, 'first'],
  ])('are one, as it was modified last: %s, %s', (one, other, name) => {
    const collector = collect(
      4,
      2,
      [changed('first', one), makeAccount(1)],
      [makeAccount(2), changed('second', other)],
    );

    expect(collector.accounts().map((account) => account.name)).toEqual([
      name,
      'account_1',
      'account_2',
    ]);
    expect(total('DuplicateAccounts')).toBe(1);
  });

  test('are known by all of their content where they have no id, but for equal ones in one page', () => {
    const none = { ...makeAccount(0), id: null };
    const other = { ...makeAccount(0), id: null, name: 'other' };

    const collector = collect(5, 3, [none, none, other], [none, makeAccount(1)]);

    expect(collector.accounts()).toEqual([none, none, other, makeAccount(1)]);
    expect(total('DuplicateAccounts')).toBe(1);
  });
});

test.each([
  ['150 MB', [75_000_000, 75_000_000], [1, 1], { bytes: 1 }],
  ['100,000 accounts', [9, 9], [60_000, 40_000], {}],
])('a walk may bring %s, and no more', (_, bytes, sizes, last) => {
  const [first, second] = pagesOf(sizes).map((account, index) =>
    fetched(account, {
      paginationInfo: { count: 200_000, pagesize: 60_000 },
      bytes: bytes[index] ?? 0,
    }),
  ) as [FetchedPage, FetchedPage];
  const collector = new PageCollector(first);
  collector.add(second);
  const reason = 'the walk is larger than 100000 accounts or 150 MB';

  expect(() => collector.add(fetched(rangeOf(100_000, 1), last))).toThrow(
    expect.objectContaining({ code: '502-903', reason }) as Error,
  );
});

test('what was odd is counted and logged once, with the first ten paths', () => {
  const malformed = Array.from({ length: 8 }, (_, index) => `account[${index}].name`);
  const paginationInfo = { count: 3, pagesize: 2 };
  const collector = new PageCollector(fetched(rangeOf(0, 2), { paginationInfo, malformed }));
  collector.add(fetched(rangeOf(1, 2), { malformed }));
  collector.accounts();

  const pathsOf = (page: number, count: number) =>
    malformed.slice(0, count).map((path) => `page ${page} ${path}`);
  const paths = [...pathsOf(1, 8), ...pathsOf(2, 2)].join(', ');
  expect([total('DuplicateAccounts'), total('MalformedFields')]).toEqual([1, 16]);
  expect(lines.map(({ message, fields }) => [message, fields])).toEqual([
    ['Accounts came more than once in one walk', { duplicates: 1 }],
    ['Fields of accounts are malformed and left out', { malformed: 16, paths }],
  ]);
});
