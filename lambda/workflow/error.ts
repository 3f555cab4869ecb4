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
    super(fittingEnvelope(fault));
    const hidden = { value: fault.workflowError, enumerable: false };
    Object.defineProperties(this, { name: hidden, stack: hidden });
  }
}

/** Middleware: turns whatever was thrown into the `TaskError` that the state machine catches. */
export const thrownFault: Middleware = {
  onError(request) {
    // Set and not thrown: Middy would attach the first error to one thrown here, enumerably.
    request.error = new TaskError(toFault(request.error));
  },
};

/**
 * The envelope as over HTTP, but without `userMessage`, which workflows cannot ask for. If its
 * details do not fit, it has as many as do and a row that says so.
 */
function fittingEnvelope(fault: Fault): string {
  const { code, retryAfterSeconds } = fault;
  // Nothing is hidden from workflows: IAM decides who may run them.
  const { developerMessage, details } = fault.told(true);
  // The wait comes first, because workflows act on it.
  const wait = { key: 'retryAfterSeconds', value: String(retryAfterSeconds) };
  const rows: readonly Detail[] = retryAfterSeconds === undefined ? details : [wait, ...details];

  const envelopeOf = (kept: number): string => {
    const rest = { key: 'details', value: `${rows.length - kept} more are left out` };
    const told = kept < rows.length ? [...rows.slice(0, kept), rest] : rows;
    return JSON.stringify({ code, developerMessage, ...(told.length > 0 && { details: told }) });
  };
  if (fits(envelopeOf(rows.length))) return envelopeOf(rows.length);
  let kept = 0;
  let most = rows.length - 1;
  while (kept < most) {
    const middle = Math.ceil((kept + most) / 2);
    if (fits(envelopeOf(middle))) kept = middle;
    else most = middle - 1;
  }
  return envelopeOf(kept);
}

const fits = (envelope: string): boolean =>
  Buffer.byteLength(envelope) <= MAX_ENVELOPE_BYTES &&
  JSON.stringify(envelope).length <= MAX_ESCAPED_LENGTH;
