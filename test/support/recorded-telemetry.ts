import type { InvocationTelemetry, LogFields } from '../../lambda/platform/telemetry.ts';

interface RecordedLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

export interface RecordedTelemetry extends InvocationTelemetry {
  readonly lines: RecordedLine[];
  /** All that was ever counted, by `name` or `name:dimension`. */
  readonly counted: Map<string, number>;
  readonly records: number;
}

/** Telemetry that remembers what it was told. */
export function recordTelemetry(): RecordedTelemetry {
  const lines: RecordedLine[] = [];
  const counted = new Map<string, number>();
  const totals = new Map<string, number>();
  let records = 0;
  let noted: LogFields = {};

  const log =
    (level: RecordedLine['level']) =>
    (message: string, fields: LogFields = {}) => {
      lines.push({ level, message, fields });
    };

  return {
    lines,
    counted,
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    count(name, value = 1, dimension) {
      add(totals, name, value);
      add(counted, dimension === undefined ? name : `${name}:${dimension}`, value);
    },
    total: (name) => totals.get(name) ?? 0,
    note(fields) {
      noted = { ...noted, ...fields };
    },
    record(message, fields) {
      lines.push({ level: 'info', message, fields: { ...noted, ...fields } });
      noted = {};
      records += 1;
      totals.clear();
    },
    get records() {
      return records;
    },
  };
}

function add(sums: Map<string, number>, key: string, value: number): void {
  sums.set(key, (sums.get(key) ?? 0) + value);
}
