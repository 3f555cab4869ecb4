import type { Detail, Fault } from '../faults.ts';

/**
 * What a state machine catches: `name` is Step Functions' `Error`, the message is the envelope as
 * JSON. Lambda's formatter copies what is enumerable and sends the stack along, so nothing is
 * enumerable and the stack says no more than the name.
 */
export class TaskError extends Error {
  constructor(fault: Fault) {
    super(JSON.stringify(envelopeOf(fault)));
    hide(this, 'name', fault.workflowError);
    hide(this, 'stack', fault.workflowError);
  }
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
