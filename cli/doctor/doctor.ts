import { type ClientOptions, createClient } from '../../lambda/egain/client.ts';
import type { Credentials } from '../../lambda/egain/credentials.ts';
import {
  ANSWER_MS,
  createDeadline,
  type Deadline,
  LONGEST_MS,
  systemClock,
} from '../../lambda/platform/deadline.ts';
import { type Finding, failed } from '../findings.ts';
import type { World } from '../program.ts';
import { checkPage, checkScope } from './api.ts';
import { checkConfig } from './config.ts';
import { checkCredentials } from './credentials.ts';
import { checkPartners } from './partners.ts';
import { createRecorder } from './recorder.ts';
import { type CheckName, type CheckReport, type Report, reportOf } from './report.ts';
import { checkToken } from './token.ts';
import { checkUrls } from './urls.ts';
import { checkWalk } from './walk.ts';

/** What to examine. */
export interface DoctorOptions {
  readonly stage: string;
  /** Where the credentials are. @default - the environment */
  readonly secretArn?: string;
}

/** How long a check may take that is not one of the product's own requests for accounts. */
const SHORT_MS = 8000;

/**
 * Runs the checks in order, up to the first that fails. Never rejects, and ends in two minutes.
 *
 * @param onCheck called with the row of each check as the check ends
 */
export async function examine(
  { stage, secretArn }: DoctorOptions,
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
    const { value, ...finding } = await Promise.resolve(deadline)
      .then(check)
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

    const connect = () => {
      const recorder = createRecorder('accounts');
      const tokens = fixedToken(accessToken, credentials);
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
  return reportOf(stage, rows);
}

/** Ends the examination: the checks that follow need what this one did not find. */
class Stop extends Error {
  override readonly name = 'Stop';
}

/** The token of the token check. It is not renewed: the question is whether this one works. */
function fixedToken(value: string, credentials: Credentials): ClientOptions['tokens'] {
  return { get: async () => ({ value, credentials }), replace: async () => undefined };
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
