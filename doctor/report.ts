import { findingText } from '../cli/findings.ts';

/** What is checked, in this order, each on top of the one before it. */
const CHECKS = {
  config: 'stage config',
  urls: 'URLs',
  credentials: 'credentials',
  token: 'token',
  scope: 'scope',
  page: 'page 1',
  walk: 'page walk',
  partners: 'partners',
} as const;

export type CheckName = keyof typeof CHECKS;

/** What one check found. Nothing in it is text of eGain's or AWS's: only codes, names and numbers. */
export interface Finding {
  /** A name for the known cause of the failure, for programs; absent when the check holds. */
  readonly cause?: string;
  readonly seen: string;
  /** What to do about it. */
  readonly advice?: string;
  /** What is worth knowing and fails nothing. */
  readonly notes?: readonly string[];
  /** What was measured, for programs. */
  readonly measured?: Readonly<Record<string, string | number | null>>;
}

/** A finding, and what the next checks stand on; without a value none of them is run. */
export interface Checked<T> {
  readonly finding: Finding;
  readonly value?: T;
}

/** A check that holds: `value` is for the next ones, `seen` and `more` for the reader. */
export function holds<T>(
  value: T,
  seen: string,
  more: Pick<Finding, 'notes' | 'measured'> = {},
): Checked<T> {
  return { value, finding: { seen, ...more } };
}

/** A check that fails: the cause by its name, what was seen, and what to do. */
export function fails(
  cause: string,
  seen: string,
  advice: string,
  more: Pick<Finding, 'notes' | 'measured'> = {},
): Checked<never> {
  return { finding: { cause, seen, advice, ...more } };
}

/** One check's row of the report. */
export interface CheckReport extends Partial<Finding> {
  readonly name: CheckName;
  readonly state: 'ok' | 'failed' | 'not-run';
  readonly notes: readonly string[];
}

/** The document that `--json` prints. */
export interface Report {
  readonly stage: string;
  readonly ok: boolean;
  readonly checks: readonly CheckReport[];
}

/** A check's row; without a finding it was not run. */
export function checkReport(name: CheckName, finding: Finding | undefined): CheckReport {
  if (finding === undefined) return { name, state: 'not-run', notes: [] };
  const state = finding.cause === undefined ? 'ok' : 'failed';
  return Object.assign({ name, state, notes: [] } as const, finding);
}

/** The report on a stage: a row for every check. */
export function reportOf(stage: string, findings: ReadonlyMap<CheckName, Finding>): Report {
  const names = Object.keys(CHECKS) as CheckName[];
  const checks = names.map((name) => checkReport(name, findings.get(name)));
  return { stage, ok: checks.every(({ state }) => state === 'ok'), checks };
}

/** A check's row for people: what was seen, and below it what to do and what to know. */
export function checkText({ name, state, seen, advice, notes }: CheckReport): string {
  return findingText({
    name: CHECKS[name],
    state,
    seen: seen ?? 'not run, since an earlier check failed',
    advice,
    notes,
  });
}

/** What it comes to. */
export function verdictOf({ stage, checks }: Report): string {
  const failed = checks.find(({ state }) => state === 'failed');
  return failed === undefined
    ? `Stage ${stage} is ready.`
    : `Stage ${stage} is not ready: ${CHECKS[failed.name]} (${failed.cause}).`;
}
