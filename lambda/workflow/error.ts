import { type Detail, type Fault, toFault } from '../faults.ts';
import type { Middleware } from '../invocation.ts';
import type { TaskOutput } from './page.ts';

/** Of the envelope, in UTF-8 bytes. */
const MAX_BYTES = 16 * 1024;
/**
 * Lambda writes the envelope into a JSON of its own, which Step Functions takes as `Cause` up to
 * 32,768 characters; the rest of that JSON needs less than a thousand.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_TaskFailedEventDetails.html
 */
const MAX_ESCAPED = 32_768 - 1000;

/**
 * What a state machine catches: `name` is Step Functions' `Error`, the message is the envelope as
 * JSON. Lambda's formatter copies what is enumerable and sends the stack along, so nothing is
 * enumerable and the stack says no more than the name.
 */
class TaskError extends Error {
  constructor(fault: Fault) {
    super(fitting(fault));
    hide(this, 'name', fault.workflowError);
    hide(this, 'stack', fault.workflowError);
  }
}

/** IAM decides who may run a workflow, and it may ask for every field. */
const NOTHING_IS_HIDDEN = true;

/** Turns whatever was thrown into the `TaskError` that the state machine is promised. */
export function thrownFault(): Middleware<unknown, TaskOutput> {
  return {
    onError(request) {
      // Not thrown: Middy would hang the first error, enumerable, on the one that is thrown here.
      request.error = new TaskError(toFault(request.error));
    },
  };
}

/** The envelope, with as many of the details as there is room for, and a row that says so. */
function fitting(fault: Fault): string {
  const details = detailsOf(fault);
  const whole = envelopeOf(fault, details);
  if (fits(whole)) return whole;
  let kept = 0;
  let most = details.length - 1;
  while (kept < most) {
    const middle = Math.ceil((kept + most) / 2);
    if (fits(cut(fault, details, middle))) kept = middle;
    else most = middle - 1;
  }
  return cut(fault, details, kept);
}

function cut(fault: Fault, details: readonly Detail[], kept: number): string {
  const rest = { key: 'details', value: `${details.length - kept} more are left out` };
  return envelopeOf(fault, [...details.slice(0, kept), rest]);
}

const fits = (envelope: string): boolean =>
  Buffer.byteLength(envelope) <= MAX_BYTES && JSON.stringify(envelope).length <= MAX_ESCAPED;

/** How long to wait comes first: it is what a workflow acts on. */
function detailsOf(fault: Fault): readonly Detail[] {
  const { retryAfterSeconds } = fault;
  const { details } = fault.told(NOTHING_IS_HIDDEN);
  if (retryAfterSeconds === undefined) return details;
  return [{ key: 'retryAfterSeconds', value: String(retryAfterSeconds) }, ...details];
}

/** The envelope as over HTTP, without the `userMessage`: a workflow has no way to ask for it. */
function envelopeOf(fault: Fault, details: readonly Detail[]): string {
  const { code } = fault;
  const { developerMessage } = fault.told(NOTHING_IS_HIDDEN);
  return JSON.stringify({
    code,
    developerMessage,
    ...(details.length === 0 ? {} : { details }),
  });
}

function hide(error: Error, key: 'name' | 'stack', value: string): void {
  Object.defineProperty(error, key, { value, enumerable: false });
}
