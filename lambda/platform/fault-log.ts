import type { Fault } from '../faults.ts';
import type { LogFields, Telemetry } from './telemetry.ts';

/**
 * Logs why a request or a run failed, where there is more to say than its code.
 *
 * @param error what was thrown, where that is not the fault itself
 * @param ids what tells this request or run from others
 */
export function logFault(fault: Fault, error: unknown, ids: LogFields, telemetry: Telemetry): void {
  const { code, reason } = fault;
  if (error !== undefined) {
    telemetry.error('unexpected error', { ...ids, code, ...traceOf(error) });
  } else if (reason !== undefined) {
    telemetry[fault.status >= 500 ? 'error' : 'warn']('fault', { ...ids, code, reason });
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
