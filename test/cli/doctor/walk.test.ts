import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { exampleAccounts } from '../../../sandbox/egain/example-accounts.ts';
import { type LocalServer, listen, sendJson } from '../../../sandbox/local-server.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { runDoctor, type Stage } from './support.ts';

const ACCOUNTS = exampleAccounts(6);

let server: LocalServer;
/** Answers what is asked for after page 1. */
let onPage: (response: ServerResponse, pagenum: number) => void;
let total: number;

beforeEach(async () => {
  total = 6;
  server = await listen((request, response) => {
    if (request.method === 'POST') return sendJson(response, 200, { access_token: 'canary-token' });
    const pagenum = Number(URL.parse(request.url ?? '', server.url)?.searchParams.get('$pagenum'));
    if (pagenum > 1) return onPage(response, pagenum);
    sendPage(response, 1, ACCOUNTS.slice(0, Math.min(2, total)));
  });
});
afterEach(() => server.close());

function sendPage(response: ServerResponse, pagenum: number, account: readonly unknown[]): void {
  sendJson(response, 200, { paginationInfo: { count: total, pagenum, pagesize: 2 }, account });
}

function run(more: Partial<Stage> = {}) {
  return runDoctor({
    credentials: { clientId: 'client', clientSecret: 'canary-secret' },
    canaries: ['canary-token', ...ACCOUNTS.map(({ address }) => address ?? '')],
    ...more,
    egain: {
      apiUrl: `${server.url}/conversation/conversationmgr/v3`,
      tokenUrl: `${server.url}/token`,
      scope: 'some.scope',
      ...more.egain,
    },
  });
}

/** Answers each page as a tenant does that works. */
const inOrder = (response: ServerResponse, pagenum: number) =>
  sendPage(response, pagenum, ACCOUNTS.slice(pagenum * 2 - 2, pagenum * 2));

describe('a walk that fails after page 1', () => {
  it('for a page of another shape: what is wrong is named by path', async () => {
    onPage = (response, pagenum) => sendPage(response, pagenum, [7, ACCOUNTS[3]]);

    const result = await run();

    expect(result.failure).toBe('walk: contract-broken');
    expect(result.row('walk').seen).toContain('account[0] is no object');
  });

  it.each([400, 404])('for a %i to a page that was promised', async (status) => {
    onPage = (response) => sendJson(response, status, { code: `${status}-100` });

    expect((await run()).failure).toBe('walk: paging-refused');
  });

  it.each([
    [403, 'scope-missing'],
    [500, 'egain-unavailable'],
  ])('for a %i under way', async (status, cause) => {
    onPage = (response) => sendJson(response, status, {});

    const result = await run();

    expect(result.failure).toBe(`walk: ${cause}`);
    expect(result.row('walk').seen).toContain('after 1 page: ');
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

  it('is noted when accounts came twice, and they are counted once', async () => {
    total = 5;
    onPage = (response, pagenum) =>
      sendPage(response, pagenum, ACCOUNTS.slice(0, 5).slice(pagenum * 2 - 3, pagenum * 2 - 1));

    const result = await run();

    expect(result.exitCode).toBe(0);
    expect(result.row('walk').notes.join('\n')).toContain('came more than once');
    expect(result.row('walk').measured).toMatchObject({ accounts: 5 });
  });

  it('is noted when there are no accounts at all', async () => {
    total = 0;

    const result = await run();

    expect(result.exitCode).toBe(0);
    expect(result.row('walk').notes.join('\n')).toContain('no accounts for this client');
  });
});

describe('a walk and the budget of calls', () => {
  const NARROW = { callsPerMinute: 3 };

  it.each<[cache: object, budget: object, told: string[], untold: string]>([
    [{ freshSeconds: 30 }, {}, ['4 requests every 30 s at most (cache.freshSeconds)'], 'PerMinute'],
    [
      { freshSeconds: 30, refreshSeconds: 90 },
      {},
      ['all containers together send eGain 4 requests every 90 s at most (cache.refreshSeconds)'],
      'PerMinute',
    ],
    [{ freshSeconds: 30 }, { callsPerMinute: 60 }, ['every 30 s'], 'PerMinute'],
    [
      { freshSeconds: 30 },
      { callsPerMinute: 5 },
      ['allows such a walk every 60 s: answers get that old, whatever cache.freshSeconds says'],
      'set cache.refreshSeconds',
    ],
    [
      { freshSeconds: 30 },
      NARROW,
      ['is less than the 5 calls of a walk: set cache.refreshSeconds to 120 or more'],
      'whatever',
    ],
    [{ freshSeconds: 30, refreshSeconds: 120 }, NARROW, ['every 120 s at most'], 'PerMinute'],
    [
      { freshSeconds: 30, refreshSeconds: 60 },
      NARROW,
      ['allows such a walk every 100 s: answers get that old, whatever cache.refreshSeconds says'],
      'set cache',
    ],
  ])('with %j and %j', async (cache, budget, told, untold) => {
    onPage = inOrder;

    const result = await run({ cache, egain: { ...budget } as Stage['egain'] });
    const notes = result.row('walk').notes.join('\n');

    for (const line of told) expect(notes).toContain(line);
    expect(notes).not.toContain(untold);
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
