import { checkUrls } from '../../doctor/checks/urls.ts';
import { createDeadline } from '../../lambda/platform/deadline.ts';
import { loadStageConfig, type StageConfig } from '../../lib/stage/stage-config.ts';
import { type AwsTarget, connectAws } from '../aws/clients.ts';
import { stageStackNames } from '../aws/stage-stacks.ts';
import { type CheckFinding, createFindingLog } from '../findings.ts';
import type { Terminal } from '../terminal.ts';
import {
  type Caller,
  checkBootstrap,
  checkGatewayRole,
  checkIdentity,
  checkPlace,
  checkStacks,
} from './account-checks.ts';
import { partnersOfTheExample } from './placeholders.ts';

/** What came of a preflight. */
export interface PreflightReport {
  readonly stage: string;
  readonly failed: boolean;
  readonly warned: boolean;
  /** Account and region, for people. */
  readonly place: string;
}

export interface PreflightOptions extends AwsTarget {
  /** Where the stage configs are. @default - the project's `config/` */
  readonly configFolder?: URL;
  /** @default CDKToolkit */
  readonly toolkitStackName?: string | undefined;
}

const URLS_MS = 9000;
/** Of what the check of the URLs finds, these are slips of the config; the others may be this machine's. */
const SLIPS: ReadonlySet<string> = new Set(['placeholder', 'api-url-form']);

/**
 * Looks whether a stage can be deployed, and prints a line for each check as it ends.
 *
 * @throws StageConfigError for a stage config that can't be used
 */
export async function preflightStage(
  stage: string,
  terminal: Terminal,
  options: PreflightOptions,
): Promise<PreflightReport> {
  const log = createFindingLog(terminal);
  const config = loadStageConfig(stage, {
    ...(options.configFolder === undefined ? {} : { folder: options.configFolder }),
    region: options.region ?? terminal.environment['AWS_REGION'],
  });
  log.add({ name: 'stage config', state: 'ok', seen: `config/${stage}.json is valid` });
  log.add(checkPartners(config));
  log.add(checkAlarms(config));
  log.add(await checkEgain(config, terminal));

  const region = options.region ?? config.aws.region;
  const aws = connectAws({ profile: options.profile, region }, terminal.environment);
  const { finding, caller } = await checkIdentity(aws);
  log.add(finding);
  if (caller !== undefined) {
    log.add(checkPlace(config, caller));
    log.add(await checkBootstrap(aws, caller, options.toolkitStackName ?? 'CDKToolkit'));
    log.add(await checkGatewayRole(aws));
    log.add(await checkStacks(aws, stageStackNames(stage, config)));
  }
  const has = (state: CheckFinding['state']) => log.all.some((one) => one.state === state);
  return { stage, failed: has('failed'), warned: has('warning'), place: placeOf(caller) };
}

function placeOf(caller: Caller | undefined): string {
  return caller === undefined ? 'an unknown place' : `account ${caller.account}, ${caller.region}`;
}

function checkPartners(config: StageConfig): CheckFinding {
  const name = 'partners';
  const names = Object.keys(config.partners);
  const examples = partnersOfTheExample(config);
  if (examples.length > 0) {
    return {
      name,
      state: 'warning',
      seen: `${examples.join(', ')}: the account rule is the example's`,
      advice:
        "Put your tenant's ids, or take the partner out. The doctor tells what each one sees.",
    };
  }
  if (names.length === 0) {
    return { name, state: 'ok', seen: 'none yet: nobody can call the API' };
  }
  return { name, state: 'ok', seen: names.join(', ') };
}

function checkAlarms({ alarms }: StageConfig): CheckFinding {
  const name = 'alarms';
  if (alarms.email !== undefined)
    return { name, state: 'ok', seen: 'a mail goes out when one rings' };
  return {
    name,
    state: 'warning',
    seen: 'nobody is told when one rings',
    advice: 'Set alarms.email in the stage config.',
  };
}

async function checkEgain({ egain }: StageConfig, terminal: Terminal): Promise<CheckFinding> {
  const name = 'URLs';
  const deadline = createDeadline(URLS_MS);
  const { finding } = await checkUrls(egain, deadline, terminal.environment).finally(() =>
    deadline.dispose(),
  );
  const { cause, seen, advice, notes = [] } = finding;
  if (cause === undefined) return { name, state: 'ok', seen, notes };
  if (SLIPS.has(cause)) return { name, state: 'failed', seen, advice, notes };
  const elsewhere = 'AWS may reach them though this machine does not.';
  return { name, state: 'warning', seen, advice, notes: [...notes, elsewhere] };
}
