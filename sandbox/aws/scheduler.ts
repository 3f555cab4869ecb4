import type { LambdaFunction } from './lambda-runtime.ts';
import type { ResolvedTemplate } from './template.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

interface ScheduleProperties {
  readonly ScheduleExpression: string;
  readonly Target: { readonly Arn: string; readonly Input?: string };
}

/**
 * Invokes functions by the template's schedules: once at the start, then at every interval. The
 * function that it gives stops them.
 *
 * @throws Error for an expression that is not a rate
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
export function startSchedules(
  template: ResolvedTemplate,
  functionOf: (arn: string) => LambdaFunction,
): () => void {
  const timers = template.ofType('AWS::Scheduler::Schedule').map(({ properties }) => {
    const { ScheduleExpression, Target } = properties as unknown as ScheduleProperties;
    const milliseconds = intervalOf(ScheduleExpression);
    // The target may name an alias.
    const target = functionOf(Target.Arn.split(':').slice(0, 7).join(':'));
    const run = () => void target.invoke(JSON.parse(Target.Input ?? '{}'));
    run();
    return setInterval(run, milliseconds);
  });
  return () => timers.forEach((timer) => clearInterval(timer));
}

function intervalOf(expression: string): number {
  const [, value, unit = ''] = /^rate\((\d+) (\w+?)s?\)$/.exec(expression) ?? [];
  const milliseconds = Number(value) * (UNIT_MS[unit] ?? Number.NaN);
  if (milliseconds > 0) return milliseconds;
  throw new Error(`the sandbox cannot run the schedule ${expression}`);
}
