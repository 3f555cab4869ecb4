import type { LambdaFunction } from './lambda-runtime.ts';
import type { ResolvedTemplate } from './template.ts';

const MS: Readonly<Record<string, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

interface ScheduleProperties {
  readonly ScheduleExpression: string;
  readonly State?: 'ENABLED' | 'DISABLED';
  readonly Target: { readonly Arn: string; readonly Input?: string };
}

/** The template's schedules, running. */
export interface LocalSchedules {
  readonly count: number;
  readonly stop: () => void;
}

/**
 * Invokes functions by the template's schedules: once at the start, then at every interval.
 *
 * @throws Error for an expression that is no rate, or a target that is no function of the template
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
export function startSchedules(
  template: ResolvedTemplate,
  functionOf: (arn: string) => LambdaFunction,
): LocalSchedules {
  const schedules = template
    .ofType('AWS::Scheduler::Schedule')
    .map(({ properties }) => properties as unknown as ScheduleProperties)
    .filter(({ State = 'ENABLED' }) => State === 'ENABLED')
    .map(({ ScheduleExpression, Target }) => ({
      ms: intervalOf(ScheduleExpression),
      target: functionOf(Target.Arn.split(':').slice(0, 7).join(':')),
      input: JSON.parse(Target.Input ?? '{}') as unknown,
    }));
  const timers = schedules.map(({ ms, target, input }) => {
    const run = () => void target.invoke(input);
    run();
    return setInterval(run, ms);
  });
  return { count: schedules.length, stop: () => timers.forEach((timer) => clearInterval(timer)) };
}

function intervalOf(expression: string): number {
  const [, value = '', unit = ''] = /^rate\((\d+) (\w+?)s?\)$/.exec(expression) ?? [];
  const ms = Number(value) * (MS[unit] ?? Number.NaN);
  if (ms > 0) return ms;
  throw new Error(`the sandbox cannot run the schedule ${expression}`);
}
