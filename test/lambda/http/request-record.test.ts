import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Fault } from '../../../lambda/faults.ts';
import { metricsNamespace } from '../../../lambda/platform/metrics.ts';
import { createTelemetry } from '../../../lambda/platform/telemetry.ts';
import { account } from '../../support/accounts.ts';
import { REQUEST_ID } from '../../support/api-events.ts';
import { emfDatapoints, emfFaults } from '../../support/cloudwatch.ts';
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
  it('is one line that says who asked for what, what came of it and what it cost', async () => {
    const { request, telemetry } = createPartnerApi({ accounts: [account()] });

    await request({
      query: 'channel=c1&channel=c2&pagesize=5',
      headers: { 'X-Correlation-Id': 'partner:42' },
    });

    expect(telemetry.lines).toEqual([
      {
        level: 'info',
        message: 'request',
        fields: {
          correlationId: 'partner:42',
          partner: 'acme',
          route: 'GET /accounts',
          status: 200,
          asked: 'channel pagesize',
          snapshot: 'hit',
          ageSeconds: 12,
          count: 1,
          upstreamCalls: undefined,
          tokenRequests: undefined,
          milliseconds: 0,
        },
      },
    ]);
  });

  it('says nothing of what was asked where nothing was', async () => {
    const { request, telemetry } = createPartnerApi({ accounts: [account()] });

    await request({});
    await request({ query: 'unknown=1' });

    expect(telemetry.lines.map(({ fields }) => fields['asked'])).toEqual([undefined, undefined]);
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
      upstreamCalls: undefined,
      tokenRequests: undefined,
      milliseconds: 0,
      code: '400-901',
    });
  });

  it.each([
    ['hit', {}],
    ['miss', { CacheMisses: 1 }],
    ['stale', { StaleAnswers: 1 }],
  ] as const)('counts a %s as %j', async (state, metric) => {
    const { request, telemetry } = createPartnerApi({ freshness: { state } });

    await request();

    expect(Object.fromEntries(telemetry.counted)).toEqual({
      Latency: 0,
      ...metric,
      SnapshotAge: 12,
    });
    expect(telemetry.records).toBe(1);
  });

  it('counts faults by code, and those of the server apart', async () => {
    const { request, telemetry } = createPartnerApi({ service: rejecting(new Fault('timedOut')) });

    await request();
    await request({ authorizer: null });

    const { counted } = telemetry;
    expect(counted.get('Faults:504-901')).toBe(1);
    expect(counted.get('Faults:403-901')).toBe(1);
    expect(counted.get('ServerFaults')).toBe(1);
    expect(telemetry.records).toBe(2);
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

    expect(telemetry.lines[0]?.fields['at']).toContain('request-record.test.ts');
  });

  it('names the parameters at fault, those that the contract knows alone', async () => {
    const { request, telemetry } = createPartnerApi();

    await request({ query: `pagesize=0&active=${CANARY}&${CANARY}=1&name=a` });
    await request({ query: 'entryPoint=e&name=a' });

    expect(telemetry.lines.map(({ fields }) => fields)).toMatchObject([
      { code: '400-901', asked: 'pagesize active name', atFault: 'active pagesize' },
      { code: '403-902', asked: 'entryPoint name', atFault: 'entryPoint' },
    ]);
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

describe('the line of a hit', () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });

  it('is one, of at most 450 bytes, that CloudWatch takes metrics from', async () => {
    vi.stubEnv('METRICS_NAMESPACE', metricsNamespace('production'));
    const telemetry = createTelemetry('api');
    const { request } = createPartnerApi({ accounts: [account()], telemetry });
    const texts: string[] = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => texts.push(String(text)) > 0);

    await request({
      query: 'active=true&channel=c1&pagesize=500',
      headers: { 'X-Correlation-Id': randomUUID() },
    });

    const [line = '', ...others] = texts;
    expect(others).toEqual([]);
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(450);
    expect(emfFaults(line)).toEqual([]);
    expect(emfDatapoints(texts, 0).map(({ name }) => name)).toEqual(['SnapshotAge', 'Latency']);
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
