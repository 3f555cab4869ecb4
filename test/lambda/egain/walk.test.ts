import { once } from 'node:events';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Account } from '../../../lambda/egain/account.ts';
import { BudgetSpent } from '../../../lambda/egain/call-budget.ts';
import type { FetchedPage, FetchPage } from '../../../lambda/egain/client.ts';
import { walkPages } from '../../../lambda/egain/walk.ts';
import { Fault } from '../../../lambda/faults.ts';
import { createDeadline, type Deadline } from '../../../lambda/platform/deadline.ts';
import { total } from '../../../lambda/platform/metrics.ts';
import {
  createWorld,
  inOrder,
  makeAccount,
  makeAccounts,
  servePages,
  startUpstream,
  tokenReply,
} from '../../support/egain-world.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import type { Reply } from '../../support/scripted-upstream.ts';
import { captureLog, type LoggedLine } from '../../support/telemetry.ts';

let lines: LoggedLine[];
beforeEach(() => {
  lines = captureLog();
});

const fetched = (account: Account[], more: Partial<FetchedPage> = {}): FetchedPage => ({
  paginationInfo: { count: 0 },
  account,
  bytes: 9,
  malformed: [],
  ...more,
});
const sizeOf = ({ paginationInfo }: FetchedPage) => paginationInfo.pagesize;
const paged = (count: number, pagesize?: number) => ({ paginationInfo: { count, pagesize } });
const times = (length: number, size: number) => Array.from({ length }, () => size);

/** Pages with so many accounts each, one account after the other. */
function pagesOf(sizes: readonly number[]): Account[][] {
  let made = 0;
  return sizes.map((size) => {
    made += size;
    return Array.from({ length: size }, (_, index) => makeAccount(made - size + index));
  });
}

/** Walks over these pages; past the last one, eGain answers with an empty page or a refusal. */
async function walk(pages: readonly FetchedPage[], past: 'empty' | 404 = 'empty') {
  let asked = 0;
  let walks = 0;
  const { count } = pages[0]?.paginationInfo ?? { count: 0 };
  const fetchPage: FetchPage = async (_, { pagenum } = { pagenum: 1 }) => {
    asked = Math.max(asked, pagenum);
    if (pagenum === 1) walks += 1;
    const found = pages[pagenum - 1];
    if (found === undefined && past === 404) {
      throw new Fault('egainContractBroken', { refusedBy: 404 });
    }
    return found === undefined ? fetched([]) : { ...found, ...paged(count, sizeOf(found)) };
  };
  const accounts = await walkPages(fetchPage, createDeadline(25_000));
  return { asked, walks, accounts };
}
const pagesWith = (count: number, size: number, sizes: readonly number[]) =>
  pagesOf(sizes).map((accounts) => fetched(accounts, paged(count, size)));
const AGAIN = 'The accounts changed while they were walked, and are walked again';
const fault = (code: string, reason: string) => ({
  code,
  reason: expect.stringContaining(reason) as unknown,
});

describe('a walk is whole', () => {
  test.each<[string, number, number, number[], number]>([
    ['without any account', 0, 2, [0], 1],
    ['with a page that is not full and holds more than are counted', 1, 3, [2], 1],
    ['with a full page, and one more to be sure', 2, 2, [2], 2],
    ['with a last page that is not full', 3, 2, [2, 1], 2],
    ['with a last page that is full, and one more to be sure', 4, 2, [2, 2], 3],
    ['with pages that are smaller than the first', 6, 3, [3, 1, 1, 1], 4],
    ['with six pages, of which the last is not full', 11, 2, [...times(5, 2), 1], 6],
    ['with six full pages, and one more along with them', 12, 2, times(6, 2), 7],
    ['with small pages after six were planned', 12, 2, [2, ...times(10, 1)], 11],
    ['where `count` counts pages, and one more to be sure', 5, 3, times(5, 3), 6],
    ['where `count` counts pages, and the last is not full', 3, 2, [2, 2, 1], 3],
    ['where a short page comes before the last that is counted', 5, 3, [3, 3, 1], 5],
    ['with a thousand pages', 1000, 1, times(1000, 1), 1001],
  ])('%s: count %i, %i a page, %j', async (_, count, size, sizes, asked) => {
    const accounts = pagesOf(sizes).flat();

    await expect(walk(pagesWith(count, size, sizes))).resolves.toEqual({
      asked,
      walks: 1,
      accounts,
    });
    expect(lines).toEqual([]);
  });

  test.each<[number, number, number[]]>([
    [2, 2, [2]],
    [5, 3, times(5, 3)],
    [5, 3, [3, 3, 1]],
  ])('where a page that may be missing is refused: count %i, %i a page, %j', async (...served) => {
    const { accounts } = await walk(pagesWith(...served), 404);

    expect(accounts).toEqual(pagesOf(served[2]).flat());
  });
});

