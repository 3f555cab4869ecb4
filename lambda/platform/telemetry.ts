import { type LogFields, log, nameService, note, writeRecord } from './log.ts';
import { count, type MetricName, total } from './metrics.ts';

export type { LogFields };

/** What the inner modules know of logging and metrics. */
export interface Telemetry {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  count(name: MetricName, value?: number, dimension?: string): void;
}

/** What an entry needs beside that: the invocation's sums and its record. */
export interface InvocationTelemetry extends Telemetry {
  total(name: MetricName): number;
  note(fields: LogFields): void;
  record(message: string, fields?: LogFields): void;
}

/** The two modules behind one interface, for those who still take it as an argument. */
export function createTelemetry(service: string): InvocationTelemetry {
  nameService(service);
  const record: typeof writeRecord = (message, fields) => {
    nameService(service);
    writeRecord(message, fields);
  };
  return { ...log, count, total, note, record };
}
