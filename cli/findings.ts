import { during, type Terminal } from './terminal.ts';

/** What one check found. Its texts hold codes, names and numbers, nothing that eGain or AWS wrote. */
export interface Finding<T = unknown> {
  /** A warning alone fails nothing. */
  readonly state: 'ok' | 'warning' | 'failed' | 'not-run';
  readonly seen: string;
  /** What to do about it. */
  readonly advice?: string;
  /** What is worth knowing and fails nothing. */
  readonly notes?: readonly string[];
  /** The known cause of a failure, for programs. */
  readonly cause?: string | undefined;
  /** What was measured, for programs. */
  readonly measured?: Readonly<Record<string, string | number | null>>;
  /** What the next checks need; it may be a secret. Undefined where they can't go on. */
  readonly value?: T;
}

type More<T> = Omit<Finding<T>, 'state' | 'seen' | 'advice'>;

/** A check that holds. */
export function ok<T = never>(seen: string, more: More<T> = {}): Finding<T> {
  return { state: 'ok', seen, ...more };
}

/** A check that may be meant, or that this machine can't answer. */
export function warning(seen: string, advice: string, more: More<never> = {}): Finding<never> {
  return { state: 'warning', seen, advice, ...more };
}

/** A check that fails, and what to do about it. */
export function failed(seen: string, advice: string, more: More<never> = {}): Finding<never> {
  return { state: 'failed', seen, advice, ...more };
}

/** A number with its noun, such as `1 page` or `2 pages`. */
export const counted = (number: number, noun: string): string =>
  `${number} ${noun}${number === 1 ? '' : 's'}`;

const MARKS = { ok: '✓', warning: '!', failed: '✗', 'not-run': '–' } as const;
const INDENT = ' '.repeat(17);

/**
 * A finding as lines: what was seen, and below it what to do and what to know.
 *
 * @param name the check's name, at most 14 characters
 */
export function findingText(name: string, { state, seen, advice, notes = [] }: Finding): string {
  const lines = [
    `${MARKS[state]} ${name.padEnd(14)} ${seen}`,
    ...(advice === undefined ? [] : [`→ ${advice}`]),
    ...notes.map((note) => `· ${note}`),
  ];
  return lines.join('\n').replaceAll('\n', `\n${INDENT}`);
}

/** Prints findings as they come, and remembers how the checks ended. */
export class FindingLog {
  readonly #terminal: Pick<Terminal, 'print' | 'during'>;
  readonly #complete: (advice: string) => string;
  readonly #states = new Map<string, Finding['state']>();

  /** @param complete fills in what an advice leaves open, such as the stage of a command */
  constructor(
    terminal: Pick<Terminal, 'print' | 'during'>,
    complete = (advice: string): string => advice,
  ) {
    this.#terminal = terminal;
    this.#complete = complete;
  }

  add(name: string, finding: Finding): void {
    this.#states.set(name, finding.state);
    const { advice } = finding;
    const whole = advice === undefined ? finding : { ...finding, advice: this.#complete(advice) };
    this.#terminal.print(findingText(name, whole));
  }

  /**
   * Runs a check, adds what it found, and returns its value.
   *
   * @param onError makes a finding of what the check throws
   */
  async run<T>(
    name: string,
    check: () => Promise<Finding<T>>,
    onError: (error: unknown) => Finding<never>,
  ): Promise<T | undefined> {
    const finding = await during(this.#terminal, name, check).catch(onError);
    this.add(name, finding);
    return finding.value;
  }

  /** The names of the checks that ended in a state. */
  named(state: Finding['state']): string[] {
    return [...this.#states].filter(([, one]) => one === state).map(([name]) => name);
  }
}
