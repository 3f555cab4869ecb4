import { describe, expect, it } from 'vitest';
import { Fault } from '../../../lambda/faults.ts';
import { account } from '../../support/accounts.ts';
import { REQUEST_ID } from '../../support/api-events.ts';
import { createPartnerApi } from '../../support/partner-api.ts';

const CANARY = 'canary-4f1c';
const rejecting = (error: unknown) => () => ({
  snapshots: {
    get: async () => {
      throw error;
    },
  },
});

describe('the record of a request', () => {
  it('is one line that says who asked, what came of it and what it cost', async () => {
    const { request, telemetry } = createPartnerApi({ accounts: [account()] });

    await request({ headers: { 'X-Correlation-Id': 'partner:42' } });

    expect(telemetry.lines).toEqual([
      {
        level: 'info',
        message: 'request',
        fields: {
          correlationId: 'partner:42',
          partner: 'acme',
          route: 'GET /accounts',
          status: 200,
          code: undefined,
          snapshot: 'hit',
          ageSeconds: 12,
          upstreamCalls: 0,
          tokenRequests: 0,
          milliseconds: 0,
        },
      },
    ]);
  });

  it('has the sums and the time of this request alone', async () => {
    const api = createPartnerApi({
      service: () => ({
        snapshots: {
          async get() {
            api.telemetry.count('UpstreamCalls', 3);
            api.telemetry.count('TokenRequests');
            api.clock.advance(250);
            throw new Fault('egainPagesInconsistent');
          },
        },
      }),
    });

    await api.request();
    await api.request({ query: 'nope=1' });

    const [first, second] = api.telemetry.lines.map(({ fields }) => fields);
    expect(first).toMatchObject({
      upstreamCalls: 3,
      tokenRequests: 1,
      milliseconds: 250,
      code: '502-904',
    });
    expect(second).toMatchObject({
      upstreamCalls: 0,
      tokenRequests: 0,
      milliseconds: 0,
      code: '400-901',
    });
  });

  it.each([
    ['hit', 'CacheHits'],
    ['miss', 'CacheMisses'],
    ['stale', 'StaleAnswers'],
  ] as const)('counts a %s as %s', async (state, metric) => {
    const { request, telemetry } = createPartnerApi({ freshness: { state } });

    await request();

    expect(Object.fromEntries(telemetry.counted)).toEqual({
      Requests: 1,
      Latency: 0,
      'PartnerRequests:acme': 1,
      [metric]: 1,
      SnapshotAge: 12,
    });
    expect(telemetry.flushes).toBe(1);
  });

  it('counts faults by code, and those of the server apart', async () => {
    const { request, telemetry } = createPartnerApi({ service: rejecting(new Fault('timedOut')) });

    await request();
    await request({ authorizer: null });

    const { counted } = telemetry;
    expect(counted.get('Requests')).toBe(2);
    expect(counted.get('Faults:504-901')).toBe(1);
    expect(counted.get('Faults:403-901')).toBe(1);
    expect(counted.get('ServerFaults')).toBe(1);
    expect(counted.get('PartnerRequests:acme')).toBe(1);
    expect(telemetry.flushes).toBe(2);
  });

  it.each([
    ['egainContractBroken', '502-903', 'error'],
    ['tooLarge', '413-901', 'warn'],
  ] as const)(
    'keeps the reason of %s, %s, as %s, and does not send it',
    async (kind, code, level) => {
      const { request, telemetry } = createPartnerApi({
        service: rejecting(new Fault(kind, { reason: 'page 2: account[3].name' })),
      });

      const result = await request();

      expect(telemetry.lines[0]).toEqual({
        level,
        message: 'fault',
        fields: { correlationId: REQUEST_ID, code, reason: 'page 2: account[3].name' },
      });
      expect(result.body).not.toContain('page 2');
    },
  );

  it.each([
    ['an error', new TypeError(`headers ${CANARY}\n    at ${CANARY} (x.js:1:1)`), 'TypeError'],
    ['no error at all', CANARY, 'string'],
  ])('of what nobody expected (%s) tells where, never what', async (_, thrown, name) => {
    const { request, telemetry } = createPartnerApi({ service: rejecting(thrown) });

    const result = await request({ headers: { 'X-egain-error-message': 'yes' } });

    expect(result.statusCode).toBe(500);
    expect(JSON.stringify([result, telemetry.lines])).not.toContain(CANARY);
    expect(telemetry.lines[0]).toMatchObject({
      level: 'error',
      fields: { error: name, code: '500-901' },
    });
  });

  it('of an unexpected error has the place where it was made', async () => {
    const { request, telemetry } = createPartnerApi({ service: rejecting(new Error('lost')) });

    await request();

    expect(telemetry.lines[0]?.fields['at']).toContain('invocation-record.test.ts');
  });

  it('has nothing of the accounts, the query or the rule in it', async () => {
    const { request, telemetry } = createPartnerApi({
      accounts: [account({ name: CANARY, address: CANARY, description: CANARY })],
    });
    const accounts = JSON.stringify({ channel: [CANARY] });
    const authorizer = { partner: 'acme', scopes: 'accounts/read accounts/read.address', accounts };

    await request({ query: `name=${CANARY}`, authorizer });
    await request({ query: `${CANARY}=1`, authorizer });
    await request({ resource: '/accounts/{id}', id: CANARY, headers: { Authorization: CANARY } });

    expect(telemetry.lines).toHaveLength(3);
    expect(JSON.stringify(telemetry.lines)).not.toContain(CANARY);
  });
});

describe('the correlation id', () => {
  it.each(['a', 'A-Z_a.z:0-9', 'x'.repeat(128)])('is the caller’s own: %s', async (id) => {
    const { request } = createPartnerApi();

    expect((await request({ headers: { 'x-correlation-ID': id } })).headers).toMatchObject({
      'X-Correlation-Id': id,
    });
  });

  it.each(['', 'x'.repeat(129), 'a b', 'a\r\nSet-Cookie: b', 'é', 'a,b'])(
    'is the gateway’s request id in place of %j',
    async (id) => {
      const { request } = createPartnerApi();

      expect((await request({ headers: { 'X-Correlation-Id': id } })).headers).toMatchObject({
        'X-Correlation-Id': REQUEST_ID,
      });
    },
  );
});
