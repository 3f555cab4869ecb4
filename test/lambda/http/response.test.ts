import { describe, expect, it } from 'vitest';
import { judgeAnswer } from '../../../lambda/egain/client.ts';
import { Fault } from '../../../lambda/faults.ts';
import { account } from '../../support/accounts.ts';
import { apiEvent, lambdaContext, REQUEST_ID } from '../../support/api-events.ts';
import { bodyOf, createPartnerApi, failingService } from '../../support/partner-api.ts';

const FULL = {
  partner: 'full',
  scopes: 'accounts/read accounts/read.address accounts/read.configuration',
};
const PORTAL = 'https://portal.example.org';
const CORS_HEADER = /^access-control-/i;

describe('the age of an answer', () => {
  it.each([
    ['miss', 0, 30, false, 'egain-accounts; fwd=miss; stored; ttl=30', 'private, max-age=30'],
    ['stale', 95, 30, false, 'egain-accounts; fwd=stale; ttl=-65', 'private, max-age=30'],
    ['stale', 95, 30, true, 'egain-accounts; hit; ttl=-65', 'private, max-age=30'],
    ['hit', 333, 420, false, 'egain-accounts; hit; ttl=87', 'private, max-age=420'],
  ] as const)(
    'says %s in Cache-Status',
    async (state, ageSeconds, freshSeconds, leftAlone, status, control) => {
      const freshness = { state, ageSeconds, freshSeconds, leftAlone };
      const { request } = createPartnerApi({ freshness });

      const { headers } = await request();

      expect(headers).toMatchObject({
        'Cache-Status': status,
        'Cache-Control': control,
        Age: String(ageSeconds),
      });
    },
  );
});

describe('a conditional request', () => {
  it('gets 304 without a body, and the headers that caches need', async () => {
    const { request, handler } = createPartnerApi({ accounts: [account()] });
    const first = await request();
    const sentTwice = { 'if-NONE-match': ['"x"', String(first.headers?.['ETag'])] };

    const event = { ...apiEvent(), multiValueHeaders: sentTwice };
    const result = await handler(event, lambdaContext);

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

  it.each([
    ['W/TAG', 304],
    ['"a",W/TAG ,"b"', 304],
    [' * ', 304],
    ['w/TAG', 200],
    ['"a", *', 200],
    ['"another"', 200],
  ])('that names %s gets %i', async (header, status) => {
    const { request } = createPartnerApi();
    const tag = String((await request()).headers?.['ETag']).replace('W/', '');

    const headers = { 'If-None-Match': header.replace('TAG', tag) };

    expect((await request({ headers })).statusCode).toBe(status);
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
});

describe("eGain's own words", () => {
  const words = {
    developerMessage: 'account 7 of +49 30 1 is broken',
    userMessage: 'broken',
    details: [{ key: 'address', value: '+49 30 1' }],
  };
  const headers = { 'X-egain-error-message': 'yes' };

  /** What a partner is answered while this is eGain's answer. */
  function answerTo(authorizer: Record<string, string> | null, status: number, body: object) {
    const sensitive = { token: 'a-token-of-eGain', clientId: 'a-client', clientSecret: 'a-secret' };
    const text = JSON.stringify(body);
    const service = () => ({
      snapshots: {
        get: async () =>
          judgeAnswer({ kind: 'response', status, headers: {}, text }, sensitive, 0) as never,
      },
    });
    return createPartnerApi({ service }).request({ authorizer, headers });
  }

  it('go to a partner from whom nothing is hidden', async () => {
    const envelope = { code: '507-100', ...words };

    expect(bodyOf(await answerTo(FULL, 507, envelope))).toEqual(envelope);
  });

  describe.each([
    ['fewer scopes', { ...FULL, scopes: 'accounts/read accounts/read.configuration' }],
    ['an account rule', { ...FULL, accounts: '{"channel":["c1"]}' }],
  ])('do not go to a partner with %s', (_, authorizer) => {
    it.each([400, 507])('who learns the code of a %i', async (status) => {
      const { body } = await answerTo(authorizer, status, { code: `${status}-100`, ...words });

      expect(body).toContain(`${status}-100`);
      expect(body).not.toMatch(/49|broken|account 7/);
    });
  });

  it('are ours where eGain left them out', async () => {
    expect(bodyOf(await answerTo(FULL, 500, { code: '500-100' }))).toEqual({
      code: '500-100',
      developerMessage: 'eGain cannot be reached or fails.',
      userMessage: 'The service is unavailable at the moment. Please try again later.',
    });
  });
});

describe('an answer to a script of another origin', () => {
  it('names the origin that the stage config names, on errors too', async () => {
    const { request } = createPartnerApi({ corsOrigins: ['https://other.example.org', PORTAL] });

    const { headers } = await request({ headers: { origin: PORTAL } });

    expect(headers).toMatchObject({
      'Access-Control-Allow-Origin': PORTAL,
      'Access-Control-Expose-Headers':
        'ETag, Age, Cache-Status, Accounts-Version, Link, Retry-After, X-Correlation-Id',
      Vary: 'Authorization, Accept-Encoding, Origin',
    });
    const failed = await request({ query: 'nope=1', headers: { Origin: PORTAL } });
    expect(failed.statusCode).toBe(400);
    expect(failed.headers).toMatchObject({ 'Access-Control-Allow-Origin': PORTAL, Vary: 'Origin' });
  });

  it.each([
    ['another origin', { origin: 'https://evil.example.org' }],
    ['no origin', {}],
  ])('names none for %s, but keeps caches apart', async (_, requestHeaders) => {
    const { request } = createPartnerApi({ corsOrigins: [PORTAL] });

    const { headers = {} } = await request({ headers: requestHeaders });

    expect(Object.keys(headers).filter((name) => CORS_HEADER.test(name))).toEqual([]);
    expect(headers['Vary']).toBe('Authorization, Accept-Encoding, Origin');
  });

  it('says nothing of origins where the stage config names none', async () => {
    const { request } = createPartnerApi();

    const { headers = {} } = await request({ headers: { origin: PORTAL } });

    expect(Object.keys(headers).filter((name) => CORS_HEADER.test(name))).toEqual([]);
    expect(headers['Vary']).toBe('Authorization, Accept-Encoding');
  });
});

describe('the correlation id', () => {
  it.each(['A-Z_a.z:0-9', 'x'.repeat(128)])('is the caller’s own: %s', async (id) => {
    const { request } = createPartnerApi();

    expect((await request({ headers: { 'x-correlation-ID': id } })).headers).toMatchObject({
      'X-Correlation-Id': id,
    });
  });

  it.each(['', 'x'.repeat(129), 'a\r\nSet-Cookie: b', 'é'])(
    'is the gateway’s request id in place of %j',
    async (id) => {
      const { request } = createPartnerApi();

      expect((await request({ headers: { 'X-Correlation-Id': id } })).headers).toMatchObject({
        'X-Correlation-Id': REQUEST_ID,
      });
    },
  );
});
