import { beforeEach, describe, expect, test } from 'vitest';
import type { Account } from '../../../lambda/egain/account.ts';
import type { FetchedPage } from '../../../lambda/egain/client.ts';
import { createPageCollector, type PageCollector } from '../../../lambda/egain/walk.ts';
import { total } from '../../../lambda/platform/metrics.ts';
import { makeAccount } from '../../support/egain-world.ts';
import { captureLog, type LoggedLine } from '../../support/telemetry.ts';

let lines: LoggedLine[];
beforeEach(() => {
  lines = captureLog();
});

const pageOf = (...numbers: number[]): Account[] => numbers.map((number) => makeAccount(number));
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
  const collector = createPageCollector(
    fetched(first, { paginationInfo: { count, pagesize: size } }),
  );
  for (const each of more) collector.add(fetched(each));
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
    const page = fetched(pageOf(0, 1), { paginationInfo: { count: 4 } });

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

    collector.add(fetched(pageOf(2, 3)));

    expect(stateOf(collector)).toEqual({ pages: 3, complete: true });
    expect(collector.accounts()).toEqual(pageOf(0, 1, 2, 3));
    expect(total('DuplicateAccounts')).toBe(0);
  });

  test('pages may turn out smaller than the first, and then come one by one', () => {
    const collector = collect(6, 3, pageOf(0, 1, 2), pageOf(3));
    expect(stateOf(collector)).toEqual({ pages: 3, complete: false });
    expect(collector.mayEndHere()).toBe(false);

    collector.add(fetched(pageOf(4)));
    expect(stateOf(collector)).toEqual({ pages: 4, complete: false });
    collector.add(fetched(pageOf(5)));

    expect(stateOf(collector)).toEqual({ pages: 4, complete: true });
  });

  test('one that comes alone is followed by one more, also in a long walk', () => {
    const collector = collect(12, 2, pageOf(0, 1));
    for (let page = 2; page < 8; page += 1) collector.add(fetched(pageOf(page)));

    expect(stateOf(collector)).toEqual({ pages: 8, complete: false });
  });

  test.each([
    [[], 'one is empty too early'],
    [[0, 1], 'one is repeated'],
    [[1], 'one is repeated'],
  ])('nothing new before the last is a fault: %j', (numbers, reason) => {
    const collector = collect(4, 2, pageOf(0, 1));

    expect(() => {
      collector.add(fetched(pageOf(...numbers)));
    }).toThrow(addingUpTo(reason));
  });

  test('small pages may not go on past a thousand', () => {
    const collector = collect(1500, 2, pageOf(0, 1));
    for (let page = 2; page < 1000; page += 1) collector.add(fetched(pageOf(page)));

    expect(() => {
      collector.add(fetched(pageOf(1000)));
    }).toThrow(addingUpTo('there are more than 1000'));
  });
});

describe('where pages are counted', () => {
  test('the list goes on for as many', () => {
    const collector = collect(5, 3, rangeOf(0, 3), rangeOf(3, 3));
    expect(stateOf(collector)).toEqual({ pages: 5, complete: false });
    expect(collector.mayEndHere()).toBe(false);

    collector.add(fetched(rangeOf(6, 3)));
    collector.add(fetched(rangeOf(9, 3)));
    expect(collector.mayEndHere()).toBe(false);
    collector.add(fetched(rangeOf(12, 3)));

    expect(stateOf(collector)).toEqual({ pages: 6, complete: false });
    expect(collector.mayEndHere()).toBe(true);
    collector.add(fetched([]));
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

    collector.add(fetched([]));

    expect(collector.complete()).toBe(true);
  });

  test('nothing comes after a short page', () => {
    const collector = collect(5, 3, rangeOf(0, 3), rangeOf(3, 3), rangeOf(6, 1));

    expect(() => {
      collector.add(fetched(pageOf(7)));
    }).toThrow(addingUpTo('more came after a short one'));
  });

  test('there may be a thousand, and one to be sure', () => {
    const pages = [rangeOf(0, 600), rangeOf(600, 600)] as const;

    expect(collect(1001, 600, ...pages).pagesKnown()).toBe(1001);
    expect(() => collect(1002, 600, ...pages)).toThrow(addingUpTo('there are more than 1000'));
  });

  test('no page comes after a thousand, also none that would be the last', () => {
    const collector = collect(1, 2, pageOf(0, 1));
    for (let page = 1; page < 1000; page += 1)
      collector.add(fetched(pageOf(2 * page, 2 * page + 1)));

    expect(() => {
      collector.add(fetched(pageOf(2000)));
    }).toThrow(addingUpTo('there are more than 1000'));
  });

  test('a thousand may come, and no more', () => {
    const collector = collect(1, 1, pageOf(0));
    for (let page = 1; page < 1000; page += 1) collector.add(fetched(pageOf(page)));
    expect(collector.pagesKnown()).toBe(1001);

    expect(() => {
      collector.add(fetched(pageOf(1000)));
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
  ])('are one, as it was modified last: %s, %s', (one, other, name) => {
    const collector = collect(4, 2, [changed('first', one), makeAccount(1)]);
    collector.add(fetched([makeAccount(2), changed('second', other)]));

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

describe('what a walk may bring', () => {
  const TOO_LARGE = expect.objectContaining({
    code: '502-903',
    reason: 'the walk is larger than 100000 accounts or 150 MB',
  }) as Error;
  const paginationInfo = { count: 200_000, pagesize: 60_000 };

  test('is 150 MB', () => {
    const first = fetched(pageOf(0), { paginationInfo, bytes: 75_000_000 });
    const collector = createPageCollector(first);

    collector.add(fetched(pageOf(1), { bytes: 75_000_000 }));
    expect(() => {
      collector.add(fetched(pageOf(2), { bytes: 1 }));
    }).toThrow(TOO_LARGE);
    expect(() => createPageCollector({ ...first, bytes: 150_000_001 })).toThrow(TOO_LARGE);
  });

  test('is 100,000 accounts', () => {
    const collector = createPageCollector(fetched(rangeOf(0, 60_000), { paginationInfo }));

    collector.add(fetched(rangeOf(60_000, 40_000)));
    expect(() => {
      collector.add(fetched(pageOf(100_000)));
    }).toThrow(TOO_LARGE);
  });
});

describe('what was odd', () => {
  test('is counted and logged once, with the first ten paths', () => {
    const malformed = Array.from({ length: 8 }, (_, index) => `account[${index}].name`);
    const first = fetched(pageOf(0, 1), { paginationInfo: { count: 3, pagesize: 2 }, malformed });
    const collector = createPageCollector(first);
    collector.add(fetched(pageOf(1, 2), { malformed }));
    collector.accounts();

    const pathsOf = (page: number, count: number) =>
      malformed.slice(0, count).map((path) => `page ${page} ${path}`);
    const paths = [...pathsOf(1, 8), ...pathsOf(2, 2)].join(', ');
    expect([total('DuplicateAccounts'), total('MalformedFields')]).toEqual([1, 16]);
    expect(lines).toEqual([
      {
        level: 'warn',
        message: 'Accounts came more than once in one walk',
        fields: { duplicates: 1 },
      },
      {
        level: 'warn',
        message: 'Fields of accounts are malformed and left out',
        fields: { malformed: 16, paths },
      },
    ]);
  });

  test('is not spoken of where nothing was', () => {
    collect(1, 2, pageOf(0)).accounts();

    expect(lines).toEqual([]);
    expect([total('DuplicateAccounts'), total('MalformedFields')]).toEqual([0, 0]);
  });
});
