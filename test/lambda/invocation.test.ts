import { randomUUID } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { Fault, type FaultName } from '../../lambda/faults.ts';
import { count, metricsNamespace } from '../../lambda/platform/metrics.ts';
import { account } from '../support/accounts.ts';
import { REQUEST_ID } from '../support/api-events.ts';
import { emfDatapoints, emfFaults } from '../support/cloudwatch.ts';
import { createPartnerApi, failingService } from '../support/partner-api.ts';

const CANARY = 'canary-4f1c';

/** What the API writes while it cannot answer for this reason. */
async function outputOf(thrown: unknown) {
  const { request, output } = createPartnerApi({ service: failingService(thrown) });
  const result = await request({ headers: { 'X-egain-error-message': 'yes' } });
  return { result, logs: output.logs(), record: output.records()[0] };
}

describe('the record of a request', () => {
  it('is one line that says who asked for what, what came of it and what it cost', async () => {
    const { request, output } = createPartnerApi({ accounts: [account()] });

    await request({
      query: 'channel=c1&channel=c2&pagesize=5',
      headers: { 'X-Correlation-Id': 'partner:42' },
    });

    expect(output.texts()).toHaveLength(1);
    expect(output.records()).toEqual([
      {
        message: 'request',
        correlationId: 'partner:42',
        partner: 'acme',
        route: 'GET /accounts',
        status: 200,
        asked: 'channel pagesize',
        snapshot: 'hit',
        ageSeconds: 12,
        count: 1,
        milliseconds: expect.any(Number) as number,
        Latency: expect.any(Number) as number,
        SnapshotAge: 12,
      },
    ]);
  });

  it('has the sums and the time of this request alone', async () => {
    vi.useFakeTimers();
    const { request, output } = createPartnerApi({
      service: () => ({
        snapshots: {
          async get() {
            count('UpstreamCalls', 3);
            count('TokenRequests');
            vi.advanceTimersByTime(250);
            throw new Fault('egainPagesInconsistent');
          },
        },
      }),
    });

    await request();
    await request({ query: 'nope=1' });
    vi.useRealTimers();

    const [first, second] = output.records();
    expect(first).toMatchObject({
      upstreamCalls: 3,
      tokenRequests: 1,
      milliseconds: 250,
      Latency: 250,
      code: '502-904',
    });
    expect(second).toMatchObject({ milliseconds: 0, code: '400-901' });
    for (const key of ['upstreamCalls', 'tokenRequests', 'asked']) {
      expect(second).not.toHaveProperty(key);
    }
  });

  it('names the parameters that were at fault, but only those that the contract knows', async () => {
    const { request, output } = createPartnerApi();

    await request({ query: `pagesize=0&active=${CANARY}&${CANARY}=1&name=a` });
    await request({ query: 'entryPoint=e&name=a' });

    expect(output.records()).toMatchObject([
      { code: '400-901', asked: 'pagesize active name', atFault: 'active pagesize' },
      { code: '403-902', asked: 'entryPoint name', atFault: 'entryPoint' },
    ]);
  });

  it('holds nothing of the accounts, the query or the rule', async () => {
    const { request, output } = createPartnerApi({
      accounts: [account({ name: CANARY, address: CANARY, description: CANARY })],
    });
    const accounts = JSON.stringify({ channel: [CANARY] });
    const authorizer = { partner: 'acme', scopes: 'accounts/read accounts/read.address', accounts };

    await request({ query: `name=${CANARY}`, authorizer });
    await request({ query: `${CANARY}=1`, authorizer });
    await request({ resource: '/accounts/{id}', id: CANARY, headers: { Authorization: CANARY } });

    expect(output.records()).toHaveLength(3);
    expect(output.texts().join()).not.toContain(CANARY);
  });

  it('of a hit takes at most 450 bytes, and CloudWatch takes metrics from it', async () => {
    vi.stubEnv('METRICS_NAMESPACE', metricsNamespace('production'));
    const { request, output } = createPartnerApi({ accounts: [account()] });

    await request({
      query: 'active=true&channel=c1&pagesize=500',
      headers: { 'X-Correlation-Id': randomUUID() },
    });

    const [line = '', ...others] = output.texts();
    expect(others).toEqual([]);
    // A slow machine adds digits to the duration.
    const quick = line.replaceAll(/("(?:milliseconds|Latency)":)\d+/g, '$19');
    expect(Buffer.byteLength(quick)).toBeLessThanOrEqual(450);
    expect(emfFaults(line)).toEqual([]);
    expect(emfDatapoints([line], 0).map(({ name }) => name)).toEqual(['SnapshotAge', 'Latency']);
  });
});

describe('the log of a fault', () => {
  it.each<[FaultName, string, string]>([
    ['egainContractBroken', '502-903', 'ERROR'],
    ['tooLarge', '413-901', 'WARN'],
  ])('has the reason of %s, %s, as %s, and the caller does not', async (kind, code, level) => {
    const reason = 'page 2: account[3].name';
    const { result, logs, record } = await outputOf(new Fault(kind, { reason }));

    expect(logs).toEqual([{ level, message: 'fault', correlationId: REQUEST_ID, code, reason }]);
    expect(result.body).not.toContain('page 2');
    expect(record).toMatchObject({ code, Faults: 1 });
    expect(record?.['ServerFaults']).toBe(level === 'ERROR' ? 1 : undefined);
  });

  it('is empty where the code says it all', async () => {
    expect((await outputOf(new Fault('timedOut'))).logs).toEqual([]);
  });

  it("counts a failure of eGain's under the product's code, and holds none of its words", async () => {
    const failure = new Fault('egainUnavailable', {
      reason: 'eGain answered 507-123',
      passedOn: { code: '507-123', status: 507 },
      inFull: { developerMessage: CANARY, userMessage: CANARY },
    });

    const { logs, record } = await outputOf(failure);

    expect(record).toMatchObject({ code: '502-905', egainCode: '507-123', Faults: 1 });
    expect(logs).toMatchObject([{ level: 'ERROR', reason: 'eGain answered 507-123' }]);
    expect(JSON.stringify(logs)).not.toContain(CANARY);
  });
});

describe('the log of an unexpected error', () => {
  const withOtherStack = Object.assign(new Error(`refused ${CANARY} at the door`), {
    message: 'refused',
  });

  it.each<[unknown, string, RegExp]>([
    [
      new TypeError(`${CANARY}\n    at ${CANARY} (x.ts:1:1)`),
      'TypeError',
      /^at .*invocation\.test/,
    ],
    [withOtherStack, 'Error', /^at /],
    [CANARY, 'string', /^undefined$/],
  ])('tells where %s was thrown, never its message', async (thrown, error, at) => {
    const { result, logs, record } = await outputOf(thrown);

    expect(result.statusCode).toBe(500);
    expect(logs).toMatchObject([
      { level: 'ERROR', message: 'unexpected error', code: '500-901', error },
    ]);
    expect(String(logs[0]?.['at'])).toMatch(at);
    expect(JSON.stringify([result, logs])).not.toContain(CANARY);
    expect(record).toMatchObject({ Faults: 1, ServerFaults: 1 });
  });
});
