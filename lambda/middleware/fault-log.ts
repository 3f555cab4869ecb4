import { asFault, FAULTS, Fault } from '../faults.ts';
import type { InvocationTelemetry, LogFields } from '../platform/telemetry.ts';
import type { Middleware } from './invocation.ts';

/** Logs why an invocation failed, counts the fault, and puts its code into the record. */
export function faultLog<Event, Result>(telemetry: InvocationTelemetry): Middleware<Event, Result> {
  return {
    onError({ error, internal }) {
      const fault = asFault(error);
      const { code } = FAULTS[fault.kind];
      logFault(fault, error, { correlationId: internal.correlationId, code }, telemetry);
      telemetry.note({ code, ...(fault.code === code ? {} : { egainCode: fault.code }) });
      // By the product's own code: eGain's codes, of which some are passed on, are without number.
      telemetry.count('Faults', 1, code);
      if (fault.status >= 500) telemetry.count('ServerFaults');
    },
  };
}

/** A line where there is more to say than the code. */
function logFault(
  fault: Fault,
  error: unknown,
  fields: LogFields,
  telemetry: InvocationTelemetry,
): void {
  if (!(error instanceof Fault)) {
    telemetry.error('unexpected error', { ...fields, ...traceOf(error) });
  } else if (fault.reason !== undefined) {
    const level = fault.status >= 500 ? 'error' : 'warn';
    telemetry[level]('fault', { ...fields, reason: fault.reason });
  }
}

/** An error's name and where it was thrown. Its message may quote a secret, so it is left out. */
function traceOf(error: unknown): { error: string; at?: string } {
  if (!(error instanceof Error)) return { error: typeof error };
  const frames = (error.stack ?? '')
    .replace(error.message, () => '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line));
  return { error: error.name, at: frames.map((frame) => frame.trim()).join('; ') };
}
