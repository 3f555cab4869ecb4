import { describe, expect, test } from 'vitest';
import type { Account, AccountsPage } from '../../../../lambda/egain/account.ts';
import {
  createPageCollector,
  type PageCollector,
  reportedSize,
} from '../../../../lambda/egain/walk.ts';
import { makeAccount } from '../../../support/egain-world.ts';

const pageOf = (...numbers: number[]): Account[] => numbers.map((number) => makeAccount(number));
const rangeOf = (first: number, length: number): Account[] =>
  Array.from({ length }, (_, index) => makeAccount(first + index));

/** What the first pages of a list add up to, that says `count` and has pages of `size`. */
function collect(count: number, size: number, first: Account[], ...more: Account[][]) {
  const page: AccountsPage = { paginationInfo: { count, pagesize: size }, account: first };
  const collector = createPageCollector(page);
  for (const each of more) collector.add(each);
  return collector;
}

const stateOf = (collector: PageCollector) => ({
  pages: collector.pagesKnown(),
  complete: collector.complete(),
});
const addingUpTo = (reason: string) =>
  expect.objectContaining({
    code: '502-904',
    reason: `the pages do not add up: ${reason}`,
  }) as Error;

describe('the first page', () => {
  test.each([
    ['none at all', 0, 2, [], 1, true],
    ['fewer than a page', 1, 2, [0], 1, true],
    ['more than are counted, and fewer than a page', 1, 3, [0, 1], 1, true],
    ['a full page, as many as are counted', 2, 2, [0, 1], 2, false],
    ['a full page, more than are counted', 1, 2, [0, 1], 2, false],
    ['a full page of more', 3, 2, [0, 1], 2, false],
    ['a full page of as many again', 4, 2, [0, 1], 2, false],
    ['a full page of five', 10, 2, [0, 1], 5, false],
    ['a full page of many more, the last of them full', 12, 2, [0, 1], 7, false],
    ['a full page of many more, the last of them not full', 11, 2, [0, 1], 6, false],
    ['fewer than a page, of more', 3, 2, [0], 2, false],
  ])('has %s: %i, %i a page', (_, count, size, numbers, pages, complete) => {
    expect(stateOf(collect(count, size, pageOf(...numbers)))).toEqual({ pages, complete });
  });

  test('is full where it says no size', () => {
    const page = { paginationInfo: { count: 4 }, account: pageOf(0, 1) };

    expect(stateOf(createPageCollector(page))).toEqual({ pages: 2, complete: false });
  });

  test('may not be empty where some are counted', () => {
    expect(() => collect(1, 2, [])).toThrow(addingUpTo('one is empty too early'));
  });

  test('may tell of a thousand pages, and no more', () => {
    expect(collect(1000, 1, pageOf(0)).pagesKnown()).toBe(1001);
    expect(() => collect(1001, 1, pageOf(0))).toThrow(addingUpTo('there are more than 1000'));
  });
});

describe('where records are counted', () => {
  test('the list is whole with the last, if that page is not full', () => {
    expect(stateOf(collect(3, 2, pageOf(0, 1), pageOf(2)))).toEqual({ pages: 2, complete: true });
  });

  test('a full last page is followed by one more, which has nothing new', () => {
    const collector = collect(4, 2, pageOf(0, 1), pageOf(2, 3));
    expect(stateOf(collector)).toEqual({ pages: 3, complete: false });
    expect(collector.mayEndHere()).toBe(true);

    collector.add(pageOf(2, 3));

    expect(stateOf(collector)).toEqual({ pages: 3, complete: true });
    expect(collector.accounts()).toEqual(pageOf(0, 1, 2, 3));
    expect(collector.duplicates()).toBe(0);
  });

  test('pages may turn out smaller than the first, and then come one by one', () => {
    const collector = collect(6, 3, pageOf(0, 1, 2), pageOf(3));
    expect(stateOf(collector)).toEqual({ pages: 3, complete: false });
    expect(collector.mayEndHere()).toBe(false);

    collector.add(pageOf(4));
    expect(stateOf(collector)).toEqual({ pages: 4, complete: false });
    collector.add(pageOf(5));

    expect(stateOf(collector)).toEqual({ pages: 4, complete: true });
  });

  test('one that comes alone is followed by one more, also in a long walk', () => {
    const collector = collect(12, 2, pageOf(0, 1));
    for (let page = 2; page < 8; page += 1) collector.add(pageOf(page));

    expect(stateOf(collector)).toEqual({ pages: 8, complete: false });
  });

  test.each([
    [[], 'one is empty too early'],
    [[0, 1], 'one is repeated'],
    [[1], 'one is repeated'],
  ])('nothing new before the last is a fault: %j', (numbers, reason) => {
    const collector = collect(4, 2, pageOf(0, 1));

    expect(() => {
      collector.add(pageOf(...numbers));
    }).toThrow(addingUpTo(reason));
  });

  test('small pages may not go on past a thousand', () => {
    const collector = collect(1500, 2, pageOf(0, 1));
    for (let page = 2; page < 1000; page += 1) collector.add(pageOf(page));

    expect(() => {
      collector.add(pageOf(1000));
    }).toThrow(addingUpTo('there are more than 1000'));
  });
});