describe('a walk fails', () => {
  test.each<[string, number, number, number[]]>([
    ['one is empty too early', 1, 2, [0]],
    ['one is empty too early', 4, 2, [2, 0]],
    ['more came after a short one', 5, 3, [3, 3, 1, 1]],
    ['there are more than 1000', 1500, 2, [2, ...times(999, 1)]],
    ['there are more than 1000', 1, 2, [...times(1000, 2), 1]],
    ['there are more than 1000', 1, 1, times(1001, 1)],
  ])('where %s: count %i, %i a page', async (reason, count, size, sizes) => {
    await expect(walk(pagesWith(count, size, sizes))).rejects.toMatchObject(
      fault('502-904', `the pages do not add up: ${reason}`),
    );
  });

  test.each<[number, number, number[]]>([
    [4, 2, [2]],
    [5, 3, [3, 3]],
  ])('where a page that was promised is refused: count %i, %i a page, %j', async (...served) => {
    await expect(walk(pagesWith(...served), 404)).rejects.toMatchObject({ refusedBy: 404 });
  });

  test.each([
    ['150 MB', [75_000_000, 75_000_000, 1], [1, 1, 1]],
    ['100,000 accounts', [9, 9, 9], [60_000, 40_000, 1]],
  ])('where it brings more than %s', async (_, bytes, sizes) => {
    const pages = pagesOf(sizes).map((account, index) =>
      fetched(account, { ...paged(200_000, 60_000), bytes: bytes[index] ?? 0 }),
    );

    await expect(walk(pages.slice(0, 2))).rejects.toMatchObject({ code: '502-904' });
    await expect(walk(pages)).rejects.toMatchObject(
      fault('502-903', 'the walk is larger than 100000 accounts or 150 MB'),
    );
  });
});

const changed = (name: string, modified?: string | null) =>
  makeAccount(0, { name, ...(modified !== undefined && { modified }) });

describe('accounts that come again', () => {
  test.each([
    ['2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z', 'second'],
    ['2026-01-01T00:00:01Z', '2026-01-01T00:00:00Z', 'first'],
    [undefined, '2026-01-01T00:00:00Z', 'first'],
    ['2026-01-01T00:00:00Z', null, 'first'],
  ])('are one, as it was modified last: %s, %s', async (one, other, name) => {
    const { accounts } = await walk([
      fetched([changed('first', one), makeAccount(1)], paged(3, 2)),
      fetched([makeAccount(2), changed('second', other)]),
    ]);

    expect(accounts.map((account) => account.name)).toEqual([name, 'account_1', 'account_2']);
    expect(total('DuplicateAccounts')).toBe(1);
  });

  test('are known by all of their content where they have no id, but for equal ones in one page', async () => {
    const none = { ...makeAccount(0), id: null };
    const other = { ...makeAccount(0), id: null, name: 'other' };

    const { accounts } = await walk([
      fetched([none, none, other], paged(4, 3)),
      fetched([none, makeAccount(1)]),
    ]);

    expect(accounts).toEqual([none, none, other, makeAccount(1)]);
    expect(total('DuplicateAccounts')).toBe(1);
  });
});

test('what is odd in a walk is counted and logged once, with the first ten paths', async () => {
  const malformed = Array.from({ length: 8 }, (_, index) => `account[${index}].name`);

  await walk([
    fetched(makeAccounts(2), { ...paged(3, 2), malformed }),
    fetched([makeAccount(1), makeAccount(2)], { malformed }),
  ]);

  const pathsOf = (number: number, count: number) =>
    malformed.slice(0, count).map((path) => `page ${number} ${path}`);
  const paths = [...pathsOf(1, 8), ...pathsOf(2, 2)].join(', ');
  expect([total('DuplicateAccounts'), total('MalformedFields')]).toEqual([1, 16]);
  expect(lines.map(({ message, fields }) => [message, fields])).toEqual([
    [AGAIN, { reason: 'an account came twice' }],
    ['Accounts came more than once in one walk', { duplicates: 1 }],
    ['Fields of accounts are malformed and left out', { malformed: 16, paths }],
  ]);
});

