import withMiddleware, { type Request } from '@middy/core';
import type { Context } from 'aws-lambda';
import { questionOf, select } from './accounts/query.ts';
import { FULL_VIEWER } from './accounts/view.ts';
import { Fault } from './faults.ts';
import {
  correlationId,
  faultLog,
  HANDLER_OPTIONS,
  type Invocation,
  invocationLog,
  lambdaRequestId,
} from './invocation.ts';
import { type Clock, type Deadline, deadlineOf, systemClock } from './platform/deadline.ts';
import { createTelemetry, type InvocationTelemetry, type LogFields } from './platform/telemetry.ts';
import { createContainer, type Service } from './snapshot/container.ts';
import { noteSnapshot } from './snapshot/snapshots.ts';
import { thrownFault } from './workflow/error.ts';
import { parseTaskInput, type TaskInput } from './workflow/input.ts';
import { cutPage, decodeCursor, type TaskOutput } from './workflow/page.ts';

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
    // No gateway waits for a task, so all of the function's time is its own.
    const deadline = deadlineOf(context, { clock, longestMs: Number.POSITIVE_INFINITY });
    try {
      return await pageFor(parseTaskInput(event), service(), deadline, telemetry);
    } finally {
      deadline.dispose();
    }
  };
  return withMiddleware<unknown, TaskOutput>(HANDLER_OPTIONS)
    .use(invocationLog<unknown, TaskOutput>({ message: 'run', telemetry, clock, describe }))
    .use(correlationId<unknown, TaskOutput>(lambdaRequestId))
    .use(thrownFault())
    .use(faultLog<unknown, TaskOutput>(telemetry))
    .handler(handle);
}

function describe({
  response,
  error,
}: Request<unknown, TaskOutput, Error, Context, Invocation>): LogFields {
  if (!response) return { error: error?.name };
  return {
    ...response.paginationInfo,
    accounts: response.account.length,
    last: response.cursor === null,
  };
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

  const answer = await service.snapshots.get(deadline, { stale: false });
  noteSnapshot(answer, telemetry);
  const { snapshot } = answer;
  if (position !== undefined && position.snapshotHash !== snapshot.hash)
    throw new Fault('snapshotExpired');

  const selection = select(snapshot, FULL_VIEWER, input);
  const start = position ?? { snapshotHash: snapshot.hash, offset: 0, pagenum: 1 };
  return cutPage(selection, start, { ...input, question });
}

const telemetry = createTelemetry('task');
const container = createContainer(telemetry);

/** Gives a state machine one page of the accounts that it asks for. */
export const handler = createTaskHandler({
  service: container.service,
  telemetry,
  clock: systemClock,
});

/** Settles when init may end; the bundle's main module waits for it. */
export const { ready } = container;
