import { App, Duration, Stack, TimeZone } from 'aws-cdk-lib';
import { Code, Function as LambdaFunctionConstruct, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { LambdaFunction } from '../../sandbox/aws/lambda-runtime.ts';
import { startSchedules } from '../../sandbox/aws/scheduler.ts';
import { resolveTemplate } from '../../sandbox/aws/template.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MINUTE = 60_000;
const calls: unknown[] = [];

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  calls.length = 0;
});

/** Runs the schedule of a stack with one function, whose calls are in `calls`. */
function start(schedule: ScheduleExpression): () => void {
  const app = new App({ outdir: temporaryFolder() });
  const stack = new Stack(app, 'stack');
  const target = new LambdaFunctionConstruct(stack, 'Refresh', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = () => {};'),
  });
  const input = ScheduleTargetInput.fromObject({ due: true });
  new Schedule(stack, 'Schedule', { schedule, target: new LambdaInvoke(target, { input }) });
  const template = resolveTemplate(app.synth());
  const [{ arn } = { arn: '' }] = template.ofType('AWS::Lambda::Function');
  return startSchedules(template, (called) => {
    expect(called).toBe(arn);
    return { invoke: async (event: unknown) => calls.push(event) } as unknown as LambdaFunction;
  });
}

it.each([
  [Duration.minutes(1), 1],
  [Duration.minutes(5), 5],
  [Duration.hours(1), 60],
  [Duration.days(2), 2880],
])(
  'invokes at a rate of %s, at once and after each interval, until it is stopped',
  (rate, minutes) => {
    const stop = start(ScheduleExpression.rate(rate));
    const atOnce = calls.length;
    vi.advanceTimersByTime(minutes * MINUTE - 1);
    const before = calls.length;
    vi.advanceTimersByTime(1 + minutes * MINUTE);
    const after = calls.length;
    stop();
    vi.advanceTimersByTime(10 * minutes * MINUTE);

    expect([atOnce, before, after, calls.length]).toEqual([1, 1, 3, 3]);
    expect(calls[0]).toEqual({ due: true });
  },
);

it('refuses an expression that is not a rate', () => {
  const daily = ScheduleExpression.cron({ hour: '3', timeZone: TimeZone.ETC_UTC });

  expect(() => start(daily)).toThrow(/cannot run the schedule cron/);
});
