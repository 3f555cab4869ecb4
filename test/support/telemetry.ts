import { vi } from 'vitest';
import { type LogFields, log } from '../../lambda/platform/log.ts';
import { takeCounts } from '../../lambda/platform/metrics.ts';

/** One line of the log, as the code wrote it. */
export interface LoggedLine {
  readonly level: keyof typeof log;
  readonly message: string;
  readonly fields: LogFields;
}

/**
 * Takes the log's lines from now on in place of standard output, and begins all metrics at zero. Read
 * these by `total` of `lambda/platform/metrics.ts`.
 */
export function captureLog(): LoggedLine[] {
  const lines: LoggedLine[] = [];
  takeCounts();
  for (const level of ['info', 'warn', 'error'] as const) {
    vi.spyOn(log, level).mockImplementation((message, fields = {}) => {
      lines.push({ level, message, fields });
    });
  }
  return lines;
}
