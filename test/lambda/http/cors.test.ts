import { describe, expect, it } from 'vitest';
import { readCorsOrigins } from '../../../lambda/platform/config.ts';
import { createPartnerApi } from '../../support/partner-api.ts';

const PORTAL = 'https://portal.example.org';
const CORS_HEADER = /^access-control-/i;

describe('an answer to a script of another origin', () => {
  it('names the origin that the stage config names', async () => {
    const { request } = createPartnerApi({ corsOrigins: ['https://other.example.org', PORTAL] });

    const { headers } = await request({ headers: { origin: PORTAL } });

    expect(headers).toMatchObject({
      'Access-Control-Allow-Origin': PORTAL,
      'Access-Control-Expose-Headers':
        'ETag, Age, Cache-Status, Accounts-Version, Link, Retry-After, X-Correlation-Id',
      Vary: 'Authorization, Accept-Encoding, Origin',
    });
  });

  it('names it on errors too', async () => {
    const { request } = createPartnerApi({ corsOrigins: [PORTAL] });

    const { statusCode, headers } = await request({ query: 'nope=1', headers: { Origin: PORTAL } });

    expect(statusCode).toBe(400);
    expect(headers).toMatchObject({ 'Access-Control-Allow-Origin': PORTAL, Vary: 'Origin' });
  });

  it.each([
    ['another origin', { origin: 'https://evil.example.org' }],
    ['an origin that only begins alike', { origin: `${PORTAL}.evil.example` }],
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

it.each([
  [undefined, []],
  ['', []],
  ['https://a.example https://b.example', ['https://a.example', 'https://b.example']],
])('reads the origins from %j', (value, origins) => {
  expect(readCorsOrigins(value === undefined ? {} : { CORS_ORIGINS: value })).toEqual(origins);
});
