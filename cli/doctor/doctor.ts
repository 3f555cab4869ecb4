import { type ClientOptions, createClient } from '../../lambda/egain/client.ts';
import type { Credentials } from '../../lambda/egain/credentials.ts';
import { outwait } from '../../lambda/egain/token.ts';
import {
  ANSWER_MS,
  createDeadline,
  type Deadline,
  LONGEST_MS,
  systemClock,
} from '../../lambda/platform/deadline.ts';
import { SECRET_ARN } from '../../lib/stage/stage-schema.ts';
import { type Finding, failed, findingText } from '../findings.ts';
import { addStage, type CliCommand, type World } from '../program.ts';
import { during } from '../terminal.ts';
import { createRecorder } from './answers.ts';
import { checkConfig } from './config.ts';
import { checkCredentials } from './credentials.ts';
import { checkPage, checkScope } from './page.ts';
import { checkToken } from './token.ts';
import { checkUrls } from './urls.ts';
import { checkPartners, checkWalk } from './walk.ts';

interface DoctorOptions {
  readonly stage: string;
  /** Where the credentials are. @default - the environment */
  readonly secretArn?: string;
  readonly json?: true;
}

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

type CheckName = keyof typeof CHECKS;

/** What a check found, for the report. */
interface CheckReport extends Omit<Finding, 'value'> {
  readonly name: CheckName;
  readonly notes: readonly string[];
}

/** The document that `--json` prints. */
export interface Report {
  readonly stage: string;
  readonly ok: boolean;
  readonly checks: readonly CheckReport[];
}

/** `npm run doctor`: whether a stage's eGain works, with the product's own requests. */
export const doctor: CliCommand = {
  describe(command) {
    addStage(command, 'dev')
      .description(
        'Checks in order: the stage config, the URLs, the credentials, the token, the scope, page ' +
          "1 of eGain's accounts, and the walk over all pages; then says what each partner would " +
          'see. Stops at the first check that fails, and says what to do. Changes nothing, and ' +
          'prints no secret, token or address.',
      )
      .option(
        '--secret-arn <arn>',
        'reads the credentials from this Secrets Manager secret, with the AWS credentials of your ' +
          'shell (default: EGAIN_CLIENT_ID and EGAIN_CLIENT_SECRET of the environment)',
      )
      .option('--json', 'prints one JSON document');
  },
  example: 'npm run doctor -- --stage dev',
  exitCodes: '0 all checks hold, 1 one fails, 2 wrong usage',
  async run(command, world) {
    const { terminal } = world;
    const options = command.opts<DoctorOptions>();
    const { secretArn, json = false } = options;
    // A secret may have been typed in its place, so the message does not repeat it.
    if (secretArn !== undefined && !SECRET_ARN.test(secretArn)) {
      command.error(
        'error: --secret-arn needs the ARN of a Secrets Manager secret: ' +
          'arn:aws:secretsmanager:<region>:<account>:secret:<name>.',
      );
    }
    // The findings say what the product would log.
    process.env['LOG_LEVEL'] = 'SILENT';
    const report = await examine(options, world, (check) => {
      if (!json) terminal.print(checkText(check));
    });
    if (json) {
      terminal.print(JSON.stringify(report, null, 2));
    } else {
      const notRun = report.checks.filter(({ state }) => state === 'not-run');
      const verdict = `\n${nextCommand(options, report.ok)}\n${verdictOf(report)}`;
      terminal.print([...notRun.map(checkText), verdict].join('\n'));
    }
    return report.ok ? 0 : 1;
  },
};

function checkText(check: CheckReport): string {
  return findingText(CHECKS[check.name], check);
}

/** What comes next, ready to paste. */
function nextCommand({ stage, secretArn }: DoctorOptions, isReady: boolean): string {
  const secret = secretArn === undefined ? '' : ` --secret-arn ${secretArn}`;
  if (!isReady) return `Ask again: npm run doctor -- --stage ${stage}${secret}`;
  // The secret of the argument is in AWS, so the stage is deployed.
  return `Next: npm run ${secretArn === undefined ? 'preflight' : 'verify'} -- --stage ${stage}`;
}

function verdictOf({ stage, checks }: Report): string {
  const broken = checks.find(({ state }) => state === 'failed');
  return broken === undefined
    ? `Stage ${stage} is ready.`
    : `Stage ${stage} is not ready: ${CHECKS[broken.name]} (${broken.cause}).`;
}

/** How long a check may take that is not one of the product's own requests for accounts. */
const SHORT_MS = 8000;

