import { InvalidArgumentError } from 'commander';
import { systemClock } from '../../lambda/platform/deadline.ts';
import { parseSecureUrl } from '../../lambda/platform/parse.ts';
import { tooOldSeconds } from '../../lib/observability/alarms.ts';
import { type AwsTarget, awsProblem, connectStage, tellPlace } from '../aws/clients.ts';
import { readOutputs, requiredOutput } from '../aws/stacks.ts';
import { FindingLog, failed, ok } from '../findings.ts';
import { addAwsOptions, addStage, type CliCommand, type World } from '../program.ts';
import { during } from '../terminal.ts';
import {
  type Api,
  checkById,
  checkContract,
  checkList,
  checkRefusal,
  checkToken,
  noAnswer,
} from './api-checks.ts';
import { checkPartner, type PartnerAccess, type PartnerOptions } from './partner-access.ts';
import { checkExport, checkTask } from './workflow-checks.ts';

interface VerifyOptions extends AwsTarget, PartnerOptions {
  readonly export?: true;
  readonly apiUrl?: string;
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
        httpsUrl,
      )
      .option(
        '--token-url <url>',
        "in place of the output TokenUrl, or of the one in the issuer's metadata",
        httpsUrl,
      )
      .option('--scope <scope>', "in place of the partner's scopes")
      .addHelpText(
        'after',
        `
With an issuer of your own, set PARTNER_CLIENT_ID and PARTNER_CLIENT_SECRET to the partner's.`,
      );
  },
  example: 'npm run verify -- --stage dev --export',
  exitCodes: '0 all checks hold, 1 one fails, 2 wrong usage',
  run: (command, world) => verifyStage(command.opts<VerifyOptions>(), world),
};

const refused = (rights: string) => awsProblem(failed, 'AWS refuses', rights);

/** Runs the checks, and prints a line for each. @returns the exit code */
export async function verifyStage(options: VerifyOptions, world: World): Promise<number> {
  const { terminal, clock = systemClock } = world;
  const { stage } = options;
  const { config, aws } = connectStage(options, world);
  await tellPlace(stage, aws, terminal);
  const outputs = await readOutputs(aws, stage);
  const secretArn = outputs.get('CredentialsSecretArn');
  const log = new FindingLog(terminal, (advice) => wholeCommands(advice, stage, secretArn));
  const url = (options.apiUrl ?? requiredOutput(outputs, 'ApiUrl')).replace(/\/+$/, '');
  log.add('stacks', ok(`stage ${stage} is deployed: ${url}`));
  const api = { url, tooOldSeconds: tooOldSeconds(config.cache), secretArn };
  await log.run('contract', () => checkContract(api), noAnswer);
  await log.run('without token', () => checkRefusal(api, '401-901', '/accounts'), noAnswer);
  const access = await during(terminal, 'partner', () =>
    checkPartner(options, config, outputs, aws, terminal.environment),
  );
  log.add('partner', access);
  if (access.value !== undefined) await verifyAsPartner(api, access.value, log);
  const count = await log.run(
    'TaskFunction',
    () => checkTask(aws, requiredOutput(outputs, 'TaskFunctionArn'), secretArn),
    refused('lambda:InvokeFunction'),
  );
  if (options.export === true) {
    terminal.print('- ExportAccounts is running, which may take minutes');
    await log.run(
      'export',
      () => checkExport(aws, requiredOutput(outputs, 'ExportAccountsArn'), count, clock),
      refused('states:StartExecution, states:DescribeExecution and s3:GetObject'),
    );
  }
  const failures = log.named('failed');
  terminal.print(
    failures.length === 0
      ? `\nStage ${stage} works.`
      : `\nAsk again: npm run verify -- --stage ${stage}\nStage ${stage} does not work yet: ${failures.join(', ')}.`,
  );
  return failures.length === 0 ? 0 : 1;
}

/** The advice with its commands as they are to be pasted. */
function wholeCommands(advice: string, stage: string, secretArn: string | undefined): string {
  const secret = secretArn === undefined ? '' : ` --secret-arn ${secretArn}`;
  return advice
    .replaceAll('npm run doctor', `npm run doctor -- --stage ${stage}${secret}`)
    .replace(/deploy again|, and deploy(?=\.)/i, `$&: npm run deploy -- --stage ${stage}`);
}

async function verifyAsPartner(api: Api, access: PartnerAccess, log: FindingLog): Promise<void> {
  const token = await log.run('token', () => checkToken(access), noAnswer);
  if (token === undefined) return;
  const id = await log.run('list', () => checkList(api, token), noAnswer);
  if (id !== undefined) await log.run('by id', () => checkById(api, token, id), noAnswer);
  const wrong = '/accounts?active=perhaps';
  await log.run('wrong filter', () => checkRefusal(api, '400-901', wrong, token), noAnswer);
}

function httpsUrl(text: string): string {
  if (parseSecureUrl(text) !== undefined) return text;
  throw new InvalidArgumentError('Expected an https URL; plain http is for this machine only.');
}
