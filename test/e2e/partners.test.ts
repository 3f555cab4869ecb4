import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { ACCOUNTS, sharedSandbox } from '../support/shared-sandbox.ts';
import { createPartner, type Send } from './partner.ts';

const EXAMPLE_ID = 'ae103957-9c82-4fa8-a34e-925be85e06ec';
const EXAMPLE_CHANNEL = '45a095f4-d0ee-4220-a689-22b541c58f67';
const CLAIMS = { client_id: 'basic-client', scope: 'accounts/read' };

let sandbox: Sandbox;
let full: Send;
let basic: Send;
let ruled: Send;
let nobody: Send;

beforeAll(async () => {
  sandbox = await sharedSandbox();
  full = createPartner(sandbox, await sandbox.token('acme'));
  basic = createPartner(sandbox, await sandbox.token('basic'));
  ruled = createPartner(sandbox, await sandbox.token('chat-desk'));
  nobody = createPartner(sandbox);
});

describe('a partner with every scope', () => {
  it("gets eGain's accounts as eGain has them", async () => {
    const { status, list } = await full('/accounts?pagesize=500');

    expect(status).toBe(200);
    expect(list.paginationInfo).toEqual({ count: 120, pagenum: 1, pagesize: 500 });
    expect(list.account).toHaveLength(120);
    for (const account of ACCOUNTS) {
      expect(list.account.find(({ id }) => id === account.id)).toEqual(account);
    }
  });

  it('gets a list page by page', async () => {
    const first = await full('/accounts?pagesize=70');
    const second = await full('/accounts?pagesize=70&pagenum=2');
    const past = await full('/accounts?pagesize=70&pagenum=3');

    const ids = [...first.list.account, ...second.list.account].map(({ id }) => id);
    expect(new Set(ids).size).toBe(120);
    expect(past.list).toEqual({
      paginationInfo: { count: 120, pagenum: 3, pagesize: 70 },
      account: [],
    });
  });

  it('is answered 304 without a body while the list is the same', async () => {
    const etag = (await full('/accounts')).headers.get('etag') ?? '';
    const { status, headers } = await full('/accounts', { 'If-None-Match': etag });

    expect([status, headers.get('etag'), headers.get('content-type')]).toEqual([304, etag, null]);
  });

  it('is answered from one walk, however often it asks', async () => {
    const before = sandbox.egain?.calls.accounts;
    await full('/accounts?pagesize=3');
    await full('/accounts?pagesize=4');

    expect(sandbox.egain?.calls.accounts).toBe(before);
  });
});

describe('a partner with only accounts/read', () => {
  it('gets the summary', async () => {
    const { one } = await basic(`/accounts/${EXAMPLE_ID}`);

    expect(one).toEqual({
      id: EXAMPLE_ID,
      name: 'order_account',
      created: '2021-03-21T14:29:01.516Z',
      modified: '2021-03-28T14:29:01.516Z',
      channel: { id: EXAMPLE_CHANNEL },
      chatConfigurations: { defaultLanguage: 'en-US' },
    });
  });
});

describe('a partner with an account rule', () => {
  it('finds only its own accounts, counts included', async () => {
    const { list } = await ruled('/accounts?pagesize=500');

    const own = ACCOUNTS.filter(({ channel }) => channel.id === EXAMPLE_CHANNEL);
    expect(list.paginationInfo.count).toBe(own.length);
    expect(new Set(list.account.map(({ id }) => id))).toEqual(new Set(own.map(({ id }) => id)));
  });

  it('does not find another account by its id', async () => {
    const other = ACCOUNTS.find(({ channel }) => channel.id !== EXAMPLE_CHANNEL);
    const { status, error } = await ruled(`/accounts/${other?.id}`);

    expect(status).toBe(404);
    expect(error.code).toBe('404-902');
  });
});