describe('where pages are counted', () => {
  test('the list goes on for as many', () => {
    const collector = collect(5, 3, rangeOf(0, 3), rangeOf(3, 3));
    expect(stateOf(collector)).toEqual({ pages: 5, complete: false });
    expect(collector.mayEndHere()).toBe(false);

    collector.add(rangeOf(6, 3));
    collector.add(rangeOf(9, 3));
    expect(collector.mayEndHere()).toBe(false);
    collector.add(rangeOf(12, 3));

    expect(stateOf(collector)).toEqual({ pages: 6, complete: false });
    expect(collector.mayEndHere()).toBe(true);
    collector.add([]);
    expect(collector.complete()).toBe(true);
  });

  test('the last may be short, and the list is whole with it', () => {
    const collector = collect(3, 2, pageOf(0, 1), pageOf(2, 3), pageOf(4));

    expect(stateOf(collector)).toEqual({ pages: 3, complete: true });
  });

  test('a short page before the last may be the end, which one more tells', () => {
    const collector = collect(5, 3, rangeOf(0, 3), rangeOf(3, 3), rangeOf(6, 1));
    expect(stateOf(collector)).toEqual({ pages: 5, complete: false });
    expect(collector.mayEndHere()).toBe(true);

    collector.add([]);

    expect(collector.complete()).toBe(true);
  });

  test('nothing comes after a short page', () => {
    const collector = collect(5, 3, rangeOf(0, 3), rangeOf(3, 3), rangeOf(6, 1));

    expect(() => {
      collector.add(pageOf(7));
    }).toThrow(addingUpTo('more came after a short one'));
  });

  test('there may be a thousand, and one to be sure', () => {
    const pages = [rangeOf(0, 600), rangeOf(600, 600)] as const;

    expect(collect(1001, 600, ...pages).pagesKnown()).toBe(1001);
    expect(() => collect(1002, 600, ...pages)).toThrow(addingUpTo('there are more than 1000'));
  });

  test('no page comes after a thousand, also none that would be the last', () => {
    const collector = collect(1, 2, pageOf(0, 1));
    for (let page = 1; page < 1000; page += 1) collector.add(pageOf(2 * page, 2 * page + 1));

    expect(() => {
      collector.add(pageOf(2000));
    }).toThrow(addingUpTo('there are more than 1000'));
  });

  test('a thousand may come, and no more', () => {
    const collector = collect(1, 1, pageOf(0));
    for (let page = 1; page < 1000; page += 1) collector.add(pageOf(page));
    expect(collector.pagesKnown()).toBe(1001);

    expect(() => {
      collector.add(pageOf(1000));
    }).toThrow(addingUpTo('there are more than 1000'));
  });
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
    ['soon', 'later', 'first'],
  ])('are one, as it was modified last: %s, %s', (one, other, name) => {
    const collector = collect(4, 2, [changed('first', one), makeAccount(1)]);
    collector.add([makeAccount(2), changed('second', other)]);

    expect(collector.accounts().map((account) => account.name)).toEqual([
      name,
      'account_1',
      'account_2',
    ]);
    expect(collector.duplicates()).toBe(1);
  });

  test('are known by all of their content where they have no id, but for equal ones in one page', () => {
    const none = { ...makeAccount(0), id: null };
    const other = { ...makeAccount(0), id: null, name: 'other' };

    const collector = collect(5, 3, [none, none, other], [none, makeAccount(1)]);

    expect(collector.accounts()).toEqual([none, none, other, makeAccount(1)]);
    expect(collector.duplicates()).toBe(1);
  });
});

test.each([
  [25, 25],
  [1, 1],
  [0, undefined],
  [-1, undefined],
  [1.5, undefined],
  [1e16, undefined],
  [null, undefined],
  [undefined, undefined],
])('a page size is a whole number of accounts: %s', (pagesize, size) => {
  const paginationInfo = { count: 1, ...(pagesize !== undefined && { pagesize }) };

  expect(reportedSize({ paginationInfo, account: [] })).toBe(size);
});
