import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Clock } from '../../lambda/platform/deadline.ts';
import { exampleAccounts } from '../../sandbox/egain/example-accounts.ts';
import { type LocalServer, listen, sendJson } from '../../sandbox/local-server.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { failureOf, rowOf, runDoctor } from './support.ts';

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

function run(clock?: Clock, clientSecret = 'canary-secret') {
  return runDoctor({
    egain: {
      apiUrl: `${server.url}/conversation/conversationmgr/v3`,
      tokenUrl: `${server.url}/token`,
      scope: 'some.scope',
    },
    credentials: { clientId: 'client', clientSecret },
    canaries: ['canary-token', ...ACCOUNTS.map(({ address }) => address)],
    ...(clock === undefined ? {} : { clock }),
  });
}

describe('a walk that fails after page 1', () => {
  it('for a page of another shape: its differences are named by path', async () => {
    onPage = (response, pagenum) =>
      sendPage(response, pagenum, [{ ...ACCOUNTS[2], address: null }, ACCOUNTS[3]]);

    const result = await run();

    expect(failureOf(result)).toBe('walk: contract-broken');
    expect(rowOf(result, 'walk').seen).toContain('account[].address is null, expected string');
  });

  it.each([400, 404])('for a %i to a page that was promised', async (status) => {
    onPage = (response) => sendJson(response, status, { code: `${status}-100` });

    expect(failureOf(await run())).toBe('walk: paging-refused');
  });

  it.each([
    [403, 'scope-missing'],
    [500, 'egain-unavailable'],
  ])('for a %i under way', async (status, cause) => {
    onPage = (response) => sendJson(response, status, {});

    const result = await run();

    expect(failureOf(result)).toBe(`walk: ${cause}`);
    expect(rowOf(result, 'walk').seen).toContain('after 1 page: ');
  });

  it('for the time that a walk has', async () => {
    const asked = vi.fn<() => void>();
    onPage = () => asked();
    const clock = createManualClock();

    const running = run(clock);
    await vi.waitFor(() => expect(asked).toHaveBeenCalled());
    clock.advance(25_000);

    const result = await running;
    expect(failureOf(result)).toBe('walk: walk-too-slow');
    expect(rowOf(result, 'walk').seen).toContain('25 s');
  });
});

describe('a walk that ends well', () => {
  it('is noted when it was slow', async () => {
    const clock = createManualClock();
    onPage = (response, pagenum) => {
      if (pagenum === 2) clock.advance(6000);
      sendPage(response, pagenum, ACCOUNTS.slice(pagenum * 2 - 2, pagenum * 2));
    };

    const result = await run(clock);

    expect(result.exitCode).toBe(0);
    expect(rowOf(result, 'walk').measured).toMatchObject({ milliseconds: 6000, accounts: 6 });
    expect(rowOf(result, 'walk').notes.join('\n')).toContain('cache.freshSeconds makes that rarer');
  });

  it('is noted when accounts came twice, and they are counted once', async () => {
    total = 5;
    onPage = (response, pagenum) =>
      sendPage(response, pagenum, ACCOUNTS.slice(0, 5).slice(pagenum * 2 - 3, pagenum * 2 - 1));

    const result = await run();

    expect(result.exitCode).toBe(0);
    expect(rowOf(result, 'walk').notes.join('\n')).toContain('came more than once');
    expect(rowOf(result, 'walk').measured).toMatchObject({ accounts: 5 });
  });

  it('is noted when there are no accounts at all', async () => {
    total = 0;

    const result = await run();

    expect(result.exitCode).toBe(0);
    expect(rowOf(result, 'walk').notes.join('\n')).toContain('no accounts for this client');
  });
});

describe('what is printed', () => {
  it('has a secret taken out though a finding should hold it', async () => {
    onPage = (response, pagenum) =>
      sendPage(response, pagenum, ACCOUNTS.slice(pagenum * 2 - 2, pagenum * 2));

    const result = await run(undefined, 'as the contract says');

    expect(result.exitCode).toBe(0);
    expect(rowOf(result, 'page').seen).toMatch(/^2 accounts in .*, \[redacted\]$/);
  });

  it.each(['a', 'accounts', 'contract'])(
    'keeps its ordinary words where the secret is as short as %j',
    async (secret) => {
      onPage = (response, pagenum) =>
        sendPage(response, pagenum, ACCOUNTS.slice(pagenum * 2 - 2, pagenum * 2));

      const { text, exitCode } = await runDoctor({
        egain: {
          apiUrl: `${server.url}/conversation/conversationmgr/v3`,
          tokenUrl: `${server.url}/token`,
          scope: 'some.scope',
        },
        environment: { EGAIN_CLIENT_ID: 'client', EGAIN_CLIENT_SECRET: secret },
      });

      expect(exitCode).toBe(0);
      expect(text).not.toContain('[redacted]');
    },
  );
});