describe('a wrong request', () => {
  it.each([
    ['/nothing', 'GET'],
    ['/accounts', 'POST'],
    ['', 'GET'],
  ])('to %s by %s is 404-901', async (path, method) => {
    const answer = await fetch(`${sandbox.url}/v1${path}`, { method });

    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: '404-901' });
    expect(answer.headers.get('x-correlation-id')).toMatch(/./);
  });

  it('by HEAD has the status and headers of its GET, and no body', async () => {
    for (const [path, status] of [
      ['/v1/nowhere', 404],
      ['/v1/accounts', 401],
    ] as const) {
      const get = await fetch(sandbox.url + path);
      const head = await fetch(sandbox.url + path, { method: 'HEAD' });
      expect([get.status, head.status, await head.text()]).toEqual([status, status, '']);
      expect(head.headers.get('www-authenticate')).toBe(get.headers.get('www-authenticate'));
    }
  });

  it.each([
    ['an unfinished percent sign', '/accounts?name=%E0%A4'],
    ['a path that does not decode', '/accounts/%FF'],
  ])('with %s is 400-901', async (_what, path) => {
    const { error } = await full(path);

    expect(error.code).toBe('400-901');
  });

  it.each([11_000, 100_000])('with %i bytes of headers is 413-901', async (size) => {
    const { status, error } = await nobody('/accounts', { Authorization: 'x'.repeat(size) });

    expect(status).toBe(413);
    expect(error.code).toBe('413-901');
  });

  it('with a body over 10 MB is 413-901', async () => {
    const size = 10 * 1024 * 1024 + 1;
    const request = http.request(sandbox.accountsUrl, {
      headers: { Authorization: `Bearer ${await sandbox.token('acme')}`, 'Content-Length': size },
    });
    request.end(Buffer.alloc(size));
    const [response] = (await once(request, 'response')) as [IncomingMessage];

    expect(response.statusCode).toBe(413);
    expect(JSON.parse(await text(response))).toMatchObject({ code: '413-901' });
  });
});

describe('the token', () => {
  it('missing is 401-901 with a challenge', async () => {
    const { status, error, headers } = await nobody('/accounts');

    expect(status).toBe(401);
    expect(error.code).toBe('401-901');
    expect(headers.get('www-authenticate')).toBe('Bearer realm="accounts"');
  });

  it.each([
    ['that is no JWT', async () => 'nonsense'],
    ['that has expired', () => sandbox.issuer.sign(CLAIMS, { expiresIn: -60 })],
    ['for another audience', () => sandbox.issuer.sign({ ...CLAIMS, aud: 'other' })],
    ['whose claims were changed', async () => forged(await sandbox.issuer.sign(CLAIMS))],
  ])('%s is 401-901', async (_what, makeToken) => {
    const { status, error } = await createPartner(sandbox, await makeToken())('/accounts');

    expect(status).toBe(401);
    expect(error.code).toBe('401-901');
  });

  it.each([
    ['of an unknown client', { client_id: 'stranger', scope: 'accounts/read' }],
    ['without accounts/read', { client_id: 'basic-client', scope: 'openid' }],
  ])('%s is 403-901', async (_what, changes) => {
    const token = await sandbox.issuer.sign(changes);
    const { status, error } = await createPartner(sandbox, token)('/accounts');

    expect(status).toBe(403);
    expect(error.code).toBe('403-901');
  });

  it('signed with ES256 is taken', async () => {
    const kid = await sandbox.issuer.addKey('ES256');
    await sandbox.functionNamed('AuthorizerFunction').recycle();
    const token = await sandbox.issuer.sign(CLAIMS, { kid });
    const { status } = await createPartner(sandbox, token)('/accounts');

    expect(status).toBe(200);
  });
});

it('serves its contract without a token', async () => {
  const { status, one } = await nobody('/openapi.json');

  expect(status).toBe(200);
  expect(one).toMatchObject({
    openapi: '3.0.3',
    servers: [{ url: sandbox.accountsUrl.replace(/\/accounts$/, '') }],
    components: {
      securitySchemes: {
        partner: { flows: { clientCredentials: { tokenUrl: sandbox.tokenUrl } } },
      },
    },
  });
});

function forged(token: string): string {
  const [header, , signature] = token.split('.');
  const payload = { client_id: 'acme-client', scope: 'accounts/read', exp: 4_000_000_000 };
  return [header, Buffer.from(JSON.stringify(payload)).toString('base64url'), signature].join('.');
}
