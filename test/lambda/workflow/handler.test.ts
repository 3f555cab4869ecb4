import { describe, expect, test } from 'vitest';
import { FAULTS, Fault, type FaultCode, UpstreamFault } from '../../../lambda/faults.ts';
import { createTaskHandler } from '../../../lambda/workflow/handler.ts';
import { account, snapshotOf } from '../../support/accounts.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { recordTelemetry } from '../../support/recorded-telemetry.ts';
import { taskContext, taskOver } from '../../support/task.ts';

const THREE = [
  account({ id: 'a1', name: 'alpha' }),
  account({ id: 'a2', name: 'beta', active: false }),
  account({ id: 'a3', name: 'gamma' }),
];

async function failureOf(run: Promise<unknown>): Promise<Error> {
  try {
    await run;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('no failure');
}
const envelopeOf = (error: Error) => JSON.parse(error.message) as Record<string, unknown>;
const throwing = (error: unknown) =>
  taskOver(() => {
    throw error;
  });

describe('a run', () => {
  test('gives the whole answer where it fits, with every field and nothing else', async () => {
    const output = await taskOver(() => snapshotOf(...THREE)).run({});

    expect(output).toEqual({
      paginationInfo: { count: 3, pagenum: 1, pagesize: 500 },
      account: THREE,
      cursor: null,
    });
  });

  test('filters, sorts and projects as it is asked', async () => {
    const { run } = taskOver(() => snapshotOf(...THREE));

    const output = await run({ filter: { active: true }, sort: '-name', fields: ['id'] });

    expect(output.account).toEqual([{ id: 'a3' }, { id: 'a1' }]);
    expect(output.paginationInfo.count).toBe(2);
  });

  test('gives an empty page where nothing matches', async () => {
    const output = await taskOver(() => snapshotOf(...THREE)).run({ filter: { name: 'omega' } });

    expect(output).toEqual({
      paginationInfo: { count: 0, pagenum: 1, pagesize: 500 },
      account: [],
      cursor: null,
    });
  });

  test('goes on from a cursor, and takes other fields and sizes on the way', async () => {
    const { run } = taskOver(() => snapshotOf(...THREE));
    const first = await run({ pagesize: 1 });

    const rest = await run({ cursor: first.cursor, pagesize: 2, fields: ['name'], maxBytes: 1000 });

    expect(rest).toEqual({
      paginationInfo: { count: 3, pagenum: 2, pagesize: 2 },
      account: [{ name: 'beta' }, { name: 'gamma' }],
      cursor: null,
    });
  });

  test('goes on in a container whose snapshot has the same content in another order', async () => {
    const first = await taskOver(() => snapshotOf(...THREE)).run({ pagesize: 2 });
    const elsewhere = taskOver(() => ({ ...snapshotOf(...THREE.toReversed()), fetchedAt: 99 }));

    const rest = await elsewhere.run({ cursor: first.cursor });

    expect(rest.account).toEqual([THREE[2]]);
  });

  test('names the content where it is asked to', async () => {
    const output = await taskOver(() => snapshotOf(...THREE)).run({ contentHash: true });

    expect(output.contentHash).toBe('hash');
  });

  test('never takes stale data', async () => {
    const task = taskOver(() => snapshotOf(...THREE));

    await task.run({});

    expect(task.asked).toEqual([{ stale: false }]);
  });

  test('leaves one log line, the metrics and no timer', async () => {
    const task = taskOver(() => snapshotOf(...THREE));

    await task.run({ pagesize: 2 });

    expect(task.telemetry.lines).toEqual([
      {
        level: 'info',
        message: 'run',
        fields: expect.objectContaining({ requestId: 'run-1', count: 3, accounts: 2, last: false }),
      },
    ]);
    expect(Object.fromEntries(task.telemetry.counted)).toEqual({
      Requests: 1,
      Latency: 0,
      CacheMisses: 1,
      SnapshotAge: 3,
    });
    expect([task.telemetry.flushes, task.clock.waiting]).toEqual([1, 0]);
  });
});

describe('a cursor', () => {
  test('of a snapshot whose content has changed is SnapshotExpired', async () => {
    let hash = 'before';
    const { run } = taskOver(() => ({ ...snapshotOf(...THREE), hash }));
    const { cursor } = await run({ pagesize: 1 });
    hash = 'after';

    const error = await failureOf(run({ pagesize: 1, cursor }));

    expect([error.name, envelopeOf(error)['code']]).toEqual(['SnapshotExpired', '409-901']);
  });

  test.each([
    ['another filter', { filter: { active: true } }],
    ['another sort', { sort: '-name' }],
  ])('with %s is InvalidRequest, without a question to eGain', async (_, change) => {
    const task = taskOver(() => snapshotOf(...THREE));
    const { cursor } = await task.run({ pagesize: 1 });

    const error = await failureOf(task.run({ pagesize: 1, cursor, ...change }));

    expect(error.name).toBe('InvalidRequest');
    expect(envelopeOf(error)).toMatchObject({ code: '400-901', details: [{ key: 'cursor' }] });
    expect(task.asked).toHaveLength(1);
  });

  test('with the same filter written otherwise is taken', async () => {
    const { run } = taskOver(() => snapshotOf(...THREE));
    const filter = { channel: ['c1', 'c2'], active: true };
    const { cursor } = await run({ pagesize: 1, filter });

    const rest = await run({ filter: { active: true, channel: ['c2', 'c1', 'c2'] }, cursor });

    expect(rest.account).toEqual([THREE[2]]);
  });

  test('that leads past the end is InvalidRequest', async () => {
    let accounts = THREE;
    const { run } = taskOver(() => snapshotOf(...accounts));
    const { cursor } = await run({ pagesize: 2 });
    accounts = THREE.slice(0, 2);

    const error = await failureOf(run({ cursor }));

    expect(error.name).toBe('InvalidRequest');
  });
});

describe('a failure', () => {
  const workflowCodes = (Object.keys(FAULTS) as FaultCode[]).filter(
    (code) => FAULTS[code].workflowError !== null,
  );

  test.each(workflowCodes)('of %s has the name and the envelope of the catalogue', async (code) => {
    const { workflowError, developerMessage } = FAULTS[code];

    const error = await failureOf(throwing(new Fault(code)).run({}));

    expect(error.name).toBe(workflowError);
    expect(envelopeOf(error)).toEqual({ code, developerMessage });
  });

  test('shows nothing but its name and the envelope', async () => {
    const fault = new Fault('502-903', { reason: 'for the log', cause: new Error('secret') });

    const error = await failureOf(throwing(fault).run({}));

    expect(Object.keys(error)).toEqual([]);
    expect([error.stack, error.cause]).toEqual(['UpstreamContractBroken', undefined]);
    expect(error.message).not.toMatch(/for the log|secret/);
  });

  test('that nobody foresaw is InternalError, and nothing of it is told', async () => {
    const task = throwing(new TypeError('token abc123 is bad'));

    const error = await failureOf(task.run({}));

    expect([error.name, envelopeOf(error)['code']]).toEqual(['InternalError', '500-901']);
    expect(JSON.stringify([error.message, error.stack, task.telemetry.lines])).not.toContain(
      'abc123',
    );
    expect(task.telemetry.lines[0]).toMatchObject({
      level: 'error',
      fields: { error: 'TypeError' },
    });
  });

  test('of throttling tells for how long', async () => {
    const error = await failureOf(
      throwing(new Fault('503-901', { retryAfterSeconds: 42 })).run({}),
    );

    expect(error.name).toBe('UpstreamThrottled');
    expect(envelopeOf(error)['details']).toEqual([{ key: 'retryAfterSeconds', value: '42' }]);
  });

  test("that is eGain's own 5xx is UpstreamUnavailable with eGain's code", async () => {
    const fault = new UpstreamFault(500, {
      code: '500-100',
      developerMessage: 'Database is down',
      userMessage: 'Sorry',
      details: [],
    });

    const error = await failureOf(throwing(fault).run({}));

    expect(error.name).toBe('UpstreamUnavailable');
    expect(envelopeOf(error)).toEqual({ code: '500-100', developerMessage: 'Database is down' });
  });

  test('is logged, and counted by its code', async () => {
    const task = throwing(new Fault('502-901', { reason: 'refused after one renewal' }));

    await failureOf(task.run({}));

    expect(task.telemetry.lines).toEqual([
      { level: 'error', message: 'fault', fields: expect.objectContaining({ code: '502-901' }) },
      { level: 'info', message: 'run', fields: expect.objectContaining({ code: '502-901' }) },
    ]);
    expect(Object.fromEntries(task.telemetry.counted)).toMatchObject({
      Requests: 1,
      'Faults:502-901': 1,
      ServerFaults: 1,
    });
    expect([task.telemetry.flushes, task.clock.waiting]).toEqual([1, 0]);
  });

  test('of the setting comes from the run, each time', async () => {
    const handler = createTaskHandler({
      service: () => {
        throw new Fault('500-902');
      },
      telemetry: recordTelemetry(),
      clock: createManualClock(),
    });

    const errors = [
      await failureOf(handler({}, taskContext())),
      await failureOf(handler({}, taskContext())),
    ];

    expect(errors.map(({ name }) => name)).toEqual([
      'ServiceMisconfigured',
      'ServiceMisconfigured',
    ]);
  });

  test('of a bad input asks nothing of eGain', async () => {
    const task = taskOver(() => snapshotOf(...THREE));

    const error = await failureOf(task.run({ pagesize: 0 }));

    expect(error.name).toBe('InvalidRequest');
    expect(task.asked).toEqual([]);
  });

  test('of an account that alone is too large names its id, and the fields to ask for', async () => {
    const large = account({ id: 'a9', description: 'x'.repeat(5000) });
    const { run } = taskOver(() => snapshotOf(large));

    const error = await failureOf(
      run({ maxBytes: 1000, fields: ['name', 'description', 'channel.id'] }),
    );

    expect(error.name).toBe('InvalidRequest');
    expect(envelopeOf(error)).toMatchObject({
      code: '413-901',
      details: [
        { key: 'id', value: 'a9' },
        { key: 'fields', value: 'name,channel.id' },
      ],
    });
  });
});
