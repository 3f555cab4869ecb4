import withMiddleware from '@middy/core';
import { questionOf } from './accounts/query.ts';
import { FULL_VIEWER, select } from './accounts/view.ts';
import { Fault } from './faults.ts';
import {
  correlationId,
  faultLog,
  HANDLER_OPTIONS,
  type Handler,
  type Invoked,
  invocationLog,
} from './invocation.ts';
import { type Clock, type Deadline, systemClock, withDeadline } from './platform/deadline.ts';
import { nameService } from './platform/log.ts';
import { createContainer, type Service } from './snapshot/container.ts';
import type { Snapshot } from './snapshot/content.ts';
import { noteSnapshot } from './snapshot/snapshots.ts';
import { thrownFault } from './workflow/error.ts';
import { parseTaskInput, type TaskInput } from './workflow/input.ts';
import { cutPage, decodeCursor, type TaskOutput } from './workflow/page.ts';

interface Snapshots {
  readonly snapshots: Pick<Service['snapshots'], 'get'>;
}

/**
 * Makes the handler of TaskFunction: one page of accounts for one event. Every failure is thrown as
 * a `TaskError`, whose name the state machine catches.
 *
 * @param service throws Fault `500-902` if it could not be made
 */
export function createTaskHandler(
  service: () => Snapshots,
  clock: Clock = systemClock,
): Handler<unknown, TaskOutput> {
  return withMiddleware<unknown, TaskOutput>(HANDLER_OPTIONS)
    .use(invocationLog('run', describe))
    .use(correlationId())
    .use(thrownFault)
    .use(faultLog)
    .handler((event, context) =>
      withDeadline(
        context,
        (deadline) => pageFor(parseTaskInput(event), service(), deadline),
        // No gateway waits for a task, so it has all of the function's time.
        { longestMs: Number.POSITIVE_INFINITY, clock },
      ),
    );
}

async function pageFor(
  input: TaskInput,
  { snapshots }: Snapshots,
  deadline: Deadline,
): Promise<TaskOutput> {
  const question = questionOf(input);
  const position =
    typeof input.cursor === 'string' ? decodeCursor(input.cursor, question) : undefined;

  const isWanted = ({ hash }: Snapshot) => position === undefined || position.snapshotHash === hash;
  const answer = await snapshots.get(deadline, { stale: false, isWanted });
  noteSnapshot(answer);
  const { snapshot } = answer;
  if (!isWanted(snapshot)) throw new Fault('snapshotExpired');

  const selection = select(snapshot, FULL_VIEWER, input);
  const start = position ?? { snapshotHash: snapshot.hash, offset: 0, pagenum: 1 };
  return cutPage(selection, start, question, input);
}

function describe({ response, error }: Invoked<unknown, TaskOutput>) {
  if (!response) return { error: error?.name };
  return {
    ...response.paginationInfo,
    accounts: response.account.length,
    last: response.cursor === null,
  };
}

nameService('task');
const { service, ready } = createContainer();

/** Gives a state machine one page of the accounts that it asks for. */
export const handler = createTaskHandler(service);

/** Settles when init may end; the bundle's main module waits for it. */
export { ready };
