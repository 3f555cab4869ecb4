import { onTestFinished, vi } from 'vitest';
import { writeRecord } from '../../lambda/platform/log.ts';

/** What functions write to standard output in one test. */
export interface Output {
  /** The lines as they were written. */
  readonly texts: () => string[];
  /** The log lines, without service and time. */
  readonly logs: () => Record<string, unknown>[];
  /** The records of invocations with their metrics, without service and CloudWatch's directives. */
  readonly records: () => Record<string, unknown>[];
}

let captured: string[] | undefined;

/** Takes standard output in place of the terminal until the current test ends. */
export function captureOutput(): Output {
  const texts = captured ?? capture();
  const lines = () => texts.map((text) => JSON.parse(text) as Record<string, unknown>);
  return {
    texts: () => texts,
    logs: () =>
      lines()
        .filter(({ level }) => level !== undefined)
        .map(plain),
    records: () =>
      lines()
        .filter(({ level, message }) => level === undefined && message !== undefined)
        .map(plain),
  };
}

function plain(line: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(line);
  return Object.fromEntries(
    entries.filter(([key]) => !['service', 'timestamp', '_aws'].includes(key)),
  );
}

function capture(): string[] {
  const texts: string[] = [];
  captured = texts;
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    texts.push(String(chunk).trimEnd());
    return true;
  });
  // What the tests before have noted and counted belongs to no invocation of this one.
  writeRecord('');
  texts.length = 0;
  onTestFinished(() => {
    spy.mockRestore();
    captured = undefined;
  });
  return texts;
}
