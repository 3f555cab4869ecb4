import withMiddleware from '@middy/core';
import type { Context } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import { Fault, UpstreamFault } from '../../../lambda/faults.ts';
import { correlationId, faultLog, lambdaRequestId } from '../../../lambda/invocation.ts';
import { recordTelemetry } from '../../support/recorded-telemetry.ts';

const CANARY = 'canary-token-91d0';
const IDS = { correlationId: 'r-1' };

/** What the middleware leaves of a handler that throws this. */
async function logOf(thrown: unknown) {
  const telemetry = recordTelemetry();
  const handler = withMiddleware<unknown, never>()
    .use(correlationId(lambdaRequestId))
    .use(faultLog(telemetry))
    .handler(async () => {
      throw thrown;
    });
  const context = { awsRequestId: 'r-1' } as Context;
  await Promise.resolve(handler({}, context)).catch(() => undefined);
  const lines = [...telemetry.lines];
  telemetry.record('end');
  return { lines, counted: telemetry.counted, noted: telemetry.lines.at(-1)?.fields };
}

describe('the log of a fault', () => {
  test.each([
    ['egainCredentialsRefused', '502-901', 'error'],
    ['misconfigured', '500-902', 'error'],
    ['noSuchAccount', '404-902', 'warn'],
  ] as const)('has the reason of %s, %s, at the level %s', async (kind, code, level) => {
    const { lines } = await logOf(new Fault(kind, { reason: 'why' }));

    expect(lines).toEqual([{ level, message: 'fault', fields: { ...IDS, code, reason: 'why' } }]);
  });

  test('is empty where the code says it all', async () => {
    const { lines, counted, noted } = await logOf(new Fault('noSuchAccount'));

    expect(lines).toEqual([]);
    expect(Object.fromEntries(counted)).toEqual({ 'Faults:404-902': 1 });
    expect(noted).toEqual({ code: '404-902' });
  });

  test("counts eGain's own codes, which are without number, under the product's", async () => {
    const envelope = { developerMessage: undefined, userMessage: undefined, details: [] };

    const { counted, noted } = await logOf(
      new UpstreamFault(507, { code: '507-12345', ...envelope }),
    );

    expect(Object.fromEntries(counted)).toEqual({ 'Faults:502-905': 1, ServerFaults: 1 });
    expect(noted).toEqual({ code: '502-905', egainCode: '507-12345' });
  });

  test("of eGain's own 5xx says with which code it answered, and none of its words", async () => {
    const words = { developerMessage: CANARY, userMessage: CANARY, details: [] };

    const { lines } = await logOf(new UpstreamFault(500, { code: '500-100', ...words }));

    expect(lines).toEqual([
      {
        level: 'error',
        message: 'fault',
        fields: { ...IDS, code: '502-905', reason: 'eGain answered 500-100' },
      },
    ]);
  });
});

describe('the log of an unforeseen error', () => {
  test('has its name and where it was thrown, without its message', async () => {
    const error = new TypeError(`the token ${CANARY} is bad\n    at ${CANARY} (token.ts:1:1)`);

    const { lines, counted } = await logOf(error);

    const [line, ...others] = lines;
    expect(others).toEqual([]);
    expect(line).toMatchObject({
      level: 'error',
      message: 'unexpected error',
      fields: { ...IDS, code: '500-901', error: 'TypeError' },
    });
    expect(line?.fields['at']).toMatch(/^at .*fault-log\.test\.ts:\d+:\d+.*; at /);
    expect(JSON.stringify(line)).not.toContain(CANARY);
    expect(Object.fromEntries(counted)).toEqual({ 'Faults:500-901': 1, ServerFaults: 1 });
  });

  test('leaves the message out where the stack has another one than the error', async () => {
    const error = new Error(`refused ${CANARY} at the door`);
    error.message = 'refused';

    const { lines } = await logOf(error);

    expect(lines[0]?.fields['at']).toMatch(/^at /);
    expect(JSON.stringify(lines)).not.toContain(CANARY);
  });

  test.each([
    ['without a stack', Object.assign(new Error(CANARY), { stack: undefined }), 'Error', ''],
    ['that is a text', CANARY, 'string', undefined],
    ['that is null', null, 'object', undefined],
  ])('%s has its kind alone', async (_what, thrown, error, at) => {
    const { lines } = await logOf(thrown);

    expect(lines[0]?.fields).toEqual({
      ...IDS,
      code: '500-901',
      error,
      ...(at === '' && { at }),
    });
  });
});
