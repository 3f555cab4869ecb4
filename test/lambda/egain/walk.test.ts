import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { AccountsPage } from '../../../lambda/egain/account.ts';
import { walkPages } from '../../../lambda/egain/walk.ts';
import { createDeadline } from '../../../lambda/platform/deadline.ts';
import {
  createWorld,
  envelopeReply,
  inOrder,
  makeAccounts,
  servePages,
  startUpstream,
  tokenReply,
} from '../../support/egain-world.ts';
import { page } from '../../support/fault-row.ts';
import type { Reply } from '../../support/scripted-upstream.ts';

const upstream = await startUpstream();

const searches = () => upstream.accounts.calls.map(({ url }) => url.search);

describe('what is asked for', () => {
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

  test('no size is asked for where none was reported', async () => {
    const { ask } = createWorld(upstream);
    const reported = false;
    upstream.accounts.otherwise = servePages({ accounts: makeAccounts(3), pagesize: 2, reported });

    await ask();

    expect(searches()).toEqual(['', '?$pagenum=2']);
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

describe('whether there is more after a full page', () => {
  test('a 404 before the pages that `count` promised is no end', async () => {
    const { ask } = createWorld(upstream);
    const well = servePages({ accounts: makeAccounts(10), pagesize: 2, meaning: 'pages' });
    upstream.accounts.otherwise = (request) =>
      request.url.search.includes('pagenum=4') ? envelopeReply(404, '404-100') : well(request);

    await expect(ask()).rejects.toMatchObject({ code: '502-903' });
  });

  test('accounts that were added under way are taken along', async () => {
    const { ask } = createWorld(upstream);
    const [before, now] = [makeAccounts(10), makeAccounts(11)];
    upstream.accounts.otherwise = (request) =>
      servePages({ accounts: request.url.search === '' ? before : now, pagesize: 5 })(request);

    const { snapshot } = await ask();

    expect(snapshot.accounts).toEqual(inOrder(now));
  });

  test('a `count` that tells of each page alone ends no walk', async () => {
    const { ask } = createWorld(upstream);
    const well = servePages({ accounts: makeAccounts(7), pagesize: 3 });
    upstream.accounts.otherwise = (request) => {
      const { account } = well(request).body as AccountsPage;
      return page(account, { count: account.length, pagesize: 3 });
    };

    const { snapshot } = await ask();

    expect(snapshot.accounts).toEqual(inOrder(makeAccounts(7)));
  });
});

test('a page that fails aborts those in flight, and the walk ends after them', async () => {
  const asked: unknown[] = [];
  let running = 0;
  const walked = walkPages(async ({ signal }, { pagenum } = { pagenum: 1 }) => {
    asked.push(pagenum);
    if (pagenum === 1) {
      const paginationInfo = { count: 20, pagesize: 2 };
      return { account: makeAccounts(2), bytes: 9, malformed: [], paginationInfo };
    }
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

test.each(['', 'text/html', 'application/json, application/json', 'application/hal+json'])(
  'a page is judged by what it holds, whatever its content type: %j',
  async (type) => {
    const { ask } = createWorld(upstream);
    upstream.accounts.script = [{ ...page(makeAccounts(1)), headers: { 'content-type': type } }];

    const { snapshot } = await ask();

    expect(snapshot.accounts).toEqual(inOrder(makeAccounts(1)));
  },
);

test.each([
  ['null', { paginationInfo: { count: 0 }, account: null }],
  ['absent', { paginationInfo: { count: 0 } }],
])('no accounts may be written as %s', async (_, body) => {
  const { ask } = createWorld(upstream);
  upstream.accounts.script = [{ body }];

  const { snapshot } = await ask();

  expect(snapshot.accounts).toEqual([]);
});

describe('the page after a full last one', () => {
  test.each<[string, Reply, Reply | undefined, string]>([
    ['403', { status: 403 }, undefined, '502-902'],
    ['410', { status: 410 }, undefined, '502-903'],
    ['501', { status: 501 }, undefined, '502-905'],
    ['401, and no other token', { status: 401 }, { status: 404 }, '502-903'],
  ])('fails the walk when it is answered with %s', async (_, reply, token, code) => {
    const { ask } = createWorld(upstream);
    const well = servePages({ accounts: makeAccounts(2), pagesize: 2 });
    upstream.accounts.otherwise = (request) => (request.url.search === '' ? well(request) : reply);
    upstream.token.script = [tokenReply('t'), ...(token === undefined ? [] : [token])];

    await expect(ask()).rejects.toMatchObject({ code });
  });
});

/** Walks so many accounts with a budget, and tells what happened in order. */
const walkOnBudget = async (count: number, isSpent = false) => {
  const told: unknown[] = [];
  const walked = walkPages(
    async (_deadline, request) => {
      const { pagenum = 1 } = request ?? {};
      told.push(pagenum);
      const account = makeAccounts(count).slice((pagenum - 1) * 2, pagenum * 2);
      return { account, bytes: 9, malformed: [], paginationInfo: { count, pagesize: 2 } };
    },
    createDeadline(25_000),
    {
      async reserve(calls) {
        told.push(`reserve ${calls}`);
        if (isSpent) throw new Error('spent');
      },
      async release() {
        told.push('release');
      },
    },
  );
  await walked.catch(() => told.push('failed'));
  return told;
};

describe('the budget of calls', () => {
  test('sets the pages after the first aside, and gets back what is left', async () => {
    expect(await walkOnBudget(5)).toEqual([1, 'reserve 2', 2, 3, 'release']);
  });

  test('is not asked for a single page', async () => {
    expect(await walkOnBudget(1)).toEqual([1, 'release']);
  });

  test('ends a walk that does not fit', async () => {
    expect(await walkOnBudget(5, true)).toEqual([1, 'reserve 2', 'release', 'failed']);
  });
});
