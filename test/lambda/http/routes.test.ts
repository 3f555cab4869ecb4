import type { APIGatewayProxyEvent } from 'aws-lambda';
import { describe, expect, it, test, vi } from 'vitest';
import type { Account } from '../../../lambda/egain/account.ts';
import { Fault } from '../../../lambda/faults.ts';
import type { RouteOptions } from '../../../lambda/http/routes.ts';
import { account, snapshotOf } from '../../support/accounts.ts';
import { apiEvent, LIST_URL, lambdaContext, REQUEST_ID } from '../../support/api-events.ts';
import { bodyOf, createPartnerApi, detailsOf, failingService } from '../../support/partner-api.ts';

describe('GET /accounts', () => {
  it('answers a page of summaries with the headers of the contract', async () => {
    const { request } = createPartnerApi({
      accounts: [account(), account({ id: 'a2', name: 'B' })],
    });

    const result = await request({ query: 'pagesize=1' });

    expect(result.statusCode).toBe(200);
    expect(result.body).toBe(
      '{"paginationInfo":{"count":2,"pagenum":1,"pagesize":1},"account":[' +
        '{"id":"a2","name":"B","channel":{"id":"c1"},"chatConfigurations":{"defaultLanguage":"en-US"}}]}',
    );
    expect(result.headers).toEqual({
      'Content-Type': 'application/json',
      ETag: expect.stringMatching(/^W\/"[\w-]{43}"$/) as string,
      'Cache-Control': 'private, max-age=30',
      Age: '12',
      'Cache-Status': 'egain-accounts; hit; ttl=18',
      'Accounts-Version': expect.stringMatching(/^[\w-]{22}$/) as string,
      Link:
        `<${LIST_URL}?pagenum=2&pagesize=1&version=${String(result.headers?.['Accounts-Version'])}>; rel="next", ` +
        `<${LIST_URL}?pagenum=1&pagesize=1>; rel="first", <${LIST_URL}?pagenum=2&pagesize=1>; rel="last"`,
      Vary: 'Authorization, Accept-Encoding',
      'X-Correlation-Id': REQUEST_ID,
      'X-Content-Type-Options': 'nosniff',
    });
  });

  it('refuses filters and fields that the scopes do not open, naming each scope', async () => {
    const { request } = createPartnerApi();

    const result = await request({
      query: 'entryPoint=e&attribute=n:v&fields=id,address,attributes,address',
    });

    expect(result.statusCode).toBe(403);
    expect(bodyOf(result)).toMatchObject({ code: '403-902' });
    expect(detailsOf(result)).toEqual([
      {
        key: 'entryPoint',
        value: 'chatConfigurations.entryPoint.id needs the scope accounts/read.configuration',
      },
      { key: 'attribute', value: 'attributes needs the scope accounts/read.configuration' },
      { key: 'fields', value: 'address needs the scope accounts/read.address' },
      { key: 'fields', value: 'attributes needs the scope accounts/read.configuration' },
    ]);
  });

  it('says so where the token has the scope, and the entry does not', async () => {
    const { request } = createPartnerApi();
    const authorizer = { scopes: 'accounts/read', withheld: 'accounts/read.address' };

    const rows = detailsOf(await request({ query: 'fields=address,attributes', authorizer }));

    expect(rows).toEqual([
      {
        key: 'fields',
        value:
          'address needs the scope accounts/read.address; your token has it, ' +
          "but your entry at the operator's does not grant it",
      },
      { key: 'fields', value: 'attributes needs the scope accounts/read.configuration' },
    ]);
  });

  it('leaves no timer behind, whatever becomes of it', async () => {
    vi.useFakeTimers();
    const well = createPartnerApi();
    const ill = createPartnerApi({ service: failingService(new Fault('timedOut')) });

    await well.request();
    await ill.request();

    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it('asks for no snapshot when the request is at fault', async () => {
    const { request } = createPartnerApi({
      service: failingService(new Fault('egainUnavailable')),
    });

    expect((await request({ query: 'nope=1&fields=address' })).statusCode).toBe(400);
    expect((await request({ query: 'fields=address' })).statusCode).toBe(403);
    expect((await request()).statusCode).toBe(502);
  });

  it.each([
    ['no authorizer', null],
    ['other scopes', { partner: 'acme', scopes: 'accounts/reader' }],
    ['scopes that are no text', { partner: 'acme', scopes: 7 }],
  ])('is closed with %s', async (_, authorizer) => {
    const { request } = createPartnerApi();

    expect(bodyOf(await request({ authorizer }))).toMatchObject({ code: '403-901' });
  });
});

const MB = 1024 * 1024;

/** The answer to a list whose one account has this name and nothing else. */
function answerWith(name: string) {
  return createPartnerApi({ accounts: [account({ name })] }).request({ query: 'fields=name' });
}

describe('an answer of the size that the platform limits', () => {
  it.each([
    ['x', 1],
    ['"', 4],
    ['€', 3],
  ])('may take as much as the platform allows, once escaped: %s', async (character, bytes) => {
    const empty =
      '{"paginationInfo":{"count":1,"pagenum":1,"pagesize":100},"account":[{"name":""}]}';
    const room = 6 * MB - 64 * 1024 - JSON.stringify(empty).length;
    const most = Math.floor(room / bytes);
    const name = character.repeat(most) + 'x'.repeat(room - most * bytes);

    const [largest, more] = [await answerWith(name), await answerWith(`${name}x`)];

    expect(largest.statusCode).toBe(200);
    expect(JSON.stringify(largest).length).toBeLessThan(6 * MB);
    expect(bodyOf(more)).toMatchObject({
      code: '413-901',
      developerMessage: expect.stringMatching(/a smaller pagesize or for fewer fields/) as string,
    });
  });

  it('says of one account alone that fewer fields are what helps', async () => {
    const { request } = createPartnerApi({
      accounts: [account({ description: 'x'.repeat(6_300_000) })],
    });

    const result = await request({ resource: '/accounts/{id}', id: 'a1' });

    expect(bodyOf(result)).toEqual({
      code: '413-901',
      developerMessage: 'The answer is larger than the platform allows. Ask for fewer fields.',
    });
  });
});

test('answers are kept by question, up to sixteen million characters', async () => {
  const description = 'x'.repeat(5 * MB);
  let written = 0;
  const large = Object.defineProperty(account(), 'description', {
    enumerable: true,
    get() {
      written += 1;
      return description;
    },
  });
  const { request } = createPartnerApi({ accounts: [large] });
  const ask = (pagesize: number) => request({ query: `fields=description&pagesize=${pagesize}` });

  for (const pagesize of [1, 2, 3]) await ask(pagesize);
  for (const pagesize of [1, 2, 3]) await ask(pagesize);
  // Once more for the version.
  expect(written).toBe(4);

  await ask(4);
  await ask(4);
  await ask(1);
  expect(written).toBe(6);
});

const many = Array.from({ length: 25 }, (_, at) => account({ id: `a${at}` }));

/** The URL of each link of a list, by its relation. */
async function linksTo(query: string, accounts = many): Promise<Record<string, string>> {
  const { headers } = await createPartnerApi({ accounts }).request({ query });
  const links = String(headers?.['Link']).matchAll(/<([^>]*)>; rel="(\w+)"(?:, |$)/g);
  return Object.fromEntries([...links].map(([, url, relation]) => [relation, url]));
}

/** The links of a middle page whose query names so many ids of such a length. */
function linksFor(count: number, length = 36) {
  const ids = Array.from({ length: count }, (_, at) => `${at}`.padStart(length, 'x'));
  const query = ['c1', ...ids].map((id) => `channel=${id}`).join('&');
  return linksTo(`pagenum=2&pagesize=10&${query}`);
}

async function versionOf(accounts: readonly Account[]): Promise<string> {
  const { headers } = await createPartnerApi({ accounts }).request();
  return String(headers?.['Accounts-Version']);
}

describe('the links of a list', () => {
  it.each([
    ['pagesize=10', { next: 2, first: 1, last: 3 }],
    ['pagenum=2&pagesize=10', { next: 3, prev: 1, first: 1, last: 3 }],
    ['pagenum=3&pagesize=10', { prev: 2, first: 1, last: 3 }],
    ['pagenum=90000&pagesize=10', { prev: 3, first: 1, last: 3 }],
    ['pagesize=25', { first: 1, last: 1 }],
    ['pagenum=7&pagesize=10&name=nobody', { prev: 1, first: 1, last: 1 }],
  ])('of %s', async (query, pages) => {
    const links = Object.entries(await linksTo(query));
    const numbers = links.map(([name, url]) => [
      name,
      Number(new URL(url).searchParams.get('pagenum')),
    ]);

    expect(Object.fromEntries(numbers)).toEqual(pages);
  });

  it('have the same query, readable where a URL allows it', async () => {
    const query =
      'channel=c1&channel=c%262&createdBefore=2030-01-01T00:00:00%2B01:00&sort=-name&fields=id,name';
    const url = `${LIST_URL}?pagenum=1&${query}`;

    expect(await linksTo(query, [])).toEqual({ first: url, last: url });
  });

  it('are bound to the version where they lead from page to page', async () => {
    const version = await versionOf(many);
    const boundOf = async (query: string) =>
      Object.entries(await linksTo(query)).flatMap(([relation, url]) =>
        new URL(url).searchParams.get('version') === version ? [relation] : [],
      );

    expect(await boundOf('pagenum=2&pagesize=10')).toEqual(['next', 'prev']);
    expect(await boundOf(`pagenum=2&pagesize=10&version=${version}`)).toHaveLength(4);
  });

  it.each([
    ['api.example.com', '/accounts', 'https://api.example.com/accounts'],
    ['api.example.com', '/crm/v1/accounts/', 'https://api.example.com/crm/v1/accounts'],
    ['127.0.0.1:3000', '/v1/accounts', 'http://127.0.0.1:3000/v1/accounts'],
  ])('lead to where the request came: %s%s', async (domainName, path, url) => {
    const { handler } = createPartnerApi();
    const event = apiEvent({ headers: { Host: 'evil.example' } });
    Object.assign(event.requestContext, { domainName, path });

    const { headers } = await handler(event, lambdaContext);

    expect(headers?.['Link']).toContain(`<${url}?pagenum=1>; rel="first"`);
    expect(headers?.['Link']).not.toContain('evil');
  });

  it('leave room for other headers, and the next page is what goes last', async () => {
    expect(Object.keys(await linksFor(30))).toHaveLength(4);
    expect(Object.keys(await linksFor(99))).toEqual(['next']);
    expect(String(Object.values(await linksFor(99))).length).toBeLessThan(9000);
    expect(await linksFor(99, 100)).toEqual({});
  });
});

describe('a version', () => {
  it('gets the page as it stood then, and is gone when anything in sight has changed', async () => {
    const version = await versionOf(many);
    const asked = { query: `version=${version}&pagesize=10&fields=id` };

    const [same, changed] = await Promise.all([
      createPartnerApi({ accounts: many }).request(asked),
      createPartnerApi({ accounts: [...many, account({ name: 'z' })] }).request(asked),
    ]);

    expect(same.statusCode).toBe(200);
    expect(changed.statusCode).toBe(409);
    expect(bodyOf(changed)).toEqual({
      code: '409-901',
      developerMessage: 'The accounts have changed since that version or cursor was given.',
    });
  });

  it('of newer accounts than the container has gets those', async () => {
    const [older, newer] = [snapshotOf(account()), snapshotOf(...many)];
    const service: RouteOptions['service'] = () => ({
      snapshots: {
        get: async (_, options) => ({
          snapshot: options?.isWanted?.(older) === false ? newer : older,
          state: 'hit',
          ageSeconds: 0,
          freshSeconds: 30,
          leftAlone: false,
        }),
      },
    });

    const query = `version=${await versionOf(many)}`;
    const result = await createPartnerApi({ service }).request({ query });

    expect(bodyOf(result)).toMatchObject({ paginationInfo: { count: many.length } });
  });

  it('does not see what the partner does not', async () => {
    const { request } = createPartnerApi({ accounts: [account({ address: 'new@shop.test' })] });

    const query = `version=${await versionOf([account({ address: 'old@shop.test' })])}`;

    expect((await request({ query })).statusCode).toBe(200);
  });

  it.each([
    ['never-given', 409],
    ['', 400],
    ['a%20b', 400],
    ['x'.repeat(65), 400],
  ])('that is %j is refused', async (version, status) => {
    const { request } = createPartnerApi();

    expect((await request({ query: `version=${version}` })).statusCode).toBe(status);
  });
});

describe('GET /accounts/{id}', () => {
  const resource = '/accounts/{id}';

  it('answers the bare account, with only the fields asked for', async () => {
    const { request } = createPartnerApi({ accounts: [account()] });

    const result = await request({ resource, id: 'a1', query: 'fields=name,channel' });

    expect(result.body).toBe('{"name":"order_account","channel":{"id":"c1"}}');
    expect(result.headers).toMatchObject({ 'Cache-Status': 'egain-accounts; hit; ttl=18' });
  });

  it('finds an id whether or not its percent-encoding was undone', async () => {
    const { request } = createPartnerApi({
      accounts: [account({ id: 'a/ü%' }), account({ id: '%41' })],
    });

    expect((await request({ resource, id: 'a/ü%' })).statusCode).toBe(200);
    expect((await request({ resource, id: encodeURIComponent('a/ü%') })).statusCode).toBe(200);
    expect(bodyOf(await request({ resource, id: '%41' }))).toMatchObject({ id: '%41' });
  });

  it.each(['', '%', 'null'])('has no %j', async (id) => {
    const { request } = createPartnerApi({ accounts: [account({ id: null })] });

    expect(bodyOf(await request({ resource, id }))).toMatchObject({ code: '404-902' });
  });

  it('takes no other parameter than fields', async () => {
    const { request } = createPartnerApi({ accounts: [account()] });

    expect((await request({ resource, id: 'a1', query: 'active=true' })).statusCode).toBe(400);
    expect((await request({ resource, id: 'a1', query: 'fields=address' })).statusCode).toBe(403);
  });
});

describe('GET /openapi.json', () => {
  const contract = { resource: '/openapi.json', authorizer: null };

  it('is open to everyone and needs no service', async () => {
    const { request } = createPartnerApi({ service: failingService(new Error('not asked')) });

    const result = await request(contract);

    expect(result.statusCode).toBe(200);
    expect(bodyOf(result)).toMatchObject({ openapi: '3.0.3' });
    expect(result.headers).toMatchObject({
      'Cache-Control': 'public, max-age=300',
      Vary: 'Accept-Encoding',
    });
    expect(result.headers).not.toHaveProperty('Age');
  });
});

describe('an event that was made by hand', () => {
  const requestContext = { authorizer: { scopes: 'accounts/read' } };
  const bare = { httpMethod: 'GET', resource: '/accounts', requestContext };

  it.each([
    [{}, '404-901'],
    [{ ...bare, requestContext: null }, '403-901'],
    [{ ...bare, multiValueQueryStringParameters: { name: null } }, '400-901'],
    [{ ...bare, queryStringParameters: { name: null } }, '400-901'],
    [{ ...bare, resource: '/accounts/{id}', headers: { 'X-CORRELATION-ID': 'a b' } }, '404-902'],
  ])('is answered like any other: %j', async (event, code) => {
    const { handler } = createPartnerApi();

    const result = await handler(event as unknown as APIGatewayProxyEvent, lambdaContext);

    expect(bodyOf(result)).toMatchObject({ code });
    expect(result.headers?.['X-Correlation-Id']).toMatch(/^[\da-f-]{36}$/);
  });
});

describe('HEAD', () => {
  it.each(['/accounts', '/openapi.json', '/nowhere'])(
    'of %s is GET without a body',
    async (resource) => {
      const { request } = createPartnerApi({ accounts: [account()] });
      const got = await request({ resource });

      const result = await request({ method: 'HEAD', resource });

      expect(got.body).not.toBe('');
      expect(result).toEqual({ ...got, body: '' });
    },
  );
});

describe('a route or method that is not offered', () => {
  it.each([
    ['head', '/accounts'],
    ['POST', '/accounts'],
    ['GET', '/account'],
    ['GET', 'constructor'],
  ])('%s %s is 404-901', async (method, resource) => {
    const { request } = createPartnerApi();

    expect(bodyOf(await request({ method, resource }))).toMatchObject({ code: '404-901' });
  });
});
