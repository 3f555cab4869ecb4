import { type Detail, type Fault, toFault } from '../faults.ts';
import type { Middleware } from '../invocation.ts';

/** The most that an envelope takes, in UTF-8 bytes. */
const MAX_ENVELOPE_BYTES = 16 * 1024;
/**
 * The most that an escaped envelope takes, in characters: Lambda writes it into a JSON of its own,
 * which Step Functions takes as `Cause` up to 32,768 characters, and which needs less than 1,000
 * for the rest.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_TaskFailedEventDetails.html
 */
const MAX_ESCAPED_LENGTH = 32_768 - 1000;

/**
 * What a state machine catches: `name` becomes Step Functions' `Error`, the message is the envelope
 * as JSON. Lambda sends all enumerable fields and the stack, so no field is enumerable and the stack
 * holds only the name.
 */
class TaskError extends Error {
  constructor(fault: Fault) {
    super(fitting(fault));
    hide(this, 'name', fault.workflowError);
    hide(this, 'stack', fault.workflowError);
  }
}

/** Nothing is hidden from workflows: IAM decides who may run them. */
const NOTHING_IS_HIDDEN = true;

/** Middleware: turns whatever was thrown into the `TaskError` that the state machine catches. */
export function thrownFault(): Middleware {
  return {
    onError(request) {
      // Set and not thrown: Middy would attach the first error to one thrown here, enumerably.
      request.error = new TaskError(toFault(request.error));
    },
  };
}

/** The envelope with all details; if they do not fit, with as many as do and a row that says so. */
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
  Buffer.byteLength(envelope) <= MAX_ENVELOPE_BYTES &&
  JSON.stringify(envelope).length <= MAX_ESCAPED_LENGTH;

/** The wait comes first, because workflows act on it. */
function detailsOf(fault: Fault): readonly Detail[] {
  const { retryAfterSeconds } = fault;
  const { details } = fault.told(NOTHING_IS_HIDDEN);
  if (retryAfterSeconds === undefined) return details;
  return [{ key: 'retryAfterSeconds', value: String(retryAfterSeconds) }, ...details];
}

/** The envelope as over HTTP, but without `userMessage`: workflows cannot ask for it. */
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