test('a page that fails aborts those in flight, and the walk ends after them', async () => {
  const asked: unknown[] = [];
  let running = 0;
  const walked = walkPages(async ({ signal }, { pagenum } = { pagenum: 1 }) => {
    asked.push(pagenum);
    if (pagenum === 1) return fetched(makeAccounts(2), paged(20, 2));
    if (pagenum === 2) throw new Error('broken');
    running += 1;
    await once(signal, 'abort');
    await new Promise(setImmediate);
    running -= 1;
    throw new Error('aborted');
  }, createDeadline(25_000));

  await expect(walked).rejects.toThrow('broken');

  expect([asked, running]).toEqual([[1, 2, 3, 4, 5], 0]);
});

/** Walks so many accounts with a budget, and tells what happened in order. */
async function walkOnBudget(count: number, isSpent: boolean): Promise<unknown[]> {
  const told: unknown[] = [];
  const calls = {
    async reserve(more: number) {
      told.push(`reserve ${more}`);
      if (isSpent) throw new Error('spent');
    },
    async release() {
      told.push('release');
    },
  };
  const fetchPage: FetchPage = async (_, { pagenum } = { pagenum: 1 }) => {
    told.push(pagenum);
    return fetched(makeAccounts(count).slice((pagenum - 1) * 2, pagenum * 2), paged(count, 2));
  };
  await walkPages(fetchPage, createDeadline(25_000), calls).catch(() => told.push('failed'));
  return told;
}

test.each([
  [
    'fits sets its further pages aside, and gives back what is left',
    5,
    false,
    '1,reserve 2,2,3,release',
  ],
  ['has a single page sets none aside', 1, false, '1,release'],
  ['does not fit into the budget ends', 5, true, '1,reserve 2,release,failed'],
])('a walk that %s', async (_, count, isSpent, told) => {
  expect(String(await walkOnBudget(count, isSpent))).toBe(told);
});

describe('a walk whose accounts come twice, but add up', () => {
  const pages = [
    fetched(makeAccounts(2), paged(4, 2)),
    fetched([makeAccount(1), makeAccount(2)], paged(4, 2)),
    fetched([makeAccount(3)], paged(4, 2)),
  ];
  const fetchFrom =
    (told: unknown[], onPage = () => {}): FetchPage =>
    async (_, { pagenum } = { pagenum: 1 }) => {
      told.push(pagenum);
      onPage();
      return pages[pagenum - 1] ?? fetched([]);
    };

  test.each([
    [
      'again where the budget of calls allows it',
      false,
      '1,reserve 1,2,reserve 2,release,1,reserve 1,2,3,release',
    ],
    ['once where the budget is spent', true, '1,reserve 1,2,reserve 2,3,release'],
  ])('is made %s', async (_, isSpent, told) => {
    const all: unknown[] = [];
    const calls = {
      async reserve(more: number, until: Deadline) {
        all.push(`reserve ${more}`);
        if (isSpent && until.remaining() === 0) throw new BudgetSpent(1, 'spent');
      },
      async release() {
        all.push('release');
      },
    };

    const accounts = await walkPages(fetchFrom(all), createDeadline(25_000), calls);

    expect(accounts).toEqual(makeAccounts(4));
    expect(String(all)).toBe(told);
  });

  test('is made once where there is no time for another', async () => {
    const clock = createManualClock();
    const all: unknown[] = [];
    const fetchPage = fetchFrom(all, () => clock.advance(3000));

    await walkPages(fetchPage, createDeadline(12_000, { clock }));

    expect(all).toEqual([1, 2, 3]);
  });
});

const upstream = await startUpstream();

/** Lets eGain's list of accounts change right after the first page of its walks. */
function changeDuringWalk(
  length: number,
  change: (list: Account[]) => Account[],
  { walks = 1, past }: { walks?: number; past?: 400 | 404 } = {},
) {
  let list = makeAccounts(length);
  let left = walks;
  upstream.accounts.otherwise = (request) => {
    const options = { accounts: list, pagesize: 25, ...(past && { past }) };
    const reply = servePages(options)(request);
    if (request.url.search === '' && left > 0) {
      left -= 1;
      list = change(list);
    }
    return reply;
  };
  return () => list;
}

