import { InvalidArgumentError } from 'commander';
import { systemClock } from '../../lambda/platform/deadline.ts';
import { loadStageConfig, type StageConfig } from '../../lib/stage/stage-config.ts';
import { type Aws, connectAws } from '../aws/clients.ts';
import { readOutputs, requiredOutput, type StageOutputs } from '../aws/stacks.ts';
import { FindingLog, failed, ok } from '../findings.ts';
import {
  addAwsOptions,
  addStage,
  type CliCommand,
  CommandFailure,
  type World,
} from '../program.ts';
import { withProxy } from '../proxy.ts';
import {
  type Api,
  checkById,
  checkContract,
  checkList,
  checkRefusal,
  checkToken,
  noAnswer,
} from './api-checks.ts';
import { accessOf } from './partner-token.ts';
import { checkExport, checkTask, refusedBy } from './workflow-checks.ts';

export interface VerifyOptions {
  readonly stage: string;
  readonly partner?: string;
  readonly export?: true;
  readonly apiUrl?: string;
  readonly tokenUrl?: string;
  readonly scope?: string;
  readonly profile?: string;
  readonly region?: string;
}

/** `npm run verify`: asks a deployed stage what a partner and a workflow would ask. */
export const verify: CliCommand = {
  describe(command) {
    addAwsOptions(addStage(command))
      .description(
        'Asks a deployed stage what a partner and a workflow would ask, and compares the answers ' +
          "with the contract and the alarms' thresholds: the contract, a token, the list, one " +
          'account, a wrong filter, no token, and TaskFunction. Changes nothing unless --export ' +
          'is given, and prints no credential.',
      )
      .option(
        '--partner <name>',
        'as whom (default: the first that sees all accounts, or the first)',
      )
      .option('--export', 'runs ExportAccounts too, and reads its manifest')
      .option(
        '--api-url <url>',
        "the API's base with its stage, in place of the output ApiUrl",
        url,
      )
      .option(
        '--token-url <url>',
        "in place of the output TokenUrl, or of the one in the issuer's metadata",
        url,
      )
      .option('--scope <scope>', "in place of the partner's scopes")
      .addHelpText(
        'after',
        `
With an issuer of your own, set PARTNER_CLIENT_ID and PARTNER_CLIENT_SECRET to the partner's.

Example:
  npm run verify -- --stage dev --export

Exit code: 0 all checks hold, 1 one fails, 2 wrong usage.`,
      );
  },
  run: (command, world) =>
    withProxy(world.terminal.environment, () => runVerify(command.opts<VerifyOptions>(), world)),
};

async function runVerify(options: VerifyOptions, world: World): Promise<number> {
  const { terminal, configFolder, clock = systemClock } = world;
  const { stage, profile } = options;
  const config = loadStageConfig(stage, configFolder === undefined ? {} : { folder: configFolder });
  const region = options.region ?? config.aws.region;
  const aws = connectAws({ profile, region }, terminal.environment);
  const outputs = await readOutputs(aws, stage);
  const log = new FindingLog(terminal);
  const apiUrl = (options.apiUrl ?? requiredOutput(outputs, 'ApiUrl')).replace(/\/+$/, '');
  log.add('stacks', ok(`stage ${stage} is deployed: ${apiUrl}`));
  const secretArn = outputs.get('CredentialsSecretArn');
  await verifyApi({ url: apiUrl, config, secretArn }, options, outputs, aws, terminal, log);
  const count = await log.run(
    'TaskFunction',
    () => checkTask(aws, requiredOutput(outputs, 'TaskFunctionArn'), secretArn),
    refusedBy('lambda:InvokeFunction'),
  );
  if (options.export === true) {
    terminal.print('- ExportAccounts is running, which may take minutes');
    await log.run(
      'export',
      () => checkExport(aws, requiredOutput(outputs, 'ExportAccountsArn'), count, clock),
      refusedBy('states:StartExecution, states:DescribeExecution and s3:GetObject'),
    );
  }
  const failures = log.named('failed');
  terminal.print(
    failures.length === 0
      ? `\nStage ${stage} works.`
      : `\nStage ${stage} does not work yet: ${failures.join(', ')}.`,
  );
  return failures.length === 0 ? 0 : 1;
}

async function verifyApi(
  api: Api,
  options: VerifyOptions,
  outputs: StageOutputs,
  aws: Aws,
  { environment }: World['terminal'],
  log: FindingLog,
): Promise<void> {
  await log.run('contract', () => checkContract(api), noAnswer);
  const noToken = { path: '/accounts' };
  await log.run('without token', () => checkRefusal(api, noToken, '401-901'), noAnswer);
  const partner = options.partner ?? firstPartner(api.config);
  if (partner === undefined || !Object.hasOwn(api.config.partners, partner)) {
    const seen = `the stage has no ${partner === undefined ? '' : 'such '}partner`;
    const advice = `Add one under partners in config/${options.stage}.json, and deploy.`;
    log.add('partner', failed(seen, advice));
    return;
  }
  const access = await log.run(
    'partner',
    async () => {
      const value = await accessOf(partner, options, api.config, outputs, aws, environment);
      return { value, finding: ok(`${partner}, client id ${value.clientId}`) };
    },
    (error) => {
      if (error instanceof CommandFailure) return failed(partner, error.message);
      throw error;
    },
  );
  if (access === undefined) return;
  const token = await log.run('token', () => checkToken(access), noAnswer);
  if (token === undefined) return;
  const id = await log.run('list', () => checkList(api, token), noAnswer);
  if (id !== undefined) await log.run('by id', () => checkById(api, token, id), noAnswer);
  const wrong = { path: '/accounts?active=perhaps', token };
  await log.run('wrong filter', () => checkRefusal(api, wrong, '400-901'), noAnswer);
}

/** The first partner without an account rule, otherwise the first. */
function firstPartner({ partners }: StageConfig): string | undefined {
  const all = Object.entries(partners);
  const [name] = all.find(([, { accounts }]) => accounts === undefined) ?? all[0] ?? [];
  return name;
}

function url(text: string): string {
  const parsed = URL.parse(text);
  const loopback = /^(?:127\.0\.0\.1|localhost|\[::1\])$/.test(parsed?.hostname ?? '');
  if (parsed?.protocol === 'https:' || (parsed?.protocol === 'http:' && loopback)) return text;
  throw new InvalidArgumentError('Expected an https URL; plain http is for this machine only.');
}
