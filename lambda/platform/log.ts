import { type Level, readTelemetrySettings } from './config.ts';
import { emfLines, takeCounts } from './metrics.ts';

/** What a log line may hold: no secret, no token, no address, no personal data. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

let service = 'unknown';
let noted: Record<string, LogFields[string]> = {};

/** Sets the name that stands in every line, and that is each metric's dimension `service`. */
export function nameService(name: string): void {
  service = name;
}

/**
 * Writes log lines as JSON on standard output, from the level that the environment names. It
 * bypasses `console`, whose lines Lambda wraps into lines of its own.
 */
export const log = {
  info: writer('info'),
  warn: writer('warn'),
  error: writer('error'),
} as const;

function writer(level: Level): (message: string, fields?: LogFields) => void {
  return (message, fields = {}) => {
    if (!readTelemetrySettings().levels.includes(level)) return;
    const timestamp = new Date().toISOString();
    const line = { level: level.toUpperCase(), message, service, timestamp, ...fields };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  };
}

/** The name of an error, fit for the log: in one of the SDK's it is text that the service sent. */
export function errorName(error: unknown): string {
  const name = error instanceof Error ? error.name : '';
  return /^[A-Za-z]{1,60}$/.test(name) ? name : 'unknown';
}

/** Adds to the record of the current invocation. */
export function note(fields: LogFields): void {
  Object.assign(noted, fields);
}

/**
 * Writes the record of an invocation as one line, with everything that was noted and counted since
 * the last record. Metrics are written at every level.
 */
export function writeRecord(message: string, fields: LogFields = {}): void {
  const all: LogFields = { message, ...noted, ...fields };
  noted = {};
  const { levels, namespace } = readTelemetrySettings();
  // The code is the dimension of a metric.
  const record = levels.includes('info') ? { service, ...all } : { service, code: all['code'] };
  const lines = emfLines(record, takeCounts(), namespace, Date.now());
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}
