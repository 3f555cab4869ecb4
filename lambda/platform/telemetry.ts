import { type LogLevel, readLogLevel, readMetricsNamespace } from './config.ts';
import { emfLines, METRICS, type MetricName, type Series } from './metrics.ts';

/** What may stand in a log line: nothing secret, no token, no address, no personal data. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** What the inner modules know of logging and metrics. */
export interface Telemetry {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Adds to a metric; `dimension` is the value of the metric's own dimension, where it has one. */
  count(name: MetricName, value?: number, dimension?: string): void;
}

/** What an entry needs beside that: the invocation's sums and its record. */
export interface InvocationTelemetry extends Telemetry {
  /** The sum of what was counted under `name` since the last record. */
  total(name: MetricName): number;
  /** Adds to the record of this invocation. */
  note(fields: LogFields): void;
  /** Writes the record, with all that was noted and counted, as one line, and starts anew. */
  record(message: string, fields?: LogFields): void;
}

const LEVELS = ['info', 'warn', 'error'] as const;

/**
 * Telemetry as JSON lines on standard output, metrics in CloudWatch's Embedded Metric Format. It is
 * written past `console`, which Lambda would wrap into lines of its own. The level and the
 * namespace come from the environment; metrics are written at every level.
 *
 * @param service stands in each line, and is each metric's dimension `service`
 */
export function createTelemetry(service: string): InvocationTelemetry {
  const least: LogLevel = readLogLevel();
  const namespace = readMetricsNamespace();
  const totals = new Map<MetricName, number>();
  const counted = new Map<string, Series>();
  let noted: Record<string, LogFields[string]> = {};

  const isWritten = (level: (typeof LEVELS)[number]) =>
    least !== 'silent' && LEVELS.indexOf(level) >= LEVELS.indexOf(least);
  const log =
    (level: (typeof LEVELS)[number]) =>
    (message: string, fields: LogFields = {}) => {
      if (!isWritten(level)) return;
      const timestamp = new Date().toISOString();
      write(JSON.stringify({ level: level.toUpperCase(), message, service, timestamp, ...fields }));
    };

  return {
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    count(name, value = 1, dimension) {
      totals.set(name, (totals.get(name) ?? 0) + value);
      const row = METRICS[name];
      const own = 'dimension' in row ? dimension : undefined;
      const key = own === undefined ? name : `${name}\n${own}`;
      const series = counted.get(key);
      if (series === undefined) counted.set(key, { name, dimension: own, values: [value] });
      else if (row.unit === 'Count') series.values[0] = (series.values[0] ?? 0) + value;
      else series.values.push(value);
    },
    total: (name) => totals.get(name) ?? 0,
    note(fields) {
      Object.assign(noted, fields);
    },
    record(message, fields = {}) {
      const record = isWritten('info') ? { message, service, ...noted, ...fields } : { service };
      const series = [...counted.values()];
      for (const line of emfLines(record, series, namespace, Date.now())) write(line);
      noted = {};
      counted.clear();
      totals.clear();
    },
  };
}

function write(line: string): void {
  process.stdout.write(`${line}\n`);
}
