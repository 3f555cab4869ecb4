import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Account } from '../../lambda/egain/account.ts';
import { type EgainOptions, type SimulatedEgain, startEgain } from '../../sandbox/egain/egain.ts';
import { exampleAccounts } from '../../sandbox/egain/example-accounts.ts';

const started: SimulatedEgain[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((one) => one.close()));
});

async function egainOf(options?: EgainOptions): Promise<SimulatedEgain> {
  const egain = await startEgain(options);
  started.push(egain);
  return egain;
}

function askToken(egain: SimulatedEgain, changes: Readonly<Record<string, string>> = {}) {
  const { clientId, clientSecret } = egain.credentials;
  return fetch(egain.tokenUrl, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      scope: egain.scope,
      client_id: clientId,
      client_secret: clientSecret,
      ...changes,
    }),
  });
}

async function tokenOf(egain: SimulatedEgain): Promise<string> {
  return ((await (await askToken(egain)).json()) as { access_token: string }).access_token;
}

async function list(egain: SimulatedEgain, token: string, query = '') {
  const answer = await fetch(`${egain.apiUrl}/accounts${query}`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

describe('the token endpoint', () => {
  it('takes the client by Basic, form-encoded as RFC 6749 says', async () => {
    const egain = await egainOf();
    const { clientId, clientSecret } = egain.credentials;
    const basic = Buffer.from(`${clientId}:${encodeURIComponent(clientSecret)}`).toString('base64');
    const answer = await fetch(egain.tokenUrl, {
      method: 'POST',
      headers: { Authorization: `Basic ${basic}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: egain.scope }),
    });

    expect(answer.status).toBe(200);
  });

  it.each([
    [{ client_secret: 'wrong' }, 401, 'invalid_client'],
    [{ client_id: 'wrong' }, 401, 'invalid_client'],
    [{ scope: 'wrong' }, 400, 'invalid_scope'],
    [{ grant_type: 'password' }, 400, 'unsupported_grant_type'],
  ])('refuses %j', async (changes: Record<string, string>, status, error) => {
    const answer = await askToken(await egainOf(), changes);

    expect([answer.status, await answer.json()]).toEqual([status, { error }]);
  });
});

describe('GET /accounts', () => {
  it('pages as eGain does, and has every account once', async () => {
    const egain = await egainOf({ accounts: 60 });
    const token = await tokenOf(egain);
    const pages = await Promise.all(
      [1, 2, 3].map((page) => list(egain, token, `?$pagenum=${page}`)),
    );

    const ids = pages.flatMap(({ body }) => (body['account'] as Account[]).map(({ id }) => id));
    expect(new Set(ids).size).toBe(60);
    expect(pages[0]?.body['paginationInfo']).toEqual({ count: 60, pagenum: 1, pagesize: 25 });
  });

  it.each([
    ['?colour=red', '400-101'],
    ['?$pagesize=76', '400-102'],
    ['?$pagenum=0', '400-102'],
  ])('refuses %s with %s', async (query, code) => {
    const egain = await egainOf();
    const { status, body } = await list(egain, await tokenOf(egain), query);

    expect(status).toBe(400);
    expect(body['code']).toBe(code);
  });

  it('refuses a token that has ended', async () => {
    const egain = await egainOf();
    const token = await tokenOf(egain);
    vi.setSystemTime(Date.now() + 3_600_000);

    expect((await list(egain, token)).body['code']).toBe('401-101');
    vi.useRealTimers();
  });
});

it('has example accounts that are the same each time, each with a name and an id of its own', () => {
  const accounts = exampleAccounts(5000);

  expect(accounts.slice(0, 300)).toEqual(exampleAccounts(300));
  expect(new Set(accounts.map(({ id }) => id)).size).toBe(5000);
  expect(new Set(accounts.map(({ name }) => name)).size).toBe(5000);
  expect(accounts.slice(0, 2).map(({ name }) => name)).toEqual([
    'order_account',
    'purplenile_account',
  ]);
});
