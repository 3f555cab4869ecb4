import { describe, expect, it } from 'vitest';
import { Fault, UpstreamFault } from '../../../lambda/faults.ts';
import { account } from '../../support/accounts.ts';
import { REQUEST_ID } from '../../support/api-events.ts';
import { bodyOf, createPartnerApi, detailsOf, failingService } from '../../support/partner-api.ts';

const FULL = {
  partner: 'full',
  scopes: 'accounts/read accounts/read.address accounts/read.configuration',
};

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

  it.each([
    ['miss', 0, 30, 'egain-accounts; fwd=miss; stored; ttl=30', 'private, max-age=30'],
    ['stale', 95, 0, 'egain-accounts; fwd=stale; ttl=-65', 'private, max-age=30'],
  ] as const)(
    'says %s in Cache-Status',
    async (state, ageSeconds, freshSecondsLeft, status, control) => {
      const { request } = createPartnerApi({ freshness: { state, ageSeconds, freshSecondsLeft } });

      const { headers } = await request();

      expect(headers).toMatchObject({
        'Cache-Status': status,
        'Cache-Control': control,
        Age: String(ageSeconds),
      });
    },
  );

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

  it('passes on nothing that the catalogue does not name', async () => {
    const strange = { ...account(), secretNote: 'x', channel: { id: 'c1', extra: 'y' } };
    const { request } = createPartnerApi({ accounts: [strange] });

    const result = await request({ authorizer: FULL });

    expect((bodyOf(result) as { account: unknown[] }).account).toEqual([account()]);
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

  it('leaves no timer behind, whatever became of it', async () => {
    const well = createPartnerApi();
    const ill = createPartnerApi({ service: failingService(new Fault('timedOut')) });

    await well.request();
    await ill.request();

    expect([well.clock.waiting, ill.clock.waiting]).toEqual([0, 0]);
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
  ])('is closed with %s', async (_, authorizer) => {
    const { request } = createPartnerApi();

    expect(bodyOf(await request({ authorizer }))).toMatchObject({ code: '403-901' });
  });

  it.each(['{', '[]', '{"channel":"c1"}', '{"chanel":["c1"]}', 7])(
    'shows nothing when the account rule is %j',
    async (accounts) => {
      const { request } = createPartnerApi({ accounts: [account()] });
      const authorizer = { partner: 'acme', scopes: 'accounts/read', accounts };

      expect(bodyOf(await request({ authorizer }))).toMatchObject({ code: '500-901' });
    },
  );
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

describe('a conditional request', () => {
  it('gets 304 without a body, and the headers that caches need', async () => {
    const { request } = createPartnerApi({ accounts: [account()] });
    const first = await request();

    const result = await request({
      headers: { 'if-none-match': `"x", ${String(first.headers?.['ETag'])}` },
    });

    expect(result).toMatchObject({ statusCode: 304, body: '' });
    const { 'Content-Type': type, ...rest } = first.headers ?? {};
    expect(type).toBe('application/json');
    expect(result.headers).toEqual(rest);
  });

  it.each([{ resource: '/accounts/{id}', id: 'a1' }, { resource: '/openapi.json' }])(
    'gets 304 of one account and of the contract too: %j',
    async (what) => {
      const { request } = createPartnerApi({ accounts: [account()] });
      const { headers = {} } = await request(what);

      const result = await request({
        ...what,
        headers: { 'If-None-Match': String(headers['ETag']) },
      });

      expect(result).toMatchObject({ statusCode: 304, body: '' });
    },
  );

  it('gets the body when it holds another', async () => {
    const { request } = createPartnerApi({ accounts: [account()] });
    const other = await request({ query: 'fields=id' });

    const result = await request({ headers: { 'If-None-Match': String(other.headers?.['ETag']) } });

    expect(result.statusCode).toBe(200);
  });
});

describe('an answer of the size that the platform limits', () => {
  it.each([
    ['plain', 6_000_000, 'x', 200],
    ['plain, past the limit', 6_300_000, 'x', 413],
    ['of quotes', 1_400_000, '"', 200],
    ['of quotes, past the limit only once escaped', 2_000_000, '"', 413],
    ['of three bytes a character', 2_000_000, '€', 200],
    ['of three bytes a character, past the limit', 2_200_000, '€', 413],
  ])('%s', async (_, length, filler, status) => {
    const { request } = createPartnerApi({
      accounts: [account({ description: filler.repeat(length) })],
    });

    const result = await request();

    expect(result.statusCode).toBe(status);
    expect(result.body.includes('a smaller pagesize or for fewer fields')).toBe(status === 413);
    expect(JSON.stringify(result).length).toBeLessThan(6 * 1024 * 1024);
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

describe('a fault', () => {
  it('is the envelope, with what a caller may know', async () => {
    const fault = new Fault('egainThrottled', {
      details: [{ key: 'egain.code', value: '429-001' }],
      retryAfterSeconds: 7,
      reason: 'for the log alone',
    });
    const { request } = createPartnerApi({ service: failingService(fault) });

    const result = await request();

    expect(result.statusCode).toBe(503);
    expect(result.headers).toEqual({
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      'Retry-After': '7',
      'X-Correlation-Id': REQUEST_ID,
      'X-Content-Type-Options': 'nosniff',
    });
    expect(bodyOf(result)).toEqual({
      code: '503-901',
      developerMessage: "eGain is throttling this service's requests.",
      details: [{ key: 'egain.code', value: '429-001' }],
    });
  });

  it('says when to come again only where that is known', async () => {
    const { request } = createPartnerApi({ service: failingService(new Fault('timedOut')) });

    const { headers } = await request();

    expect(headers).not.toHaveProperty('Retry-After');
  });

  it.each([
    ['X-egain-error-message', 'yes', true],
    ['x-EGAIN-error-MESSAGE', ' YES ', true],
    ['X-egain-error-message', 'no', false],
    ['X-egain-error-message', 'yes, yes', false],
  ])('with %s: %s has a userMessage: %j', async (name, value, expected) => {
    const { request } = createPartnerApi();

    const body = bodyOf(await request({ method: 'PUT', headers: { [name]: value } }));

    expect(Object.hasOwn(body as object, 'userMessage')).toBe(expected);
  });

  it('of the configuration is told at each request', async () => {
    const { request } = createPartnerApi({
      service: () => {
        throw new Fault('misconfigured', { reason: 'CREDENTIALS_SECRET_ARN' });
      },
    });

    for (const result of [await request(), await request()]) {
      expect(bodyOf(result)).toMatchObject({ code: '500-902' });
      expect(result.body).not.toContain('CREDENTIALS_SECRET_ARN');
    }
  });
});

describe("eGain's own words", () => {
  const words = {
    code: '500-100',
    developerMessage: 'account 7 of +49 30 1 is broken',
    userMessage: 'broken',
    details: [{ key: 'address', value: '+49 30 1' }],
  };
  const headers = { 'X-egain-error-message': 'yes' };
  const failing = () =>
    createPartnerApi({ service: failingService(new UpstreamFault(500, words)) });

  it('go to a partner from whom nothing is hidden', async () => {
    const result = await failing().request({ authorizer: FULL, headers });

    expect(bodyOf(result)).toEqual(words);
  });

  it.each([
    ['fewer scopes', { ...FULL, scopes: 'accounts/read accounts/read.configuration' }],
    ['an account rule', { ...FULL, accounts: '{"channel":["c1"]}' }],
    ['nobody known', null],
  ])('do not go to a partner with %s', async (_, authorizer) => {
    const result = await failing().request({ authorizer, headers });

    expect(result.body).not.toMatch(/49|broken|account 7/);
  });

  it('are ours where eGain left them out', async () => {
    const bare = { code: '500-100', developerMessage: undefined, userMessage: undefined };
    const fault = new UpstreamFault(500, { ...bare, details: [] });
    const { request } = createPartnerApi({ service: failingService(fault) });

    const result = await request({ authorizer: FULL, headers });

    expect(bodyOf(result)).toEqual({
      code: '500-100',
      developerMessage: 'eGain cannot be reached or fails.',
      userMessage: 'The service is unavailable at the moment. Please try again later.',
    });
  });

  it('leave their code with our own words', async () => {
    const result = await failing().request({
      authorizer: { ...FULL, scopes: 'accounts/read' },
      headers,
    });

    expect(bodyOf(result)).toEqual({
      code: '500-100',
      developerMessage: 'eGain cannot be reached or fails.',
      userMessage: 'The service is unavailable at the moment. Please try again later.',
    });
  });
});
