import { describe, expect, test } from 'vitest';
import { FAULT_NAMES, FAULTS, Fault } from '../../../lambda/faults.ts';
import { account, snapshotOf } from '../../support/accounts.ts';
import { envelopeOf, failureOf, taskOver } from '../../support/task.ts';

const throwing = (error: unknown) =>
  taskOver(() => {
    throw error;
  });

describe('a failure', () => {
  const workflowFaults = FAULT_NAMES.filter((fault) => FAULTS[fault].workflowError !== null);

  test.each(workflowFaults)(
    'of %s has the name and the envelope of the catalogue',
    async (fault) => {
      const { code, workflowError, developerMessage } = FAULTS[fault];

      const error = await failureOf(throwing(new Fault(fault)).run({}));

      expect(error.name).toBe(workflowError);
      expect(envelopeOf(error)).toEqual({ code, developerMessage });
    },
  );

  test('shows nothing but its name and the envelope', async () => {
    const fault = Object.assign(new Fault('egainContractBroken', { reason: 'for the log' }), {
      cause: new Error('secret'),
    });

    const error = await failureOf(throwing(fault).run({}));

    expect(Object.keys(error)).toEqual([]);
    expect([error.stack, error.cause]).toEqual(['UpstreamContractBroken', undefined]);
    expect(error.message).not.toMatch(/for the log|secret/);
  });

  test('that nobody foresaw is InternalError, and nothing of it is told', async () => {
    const task = throwing(new TypeError('token abc123 is bad'));

    const error = await failureOf(task.run({}));

    expect([error.name, envelopeOf(error)['code']]).toEqual(['InternalError', '500-901']);
    expect([error.message, error.stack, ...task.output.texts()].join()).not.toContain('abc123');
    expect(task.output.logs()).toMatchObject([{ level: 'ERROR', error: 'TypeError' }]);
  });

  test.each<[string, () => string]>([
    ['in characters of three bytes', () => '東'.repeat(700)],
    ['in quotes, which JSON in JSON writes as four', () => '"'.repeat(2048)],
    // Of these, one row fewer has room as JSON in JSON than in bytes.
    ['in many rows of quotes', () => '"'.repeat(296)],
  ])('with more details than there is room for says how many are left out: %s', async (_, text) => {
    const details = Array.from({ length: 500 }, (_item, index) => ({
      key: `${index}`,
      value: text(),
    }));
    const fault = new Fault('egainThrottled', { details, retryAfterSeconds: 7 });

    const error = await failureOf(throwing(fault).run({}));

    const told = envelopeOf(error)['details'] as { key: string; value: string }[];
    const last = told.at(-1);
    const [first, ...rows] = told.slice(0, -1);
    expect(first).toEqual({ key: 'retryAfterSeconds', value: '7' });
    expect(rows).toEqual(details.slice(0, rows.length));
    expect(last).toEqual({ key: 'details', value: `${500 - rows.length} more are left out` });
    // What Step Functions takes as a cause is Lambda's JSON around it.
    const cause = JSON.stringify({
      errorType: error.name,
      errorMessage: error.message,
      trace: [error.name],
    });
    expect(Buffer.byteLength(error.message)).toBeLessThanOrEqual(16 * 1024);
    expect(cause.length).toBeLessThanOrEqual(32_768);
    // Lambda writes a trace of its own there, for which a thousand characters are kept.
    expect(JSON.stringify(error.message).length).toBeLessThanOrEqual(31_768);
    // One more would have been too much.
    const more = JSON.stringify(details[rows.length]);
    const full =
      Buffer.byteLength(error.message) + Buffer.byteLength(more) + 1 > 16 * 1024 ||
      cause.length + JSON.stringify(more).length > 31_768;
    expect(full).toBe(true);
  });

  test('is logged, and counted by its code', async () => {
    const task = throwing(
      new Fault('egainCredentialsRefused', { reason: 'refused after one renewal' }),
    );

    await failureOf(task.run({}));

    expect(task.output.logs()).toMatchObject([{ message: 'fault', code: '502-901' }]);
    expect(task.output.records()).toMatchObject([
      { message: 'run', code: '502-901', error: 'CredentialsRejected', Faults: 1, ServerFaults: 1 },
    ]);
  });

  test.each<[string, { id?: null; fields?: string[] }, string[]]>([
    [
      'of some fields',
      { fields: ['name', 'description', 'channel.id'] },
      ['a9', 'name,channel.id'],
    ],
    ['without fields to leave out', { fields: ['description'] }, ['a9', 'id']],
    ['of every field', {}, ['a9', 'id,name,address,channel,chatConfigurations']],
    ['without an id', { id: null, fields: ['name', 'description'] }, ['', 'name']],
  ])('of one that is too large, %s, says so too', async (_, { id = 'a9', ...event }, values) => {
    const { run } = taskOver(() => snapshotOf(account({ id, description: 'x'.repeat(5000) })));

    const error = await failureOf(run({ maxBytes: 1000, ...event }));

    expect(error.name).toBe('InvalidRequest');
    expect(envelopeOf(error)).toMatchObject({
      code: '413-901',
      developerMessage:
        'One account alone passes maxBytes. Ask for fewer fields, or raise maxBytes.',
      details: [
        { key: 'id', value: values[0] },
        { key: 'fields', value: values[1] },
      ],
    });
  });
});
