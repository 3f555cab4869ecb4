import type { ServerResponse } from 'node:http';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { exampleAccounts } from '../../../sandbox/egain/example-accounts.ts';
import { sendJson } from '../../../sandbox/local-server.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { type Stage, useScriptedEgain } from './support.ts';

const ACCOUNTS = exampleAccounts(6);

const egain = useScriptedEgain();
/** Answers what is asked for after page 1. */
let onPage: (response: ServerResponse, pagenum: number) => void;
let total: number;

beforeEach(() => {
  total = 6;
  egain.onPage = (response, pagenum) =>
    pagenum > 1
      ? onPage(response, pagenum)
      : sendPage(response, 1, ACCOUNTS.slice(0, Math.min(2, total)));
});

function sendPage(response: ServerResponse, pagenum: number, account: readonly unknown[]): void {
  sendJson(response, 200, { paginationInfo: { count: total, pagenum, pagesize: 2 }, account });
}

const run = (more: Partial<Stage> = {}) =>
  egain.run({ canaries: ACCOUNTS.map(({ address }) => address ?? ''), ...more });

/** Answers each page as a tenant does that works. */
const inOrder = (response: ServerResponse, pagenum: number) =>
  sendPage(response, pagenum, ACCOUNTS.slice(pagenum * 2 - 2, Math.min(total, pagenum * 2)));

describe('a walk that fails after page 1', () => {
  it.each<[answer: [status: number, body: object], cause: string, seen: string]>([
    [[200, { paginationInfo: { count: 6 }, account: [7] }], 'contract-broken', 'account[0] is no'],
    [[400, { code: '400-100' }], 'paging-refused', 'answers 400 to the next'],
    [[404, {}], 'paging-refused', 'answers 404 to the next'],
    [[403, {}], 'scope-missing', 'answered 403'],
  ])('for %j: %s', async (answer, cause, seen) => {
    onPage = (response) => sendJson(response, ...answer);

    const result = await run();

    expect(result.failure).toBe(`walk: ${cause}`);
    expect(result.row('walk').seen).toContain('after 1 page: ');
    expect(result.row('walk').seen).toContain(seen);
  });

  it('for the time that a walk has', async () => {
    const asked = vi.fn<() => void>();
    onPage = () => asked();
    const clock = createManualClock();

    const running = run({ clock });
    await vi.waitFor(() => expect(asked).toHaveBeenCalled());
    clock.advance(25_000);

    const result = await running;
    expect(result.failure).toBe('walk: walk-too-slow');
    expect(result.row('walk').seen).toContain('25 s');
  });
});

describe('a walk that ends well', () => {
  it('is noted when it was slow', async () => {
    const clock = createManualClock();
    onPage = (response, pagenum) => {
      if (pagenum === 2) clock.advance(6000);
      inOrder(response, pagenum);
    };

    const result = await run({ clock });

    expect(result.exitCode).toBe(0);
    expect(result.row('walk').measured).toMatchObject({ milliseconds: 6000, accounts: 6 });
    expect(result.row('walk').notes.join('\n')).toContain(
      'a longer cache.freshSeconds makes them rare',
    );
  });

  it('is noted when accounts changed meanwhile, and what counts is the second walk', async () => {
    onPage = (response, pagenum) => {
      inOrder(response, pagenum);
      if (pagenum === 2) total = 5;
    };

    const result = await run();

    const { notes, measured } = result.row('walk');
    expect(notes.join('\n')).toContain('send eGain 3 requests every');
    expect(notes).toContain('the accounts changed while they were walked, and were walked again');
    expect(measured).toMatchObject({ accounts: 5, requests: 3, count: 5 });
  });

  it.each<[what: string, count: number, told: string]>([
    ['accounts came twice, and are counted once', 5, 'came more than once'],
    ['there are no accounts at all', 0, 'no accounts for this client'],
  ])('is noted when %s', async (_what, count, told) => {
    total = count;
    onPage = (response, pagenum) =>
      sendPage(response, pagenum, ACCOUNTS.slice(0, 5).slice(pagenum * 2 - 3, pagenum * 2 - 1));

    const result = await run();

    expect(result.exitCode).toBe(0);
    expect(result.row('walk').notes.join('\n')).toContain(told);
    expect(result.row('walk').measured).toMatchObject({ accounts: count });
  });
});

describe('a walk and the budget of calls', () => {
  const NARROW = { callsPerMinute: 3 };

  const EVERY_30 =
    'all containers together send eGain 4 requests every 30 s at most (cache.freshSeconds)';
  const OLD = 'answers get that old, whatever';

  it.each<[cache: object, budget: object, told: string, alsoTold: string[]]>([
    [{}, {}, EVERY_30, []],
    [{ refreshSeconds: 90 }, {}, 'every 90 s at most (cache.refreshSeconds)', []],
    [{}, { callsPerMinute: 5 }, EVERY_30, [`such a walk every 76 s: ${OLD} cache.freshSeconds`]],
    [{}, NARROW, EVERY_30, ['less than the 5 calls of a walk: set cache.refreshSeconds to 152 or']],
    [{ refreshSeconds: 152 }, NARROW, 'every 152 s at most', []],
    [{ refreshSeconds: 60 }, NARROW, 'every 60 s', [`every 127 s: ${OLD} cache.refreshSeconds`]],
  ])('with %j and %j', async (cache, budget, told, alsoTold) => {
    onPage = inOrder;

    const result = await run({
      cache: { freshSeconds: 30, ...cache },
      egain: budget as Stage['egain'],
    });
    const [first, ...more] = result.row('walk').notes;

    expect(first).toContain(told);
    expect(more).toEqual(alsoTold.map((text) => expect.stringContaining(text) as string));
  });
});

describe('what is printed', () => {
  it.each([
    ['as the contract says', true],
    ['a', false],
    ['accounts', false],
  ])('has a secret taken out, unless it is as short as a word: %j', async (secret, isTaken) => {
    onPage = inOrder;

    const { exitCode, row } = await run({
      credentials: undefined as never,
      environment: { EGAIN_CLIENT_ID: 'client', EGAIN_CLIENT_SECRET: secret },
    });

    expect(exitCode).toBe(0);
    expect(row('page').seen).toMatch(
      isTaken ? /^2 accounts in .*, \[redacted\]$/ : /as the contract says$/,
    );
  });
});
