import withMiddleware from '@middy/core';
import type { Context } from 'aws-lambda';
import { questionOf } from '../accounts/query.ts';
import { select } from '../accounts/select.ts';
import type { Service } from '../accounts/service.ts';
import { FULL_VIEWER } from '../accounts/visibility.ts';
import { Fault } from '../faults.ts';
import type { Clock } from '../platform/clock.ts';
import { type Deadline, deadlineOf } from '../platform/deadline.ts';
import type { InvocationTelemetry } from '../platform/telemetry.ts';
import { decodeCursor } from './cursor.ts';
import { runReport } from './run-report.ts';
import { parseTaskInput, type TaskInput } from './task-input.ts';
import { cutPage, type TaskOutput } from './task-page.ts';

export interface TaskHandlerOptions {
  /** Gives the service, or throws the fault that keeps it from being made. */
  readonly service: () => Service;
  readonly telemetry: InvocationTelemetry;
  readonly clock: Clock;
}

/** What Lambda invokes for each event. */
export type TaskHandler = (event: unknown, context: Context) => Promise<TaskOutput>;

/**
 * Makes the handler of TaskFunction: one page of accounts for one event. Whatever goes wrong is
 * thrown as a `TaskError`, whose name the state machine catches.
 */
export function createTaskHandler({ service, telemetry, clock }: TaskHandlerOptions): TaskHandler {
  const handle: TaskHandler = async (event, context) => {
    const deadline = deadlineOf(context, clock);
    try {
      return await pageFor(parseTaskInput(event), service(), deadline, telemetry);
    } finally {
      deadline.dispose();
    }
  };
  // The deadline is our own: Middy's early time-out would throw an error without a name.
  return withMiddleware<unknown, TaskOutput>({ timeoutEarlyInMillis: 0 })
    .use(runReport(telemetry, clock))
    .handler(handle);
}

async function pageFor(
  input: TaskInput,
  service: Service,
  deadline: Deadline,
  telemetry: InvocationTelemetry,
): Promise<TaskOutput> {
  const question = questionOf(input);
  const position =
    typeof input.cursor === 'string' ? decodeCursor(input.cursor, question) : undefined;

  const { snapshot, state, ageSeconds } = await service.snapshots.get(deadline, { stale: false });
  telemetry.count(state === 'hit' ? 'CacheHits' : 'CacheMisses');
  telemetry.count('SnapshotAge', ageSeconds);
  if (position !== undefined && position.snapshotHash !== snapshot.hash)
    throw new Fault('snapshotExpired');

  const selection = select(snapshot, FULL_VIEWER, input);
  const start = position ?? { snapshotHash: snapshot.hash, offset: 0, pagenum: 1 };
  const idAt = (place: number) => {
    const ids = select(snapshot, FULL_VIEWER, { ...input, fields: ['id'] });
    return (JSON.parse(ids.fragment(place)) as { id?: string | null }).id ?? '';
  };
  return cutPage(selection, start, { ...input, question, idAt });
}
