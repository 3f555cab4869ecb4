import { asFault, type Detail, type Fault } from '../faults.ts';
import type { Middleware } from '../middleware/invocation.ts';
import type { TaskOutput } from './task-page.ts';

/**
 * What a state machine catches: `name` is Step Functions' `Error`, the message is the envelope as
 * JSON. Lambda's formatter copies what is enumerable and sends the stack along, so nothing is
 * enumerable and the stack says no more than the name.
 */
class TaskError extends Error {
  constructor(fault: Fault) {
    super(JSON.stringify(envelopeOf(fault)));
    hide(this, 'name', fault.workflowError);
    hide(this, 'stack', fault.workflowError);
  }
}

/** Turns whatever was thrown into the `TaskError` that the state machine is promised. */
export function thrownFault(): Middleware<unknown, TaskOutput> {
  return {
    onError(request) {
      // Not thrown: Middy would hang the first error, enumerable, on the one that is thrown here.
      request.error = new TaskError(asFault(request.error));
    },
  };
}

/** The envelope as over HTTP, without the `userMessage`: a workflow has no way to ask for it. */
function envelopeOf(fault: Fault): object {
  const details: Detail[] = [...fault.details];
  if (fault.retryAfterSeconds !== undefined) {
    details.push({ key: 'retryAfterSeconds', value: String(fault.retryAfterSeconds) });
  }
  return {
    code: fault.code,
    developerMessage: fault.developerMessage,
    ...(details.length === 0 ? {} : { details }),
  };
}

function hide(error: Error, key: 'name' | 'stack', value: string): void {
  Object.defineProperty(error, key, { value, enumerable: false });
}
