import { type Checked, type Finding, failed, findingText, ok } from '../findings.ts';

/** The checks in order. Each one needs what the earlier ones found. */
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

/** A check that holds: `value` is for the next checks, `seen` and `more` for the reader. */
export function holds<T>(
  value: T,
  seen: string,
  more: Pick<Finding, 'notes' | 'measured'> = {},
): Checked<T> {
  return { value, finding: ok(seen, more) };
}

/** A check that fails: the name of the cause, what was seen, and what to do. */
export function fails(
  cause: string,
  seen: string,
  advice: string,
  more: Pick<Finding, 'notes'> = {},
): Checked<never> {
  return { finding: { ...failed(seen, advice, more), cause } };
}

/** The row of one check in the report. */
export interface CheckReport extends Partial<Finding> {
  readonly name: CheckName;
  readonly state: Finding['state'];
  readonly notes: readonly string[];
}

/** The document that `--json` prints. */
export interface Report {
  readonly stage: string;
  readonly ok: boolean;
  readonly checks: readonly CheckReport[];
}

/** The row of a check; without a finding the check was not run. */
export function checkReport(name: CheckName, finding: Finding | undefined): CheckReport {
  const { notes = [], ...rest } = finding ?? { state: 'not-run' };
  return { name, ...rest, notes };
}

/** The report on a stage, with a row for every check. */
export function reportOf(stage: string, findings: ReadonlyMap<CheckName, Finding>): Report {
  const names = Object.keys(CHECKS) as CheckName[];
  const checks = names.map((name) => checkReport(name, findings.get(name)));
  return { stage, ok: checks.every(({ state }) => state === 'ok'), checks };
}

/** The row of a check, for people. */
export function checkText({ name, seen, ...row }: CheckReport): string {
  const notRun = 'not run, since an earlier check failed';
  return findingText(CHECKS[name], { ...row, seen: seen ?? notRun });
}

/** The report in one sentence. */
export function verdictOf({ stage, checks }: Report): string {
  const broken = checks.find(({ state }) => state === 'failed');
  return broken === undefined
    ? `Stage ${stage} is ready.`
    : `Stage ${stage} is not ready: ${CHECKS[broken.name]} (${broken.cause}).`;
}
