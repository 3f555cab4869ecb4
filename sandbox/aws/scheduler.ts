import type { LambdaFunction } from './lambda-runtime.ts';
import type { ResolvedTemplate } from './template.ts';

const MINUTE_MS = 60_000;

interface ScheduleProperties {
  readonly ScheduleExpression: string;
  readonly Target: { readonly Arn: string; readonly Input?: string };
}

/**
 * Invokes functions by the template's schedules: once at the start, then at every interval.
 *
 * @returns what stops them
 * @throws Error for an expression that is not a rate in minutes
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
export function startSchedules(
  template: Pick<ResolvedTemplate, 'ofType'>,
  functionOf: (arn: string) => Pick<LambdaFunction, 'invoke'>,
): () => void {
  const timers = template.ofType('AWS::Scheduler::Schedule').map(({ properties }) => {
    const { ScheduleExpression, Target } = properties as unknown as ScheduleProperties;
    const minutes = Number(/^rate\((\d+) minutes?\)$/.exec(ScheduleExpression)?.[1]);
    if (!(minutes > 0)) throw new Error(`the sandbox cannot run ${ScheduleExpression}`);
    // The target may name an alias.
    const target = functionOf(Target.Arn.split(':').slice(0, 7).join(':'));
    const run = () => void target.invoke(JSON.parse(Target.Input ?? '{}'));
    run();
    return setInterval(run, minutes * MINUTE_MS);
  });
  return () => timers.forEach((timer) => clearInterval(timer));
}
