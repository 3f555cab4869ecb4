import { readFileSync } from 'node:fs';
import { createDeadline } from '../../lambda/platform/deadline.ts';
import { parseJson } from '../../lambda/platform/parse.ts';
import { loadStageConfig, type StageConfig } from '../../lib/stage/stage-config.ts';
import { type AwsTarget, awsProblem, connectAws } from '../aws/clients.ts';
import { stageStackNames } from '../aws/stacks.ts';
import { checkUrls } from '../doctor/urls.ts';
import { type Finding, FindingLog, failed, ok, warning } from '../findings.ts';
import { member } from '../json.ts';
import { addAwsOptions, addStage, type CliCommand, type World } from '../program.ts';
import { SANDBOX_STAGE } from '../start.ts';
import { during } from '../terminal.ts';
import {
  checkBootstrap,
  checkGatewayRole,
  checkIdentity,
  checkPlace,
  checkStacks,
} from './account-checks.ts';
import { checkNetwork, NETWORK_RIGHTS } from './network-check.ts';

/** What came of a preflight. */
export interface PreflightReport {
  readonly failed: boolean;
  readonly warned: boolean;
  /** Account and region, for people. */
  readonly place: string;
}

export interface PreflightOptions extends AwsTarget {
  readonly stage: string;
  /** Of the CDK's bootstrap. @default - cdk.json's, else the CDK's own */
  readonly qualifier?: string | undefined;
}

/** `npm run preflight`: whether this shell can deploy a stage. */
export const preflight: CliCommand = {
  describe(command) {
    addAwsOptions(addStage(command))
      .description(
        'Checks whether the AWS credentials of this shell can deploy a stage: its config, ' +
          "eGain's URLs, account and region, and what the CDK and API Gateway need. Changes " +
          'nothing. npm run deploy begins with the same checks.',
      )
      .addHelpText('after', '\n✓ holds, ! is a warning, ✗ stops a deploy.');
  },
  example: 'npm run preflight -- --stage dev',
  exitCodes: '0 no ✗, 1 some ✗, 2 wrong usage',
  async run(command, world) {
    const options = command.opts<PreflightOptions>();
    const report = await preflightStage(options, world);
    const { stage } = options;
    const look = report.warned ? ' Look at what has a ! first.' : '';
    world.terminal.print(
      report.failed
        ? `\nStage ${stage} is not ready to be deployed: fix what has a ✗.`
        : `\nStage ${stage} can be deployed: npm run deploy -- --stage ${stage}.${look}`,
    );
    return report.failed ? 1 : 0;
  },
};

/** The context that names the bootstrap's qualifier. */
export const QUALIFIER_CONTEXT = '@aws-cdk/core:bootstrapQualifier';
const URLS_MS = 9000;
const THIS_MACHINE = /^(?:127\.[\d.]+|\[::1\]|localhost)$/;
/** The account rule of the example, `config/dev.json`, has this channel. */
const EXAMPLE_CHANNEL = '45a095f4-d0ee-4220-a689-22b541c58f67';

/**
 * Checks whether a stage can be deployed, and prints a line for each check as it ends.
 *
 * @throws StageConfigError for a stage config that can't be used
 */
export async function preflightStage(
  { stage, profile, region, qualifier = cdkQualifier() }: PreflightOptions,
  { terminal, configFolder }: World,
): Promise<PreflightReport> {
  const { environment } = terminal;
  const log = new FindingLog(terminal);
  const config = loadStageConfig(stage, {
    folder: configFolder,
    region: region ?? environment['AWS_REGION'],
  });
  log.add('stage config', ok(`config/${stage}.json is valid`));
  log.add('partners', checkPartners(config));
  log.add('alarms', checkAlarms(config));
  log.add('URLs', await during(terminal, 'URLs', () => checkEgain(stage, config, environment)));

  const aws = connectAws({ profile, region: region ?? config.aws.region }, environment);
  const unknown = 'AWS does not say who this is';
  const caller = await log.run(
    'identity',
    () => checkIdentity(aws),
    awsProblem(failed, unknown, 'sts:GetCallerIdentity'),
  );
  if (caller !== undefined) {
    const describing = awsProblem(warning, 'not known', 'cloudformation:DescribeStacks');
    log.add('place', checkPlace(config, caller));
    const onVersion = awsProblem(warning, 'not known', 'ssm:GetParameter on /cdk-bootstrap/*');
    await log.run('bootstrap', () => checkBootstrap(aws, caller, stage, qualifier), onVersion);
    const rights = 'apigateway:GET on /account, and iam:GetRole';
    const onAccount = awsProblem(warning, 'not known', rights);
    await log.run('gateway logs', () => checkGatewayRole(aws), onAccount);
    const { vpc } = config.functions;
    if (vpc !== undefined) {
      const onNetwork = awsProblem(warning, 'not known', NETWORK_RIGHTS);
      await log.run('network', () => checkNetwork(aws, vpc), onNetwork);
    }
    const names = stageStackNames(stage, config);
    await log.run('stacks', () => checkStacks(aws, names), describing);
  }
  const place =
    caller === undefined ? 'an unknown place' : `account ${caller.account}, ${caller.region}`;
  return { failed: log.named('failed').length > 0, warned: log.named('warning').length > 0, place };
}

/** What cdk.json names, where a company's bootstrap has a qualifier of its own. */
function cdkQualifier(): string | undefined {
  const file = readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8');
  const qualifier = member(parseJson(file), 'context', QUALIFIER_CONTEXT);
  return typeof qualifier === 'string' ? qualifier : undefined;
}

function checkPartners({ partners }: StageConfig): Finding {
  const examples = Object.entries(partners)
    .filter(([, { accounts = {} }]) => Object.values(accounts).flat().includes(EXAMPLE_CHANNEL))
    .map(([partner]) => partner);
  if (examples.length > 0) {
    return warning(
      `${examples.join(', ')}: the account rule is still the example's`,
      "Enter your tenant's ids, or remove the partner. The doctor says what each partner sees.",
    );
  }
  const names = Object.keys(partners).join(', ');
  return ok(names === '' ? 'none yet: nobody can call the API' : names);
}

function checkAlarms({ alarms }: StageConfig): Finding {
  return alarms.email === undefined
    ? warning('an alarm notifies nobody', 'Set alarms.email in the stage config.')
    : ok('an alarm sends a mail');
}

async function checkEgain(
  stage: string,
  { egain, auth }: StageConfig,
  environment: World['terminal']['environment'],
): Promise<Finding> {
  const urls = {
    'egain.apiUrl': egain.apiUrl,
    'egain.tokenUrl': egain.tokenUrl,
    'auth.issuer': auth.issuer,
    'auth.jwksUri': auth.jwksUri,
  };
  const here = Object.entries(urls)
    .filter(([, url]) => THIS_MACHINE.test(URL.parse(url ?? '')?.hostname ?? ''))
    .map(([key]) => `${key} is on this machine`);
  if (here.length > 0 && stage !== SANDBOX_STAGE) {
    return failed(here.join('\n'), 'No function in AWS reaches this machine: enter your own.');
  }
  const deadline = createDeadline(URLS_MS);
  const finding = await checkUrls(egain, deadline, environment).finally(() => deadline.dispose());
  const { cause, seen, advice = '' } = finding;
  // These two are mistakes in the config; the other causes may be this machine's.
  if (cause === undefined || cause === 'placeholder' || cause === 'api-url-form') return finding;
  const notes = ['AWS may reach them where this machine does not.'];
  return warning(seen, advice, { notes });
}