/**
 * Runs the checks in order, up to the first that fails. Never rejects, and ends in two minutes.
 *
 * @param onCheck called with the row of each check as the check ends
 */
async function examine(
  {
    stage,
    secretArn,
    json: quiet = false,
  }: Pick<DoctorOptions, 'stage' | 'secretArn'> & {
    readonly json?: boolean;
  },
  world: World,
  onCheck: (check: CheckReport) => void,
): Promise<Report> {
  const { environment } = world.terminal;
  const { clock = systemClock } = world;
  const rows = new Map<CheckName, CheckReport>();
  const secrets: string[] = [];

  const run = async <T>(
    name: CheckName,
    ms: number,
    check: (deadline: Deadline) => Finding<T> | Promise<Finding<T>>,
  ): Promise<T> => {
    const deadline = createDeadline(ms + ANSWER_MS, { clock });
    const { value, ...finding } = await during(
      quiet ? {} : world.terminal,
      CHECKS[name],
      async () => check(deadline),
    )
      .catch(unexpected)
      .finally(() => deadline.dispose());
    const row = redacted({ notes: [], ...finding, name }, secrets);
    rows.set(name, row);
    onCheck(row);
    if (value === undefined) throw new Stop();
    return value;
  };

  try {
    const examined = await run('config', SHORT_MS, () => checkConfig(stage, world));
    const { config } = examined;
    const { egain } = config;
    await run('urls', SHORT_MS, (deadline) => checkUrls(egain, deadline, environment));
    const credentials = await run('credentials', SHORT_MS, (deadline) =>
      checkCredentials(examined, secretArn, environment, deadline),
    );
    secrets.push(credentials.clientSecret);
    const { accessToken } = await run('token', SHORT_MS, (deadline) =>
      checkToken(egain, credentials, deadline),
    );
    secrets.push(accessToken);
    const grantedAt = clock.now();

    const connect = () => {
      const recorder = createRecorder('accounts');
      const tokens = fixedToken(accessToken, credentials, grantedAt);
      const { upstream } = recorder;
      const apiUrl = egain.apiUrl.replace(/\/+$/, '');
      return { recorder, fetchPage: createClient({ apiUrl, tokens, upstream }) };
    };
    const once = connect();
    const first = await run('scope', LONGEST_MS, (deadline) =>
      checkScope(egain, once.fetchPage, once.recorder, deadline),
    );
    await run('page', SHORT_MS, () => checkPage(first));
    const whole = connect();
    const accounts = await run('walk', LONGEST_MS, (deadline) =>
      checkWalk(config, whole.fetchPage, whole.recorder, deadline),
    );
    await run('partners', SHORT_MS, () => checkPartners(config, accounts));
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
  }
  const seen = 'not run, since an earlier check failed';
  const checks = (Object.keys(CHECKS) as CheckName[]).map(
    (name) => rows.get(name) ?? { name, state: 'not-run' as const, seen, notes: [] },
  );
  return { stage, ok: checks.every(({ state }) => state === 'ok'), checks };
}

/** Ends the examination: the checks that follow need what this one did not find. */
class Stop extends Error {
  override readonly name = 'Stop';
}

/** The token of the token check. It is not renewed: the question is whether this one works. */
function fixedToken(
  value: string,
  credentials: Credentials,
  grantedAt: number,
): ClientOptions['tokens'] {
  return {
    get: async () => ({ value, secretVersion: credentials.version, grantedAt, replaced: 0 }),
    replace: async (token, askedAt, deadline) =>
      (await outwait(token, askedAt, deadline)) ? token : undefined,
    drop: () => undefined,
    sensitive: async () => ({ token: value, ...credentials }),
  };
}

/** Names the error only: its message may quote what it is about. */
function unexpected(error: unknown): Finding<never> {
  const name = error instanceof Error && /^\w{1,60}$/.test(error.name) ? error.name : 'unknown';
  const advice = 'Report it to the makers of this product.';
  return failed(`the check itself failed (${name})`, advice, { cause: 'unexpected' });
}

/** Ordinary words may contain a shorter secret. */
const MIN_SECRET = 12;

/** The findings hold no secret; this is the second lock. */
function redacted(row: CheckReport, secrets: readonly string[]): CheckReport {
  const needles = secrets
    .filter(({ length }) => length >= MIN_SECRET)
    .flatMap((secret) => [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64'),
    ]);
  return JSON.parse(JSON.stringify(row), (_key, value: unknown) =>
    typeof value === 'string'
      ? needles.reduce((text, needle) => text.replaceAll(needle, '[redacted]'), value)
      : value,
  ) as CheckReport;
}
