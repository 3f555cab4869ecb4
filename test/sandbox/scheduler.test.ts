import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startSchedules } from '../../sandbox/aws/scheduler.ts';

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:RefreshFunction';
const calls: unknown[] = [];

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  calls.length = 0;
});

/** Runs a schedule whose target is an alias of one function. */
function start(ScheduleExpression: string): () => void {
  const Target = { Arn: `${ARN}:live`, Input: '{"due":true}' };
  const schedule = { logicalId: 'Schedule', type: '', ref: '', arn: '' };
  const properties = { ScheduleExpression, Target };
  return startSchedules({ ofType: () => [{ ...schedule, properties }] }, (arn) => {
    expect(arn).toBe(ARN);
    return {
      async invoke(event) {
        calls.push(event);
        return { ok: true, payload: null };
      },
    };
  });
}

it.each([
  ['rate(1 minute)', 60_000],
  ['rate(7 minutes)', 420_000],
])('invokes at %s, at once and after each interval, until it is stopped', (rate, interval) => {
  const stop = start(rate);
  expect(calls).toEqual([{ due: true }]);
  vi.advanceTimersByTime(interval - 1);
  expect(calls).toHaveLength(1);
  vi.advanceTimersByTime(interval + 1);
  expect(calls).toHaveLength(3);
  stop();
  vi.advanceTimersByTime(10 * interval);
  expect(calls).toHaveLength(3);
});

it('refuses an expression that is not a rate in minutes', () => {
  expect(() => start('cron(0 3 * * ? *)')).toThrow('cannot run cron');
});
