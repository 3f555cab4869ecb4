import type { Terminal } from './terminal.ts';

/** What one check found, for people. */
export interface CheckFinding {
  /** A warning fails nothing by itself. */
  readonly state: 'ok' | 'warning' | 'failed' | 'not-run';
  /** The check's name, at most 14 characters. */
  readonly name: string;
  readonly seen: string;
  /** What to do about it. */
  readonly advice?: string | undefined;
  /** What is worth knowing. */
  readonly notes?: readonly string[];
}

const MARKS = { ok: '✓', warning: '!', failed: '✗', 'not-run': '–' } as const;
const INDENT = ' '.repeat(17);

/** A finding as lines: what was seen, and below it what to do and what to know. */
export function findingText({ state, name, seen, advice, notes = [] }: CheckFinding): string {
  return [
    `${MARKS[state]} ${name.padEnd(14)} ${indented(seen)}`,
    ...(advice === undefined ? [] : [`${INDENT}→ ${indented(advice)}`]),
    ...notes.map((note) => `${INDENT}· ${indented(note)}`),
  ].join('\n');
}

function indented(text: string): string {
  return text.replaceAll('\n', `\n${INDENT}`);
}

/** Prints findings as they come, and keeps them. */
export interface FindingLog {
  readonly all: readonly CheckFinding[];
  add(finding: CheckFinding): void;
}

/** A log that prints each finding to the terminal when it is added. */
export function createFindingLog(terminal: Pick<Terminal, 'print'>): FindingLog {
  const all: CheckFinding[] = [];
  return {
    all,
    add(finding) {
      all.push(finding);
      terminal.print(findingText(finding));
    },
  };
}
