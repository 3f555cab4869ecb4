import type { APIGatewayProxyEvent } from 'aws-lambda';
import { describe, expect, it, vi } from 'vitest';
import { Fault } from '../../../lambda/faults.ts';
import { account } from '../../support/accounts.ts';
import { lambdaContext, REQUEST_ID } from '../../support/api-events.ts';
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
        '<?pagenum=2&pagesize=1>; rel="next", <?pagenum=1&pagesize=1>; rel="first", ' +
        '<?pagenum=2&pagesize=1>; rel="last"',
      Vary: 'Authorization, Accept-Encoding',
      'X-Correlation-Id': REQUEST_ID,
      'X-Content-Type-Options': 'nosniff',
    });
  });

  it('answers an empty page past the end, with the true count', async () => {
    const { request } = createPartnerApi({ accounts: [account()] });

    const result = await request({ query: 'pagenum=100000&pagesize=500' });

    expect(bodyOf(result)).toEqual({
      paginationInfo: { count: 1, pagenum: 100_000, pagesize: 500 },
      account: [],
    });
  });

  it('is of all values of a repeated parameter, whatever was asked for just before', async () => {
    const { request } = createPartnerApi({
      accounts: ['c1', 'c2', 'c3'].map((id) => account({ id, channel: { id } })),
    });
    const idsOf = async (query: string) => {
      const { account: found } = bodyOf(await request({ query })) as { account: { id: string }[] };
      return found.map(({ id }) => id);
    };

    expect(await idsOf('channel=c1&channel=c3')).toEqual(['c1', 'c3']);
    expect(await idsOf('channel=c2&channel=c3')).toEqual(['c2', 'c3']);
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

  it('tells of malformed parameters before it tells of scopes', async () => {
    const { request } = createPartnerApi();

    expect(bodyOf(await request({ query: 'entryPoint=e&pagenum=0' }))).toMatchObject({
      code: '400-901',
    });
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

    expect((await request({ query: 'nope=1' })).statusCode).toBe(400);
    expect((await request({ query: 'fields=address' })).statusCode).toBe(403);
    expect((await request()).statusCode).toBe(502);
  });

  it.each([
    ['no authorizer', null],
    ['no scopes', { partner: 'acme' }],
    ['other scopes', { partner: 'acme', scopes: 'accounts/read.address accounts/reader' }],
    ['scopes that are no text', { partner: 'acme', scopes: 7 }],
  ])('is closed with %s', async (_, authorizer) => {
    const { request } = createPartnerApi();

    expect(bodyOf(await request({ authorizer }))).toMatchObject({ code: '403-901' });
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

  it('does not tell a hidden account from one that never was', async () => {
    const { request } = createPartnerApi({ accounts: [account({ id: 'hidden' })] });
    const authorizer = { partner: 'acme', scopes: 'accounts/read', accounts: '{"channel":["c9"]}' };

    const hidden = await request({ resource, id: 'hidden', authorizer });

    expect(bodyOf(hidden)).toMatchObject({ code: '404-902' });
    expect(await request({ resource, id: 'never', authorizer })).toEqual(hidden);
  });

  it.each(['', '%', 'x'.repeat(9000), '__proto__', 'null', 'undefined'])(
    'has no %j',
    async (id) => {
      const { request } = createPartnerApi({ accounts: [account({ id: null })] });

      expect(bodyOf(await request({ resource, id }))).toMatchObject({ code: '404-902' });
    },
  );

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

    expect(result).toMatchObject({ statusCode: 200, body: '{"openapi":"3.0.3"}' });
    expect(result.headers).toMatchObject({
      'Cache-Control': 'public, max-age=300',
      Vary: 'Accept-Encoding',
    });
    expect(result.headers).not.toHaveProperty('Age');
  });

  it('tells nothing when the document is not there', async () => {
    const { request } = createPartnerApi({
      openApi: () => Promise.reject(new Error('ENOENT /var')),
    });

    expect(bodyOf(await request(contract))).toEqual({
      code: '500-901',
      developerMessage: 'A fault of this service.',
    });
  });
});

describe('an event that was made by hand', () => {
  it.each([
    [{}, '404-901'],
    [{ httpMethod: 'GET', resource: '/accounts', requestContext: null }, '403-901'],
    [
      {
        httpMethod: 'GET',
        resource: '/accounts',
        multiValueQueryStringParameters: { name: null },
        requestContext: { authorizer: { scopes: 'accounts/read' } },
      },
      '400-901',
    ],
    [
      {
        httpMethod: 'GET',
        resource: '/accounts',
        queryStringParameters: { name: null },
        requestContext: { authorizer: { scopes: 'accounts/read' } },
      },
      '400-901',
    ],
    [
      {
        httpMethod: 'GET',
        resource: '/accounts/{id}',
        headers: { 'X-CORRELATION-ID': 'a b' },
        requestContext: { authorizer: { scopes: 'accounts/read' } },
      },
      '404-902',
    ],
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
    ['OPTIONS', '/openapi.json'],
    ['GET', '/account'],
    ['GET', '/{proxy+}'],
    ['GET', 'constructor'],
  ])('%s %s is 404-901', async (method, resource) => {
    const { request } = createPartnerApi();

    expect(bodyOf(await request({ method, resource }))).toMatchObject({ code: '404-901' });
  });
});
