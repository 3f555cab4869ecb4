import { type Finding, findingText } from '../findings.ts';

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

/** What a check found, for the report. */
export interface CheckReport extends Omit<Finding, 'value'> {
  readonly name: CheckName;
  readonly notes: readonly string[];
}

/** The document that `--json` prints. */
export interface Report {
  readonly stage: string;
  readonly ok: boolean;
  readonly checks: readonly CheckReport[];
}

/** The report on a stage; checks without a finding were not run. */
export function reportOf(stage: string, findings: ReadonlyMap<CheckName, CheckReport>): Report {
  const seen = 'not run, since an earlier check failed';
  const checks = (Object.keys(CHECKS) as CheckName[]).map(
    (name) => findings.get(name) ?? { name, state: 'not-run' as const, seen, notes: [] },
  );
  return { stage, ok: checks.every(({ state }) => state === 'ok'), checks };
}

/** A check's lines, for people. */
export function checkText(check: CheckReport): string {
  return findingText(CHECKS[check.name], check);
}

/** The report in one sentence. */
export function verdictOf({ stage, checks }: Report): string {
  const broken = checks.find(({ state }) => state === 'failed');
  return broken === undefined
    ? `Stage ${stage} is ready.`
    : `Stage ${stage} is not ready: ${CHECKS[broken.name]} (${broken.cause}).`;
}
