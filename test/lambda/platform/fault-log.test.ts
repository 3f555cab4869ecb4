import { describe, expect, test } from 'vitest';
import { Fault } from '../../../lambda/faults.ts';
import { logFault } from '../../../lambda/platform/fault-log.ts';
import { recordTelemetry } from '../../support/recorded-telemetry.ts';

const CANARY = 'canary-token-91d0';
const IDS = { requestId: 'r-1' };

function linesFor(fault: Fault, error?: unknown) {
  const telemetry = recordTelemetry();
  logFault(fault, error, IDS, telemetry);
  return telemetry.lines;
}

describe('the log of a fault', () => {
  test.each([
    ['egainCredentialsRefused', '502-901', 'error'],
    ['noSuchAccount', '404-902', 'warn'],
  ] as const)('has the reason of %s, %s, at the level %s', (kind, code, level) => {
    const lines = linesFor(new Fault(kind, { reason: 'why' }));

    expect(lines).toEqual([{ level, message: 'fault', fields: { ...IDS, code, reason: 'why' } }]);
  });

  test('is empty where the code says it all', () => {
    expect(linesFor(new Fault('noSuchAccount'))).toEqual([]);
  });
});

describe('the log of an unforeseen error', () => {
  test('has its name and where it was thrown, without its message', () => {
    const error = new TypeError(`the token ${CANARY} is bad\n    at ${CANARY} (token.ts:1:1)`);

    const [line, ...others] = linesFor(new Fault('internalError'), error);

    expect(others).toEqual([]);
    expect(line).toMatchObject({
      level: 'error',
      message: 'unexpected error',
      fields: { ...IDS, code: '500-901', error: 'TypeError' },
    });
    expect(line?.fields['at']).toMatch(/^at .*fault-log\.test\.ts:\d+:\d+.*; at /);
    expect(JSON.stringify(line)).not.toContain(CANARY);
  });

  test.each([
    ['without a stack', Object.assign(new Error(CANARY), { stack: undefined }), 'Error', ''],
    ['that is a text', CANARY, 'string', undefined],
    ['that is null', null, 'object', undefined],
  ])('%s has its kind alone', (_what, thrown, error, at) => {
    const [line] = linesFor(new Fault('internalError'), thrown);

    expect(line?.fields).toEqual({ ...IDS, code: '500-901', error, ...(at === '' && { at }) });
  });
});
