import { createClient } from '../lambda/egain/client.ts';
import type { Credentials } from '../lambda/egain/credentials.ts';
import type { Token, TokenSource } from '../lambda/egain/token.ts';
import { createRedact } from '../lambda/egain/words.ts';
import {
  ANSWER_MS,
  type Clock,
  createDeadline,
  type Deadline,
  LONGEST_MS,
  systemClock,
} from '../lambda/platform/deadline.ts';
import { checkConfig } from './checks/config.ts';
import { checkCredentials } from './checks/credentials.ts';
import { checkPage } from './checks/page.ts';
import { checkPartners } from './checks/partners.ts';
import { checkScope } from './checks/scope.ts';
import { checkToken } from './checks/token.ts';
import { checkUrls } from './checks/urls.ts';
import { checkWalk } from './checks/walk.ts';
import { createRecorder } from './recorder.ts';
import {
  type Checked,
  type CheckName,
  type CheckReport,
  checkReport,
  type Finding,
  fails,
  type Report,
  reportOf,
} from './report.ts';

/** What to examine. */
export interface DoctorOptions {
  readonly stage: string;
  /** Where the credentials are. @default - the environment */
  readonly secretArn: string | undefined;
}

/** What the doctor takes from outside. */
export interface World {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  /** Where the stage configs are. @default - the project's `config/` */
  readonly configFolder?: URL;
}

/** For each check that waits; those of what a request waits for have the product's own limit. */
const SHORT_MS = 8000;

/**
 * Makes the checks in order, up to the first that fails. Never rejects, and ends in two minutes.
 *
 * @param onCheck called with each check's row as the check ends
 */
export async function examine(
  { stage, secretArn }: DoctorOptions,
  world: World,
  onCheck: (check: CheckReport) => void = () => undefined,
): Promise<Report> {
  const { clock = systemClock, environment } = world;
  const findings = new Map<CheckName, Finding>();
  const sensitive = { token: '', clientSecret: '' };

  const run = async <T>(
    name: CheckName,
    ms: number,
    check: (deadline: Deadline) => Checked<T> | Promise<Checked<T>>,
  ): Promise<T> => {
    const deadline = createDeadline(ms + ANSWER_MS, { clock });
    const { finding, value } = await Promise.resolve()
      .then(() => check(deadline))
      .catch(unexpected)
      .finally(() => deadline.dispose());
    findings.set(name, finding);
    onCheck(redacted(checkReport(name, finding), sensitive));
    if (value === undefined) throw new Stop();
    return value;
  };

  try {
    const { config, sandbox } = await run('config', SHORT_MS, () =>
      checkConfig(stage, world.configFolder, environment),
    );
    const { egain } = config;
    await run('urls', SHORT_MS, (deadline) => checkUrls(egain, deadline, environment));
    const place = {
      secretArn,
      environment,
      stageSecretArn: config.credentials.secretArn,
      stageRegion: config.aws.region,
      sandbox,
    };
    const credentials = await run('credentials', SHORT_MS, (deadline) =>
      checkCredentials(place, deadline),
    );
    sensitive.clientSecret = credentials.clientSecret;
    const { accessToken } = await run('token', SHORT_MS, (deadline) =>
      checkToken(egain, credentials, deadline, clock),
    );
    sensitive.token = accessToken;

    const connect = () => {
      const recorder = createRecorder('accounts', clock);
      const tokens = fixedToken(accessToken, credentials);
      const { upstream } = recorder;
      const apiUrl = egain.apiUrl.replace(/\/+$/, '');
      return { recorder, fetchPage: createClient({ apiUrl, tokens, upstream, clock }) };
    };
    const once = connect();
    const first = await run('scope', LONGEST_MS, (deadline) =>
      checkScope(egain, once.fetchPage, once.recorder, deadline, clock),
    );
    await run('page', SHORT_MS, () => checkPage(first));
    const whole = connect();
    const accounts = await run('walk', LONGEST_MS, (deadline) =>
      checkWalk(config, whole.fetchPage, whole.recorder, deadline, clock),
    );
    await run('partners', SHORT_MS, () => checkPartners(config, accounts));
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
  }
  return redacted(reportOf(stage, findings), sensitive);
}

/** Ends the examination: the checks that follow have nothing to stand on. */
class Stop extends Error {
  override readonly name = 'Stop';
}

/** The token of the token check: what is asked here is whether this one works. */
function fixedToken(value: string, credentials: Credentials): TokenSource {
  const token: Token = { value, credentials };
  return {
    get: async () => token,
    replace: async () => undefined,
  };
}

/** A message may quote what it is about; the name can't. */
function unexpected(error: unknown): Checked<never> {
  const name = error instanceof Error && /^\w{1,60}$/.test(error.name) ? error.name : 'unknown';
  return fails(
    'unexpected',
    `the check itself failed (${name})`,
    'Report it to the makers of this product.',
  );
}

/** What is shorter would be found in ordinary words, which hold no secret. */
const MIN_SECRET = 12;

/** The findings hold no secret; this is the second lock. */
function redacted<T extends Report | CheckReport>(
  report: T,
  sensitive: { readonly token: string; readonly clientSecret: string },
): T {
  const needles = Object.values(sensitive).filter((secret) => secret.length >= MIN_SECRET);
  if (needles.length === 0) return report;
  const [token = '', clientSecret = token] = needles;
  // A client id is no secret, and may be a word that stands in the findings anyway.
  const redact = createRedact({ token, clientSecret, clientId: '' });
  return JSON.parse(JSON.stringify(report), (_key, value: unknown) =>
    typeof value === 'string' ? redact(value) : value,
  ) as T;
}