test.each<[string, number, (list: Account[]) => Account[], (400 | 404)?]>([
  ['an account of page 1 is deleted', 60, (list) => list.slice(1)],
  ['the last page goes, and is empty', 26, (list) => list.slice(0, -1)],
  ['the last page goes, and is not found', 26, (list) => list.slice(0, -1), 404],
  ['the last page goes, and is refused', 26, (list) => list.slice(0, -1), 400],
  ['an account is added in front', 60, (list) => [makeAccount(99), ...list]],
  ['an account is added at the end', 50, (list) => [...list, makeAccount(99)]],
  ['one is added in front and one deleted', 60, (list) => [makeAccount(99), ...list.slice(0, -1)]],
])(
  'accounts that change once while they are walked are walked again: %s, of %i',
  async (_, length, change, past) => {
    const { ask, lines: logged } = createWorld(upstream);
    const listed = changeDuringWalk(length, change, { ...(past && { past }) });

    const { snapshot } = await ask();

    expect(snapshot.accounts).toEqual(inOrder(listed()));
    expect(logged).toContainEqual(expect.objectContaining({ message: AGAIN }));
  },
);

test('accounts that are deleted in two walks in a row are 502-904', async () => {
  const { ask } = createWorld(upstream);
  changeDuringWalk(60, (list) => list.slice(1), { walks: 2 });

  await expect(ask()).rejects.toMatchObject({ code: '502-904' });
});

const searches = () => upstream.accounts.calls.map(({ url }) => url.search);

describe('what is asked for', () => {
  test('no size is asked for where none was reported', async () => {
    const { ask } = createWorld(upstream);
    const reported = false;
    upstream.accounts.otherwise = servePages({ accounts: makeAccounts(3), pagesize: 2, reported });

    await ask();

    expect(searches()).toEqual(['', '?$pagenum=2']);
  });

  test('the first page is asked for without a query, the others with the reported size', async () => {
    const { ask } = createWorld(upstream);
    upstream.accounts.otherwise = servePages({ accounts: makeAccounts(5), pagesize: 2 });

    const { snapshot } = await ask();

    expect(snapshot.accounts).toEqual(inOrder(makeAccounts(5)));
    expect(searches()).toEqual(['', '?$pagenum=2&$pagesize=2', '?$pagenum=3&$pagesize=2']);
    for (const { method, url } of upstream.accounts.calls) {
      expect([method, url.pathname]).toEqual(['GET', '/api/accounts']);
    }
    expect(upstream.accounts.calls[0]?.headers).toMatchObject({
      authorization: 'Bearer canary-token-91d0-1',
      accept: 'application/json',
      'accept-language': 'en-US',
      'x-egain-error-message': 'yes',
    });
  });

  test('no more than four pages are in flight', async () => {
    const { ask } = createWorld(upstream);
    const well = servePages({ accounts: makeAccounts(30), pagesize: 2 });
    const four = Promise.withResolvers<void>();
    let most = 0;
    upstream.accounts.otherwise = (request) => {
      most = Math.max(most, upstream.inFlight());
      if (most === 4) four.resolve();
      return request.url.search === '' ? well(request) : { ...well(request), after: four.promise };
    };

    const { snapshot } = await ask();

    expect(snapshot.accounts).toEqual(inOrder(makeAccounts(30)));
    expect(most).toBe(4);
  });
});

test.each<[string, Reply, Reply | undefined, string]>([
  ['403', { status: 403 }, undefined, '502-902'],
  ['410', { status: 410 }, undefined, '502-903'],
  ['401, and no other token', { status: 401 }, { status: 404 }, '502-903'],
])(
  'the walk fails where the page after a full last one answers %s',
  async (_, reply, token, code) => {
    const { ask } = createWorld(upstream);
    const well = servePages({ accounts: makeAccounts(2), pagesize: 2 });
    upstream.accounts.otherwise = (request) => (request.url.search === '' ? well(request) : reply);
    upstream.token.script = [tokenReply('t'), ...(token === undefined ? [] : [token])];

    await expect(ask()).rejects.toMatchObject({ code });
  },
);
