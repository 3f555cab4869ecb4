import { type Clock, systemClock } from '../../lambda/platform/deadline.ts';
import { loadStageConfig, type StageConfig } from '../../lib/stage/stage-config.ts';
import { type Aws, connectAws } from '../aws/clients.ts';
import { readOutputs, requiredOutput, type StageOutputs } from '../aws/outputs.ts';
import { type Command, CommandFailure } from '../command.ts';
import { createFindingLog, type FindingLog } from '../findings.ts';
import type { Options } from '../options.ts';
import { useProxyOf } from '../proxy.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import {
  type Api,
  checkById,
  checkContract,
  checkList,
  checkRefusal,
  checkToken,
} from './api-checks.ts';
import { accessOf } from './partner-token.ts';
import { checkExport, checkTask } from './workflow-checks.ts';

/** What a test changes of the world. */
export interface VerifyWorld {
  /** Where the stage configs are. @default - the project's `config/` */
  readonly configFolder?: URL;
  readonly clock?: Clock;
}

/** `npm run verify`. */
export const verify: Command = createVerify();

/** The command that asks a deployed stage as a partner and a workflow would. */
export function createVerify(world: VerifyWorld = {}): Command {
  return {
    spec: {
      name: 'verify',
      about:
        'Asks a deployed stage what a partner and a workflow would ask, and judges the answers by ' +
        'the contract and by what the alarms are set to: the contract, a token, the list, one ' +
        'account, a wrong filter, no token, and TaskFunction. It changes nothing, but for an export ' +
        'where that is asked for, and prints no credential.',
      defaultStage: null,
      options: {
        partner: {
          type: 'string',
          value: '<name>',
          about: 'as whom (default: the first that sees all accounts, else the first)',
        },
        export: { type: 'boolean', about: 'runs ExportAccounts too, and reads its manifest' },
        'api-url': {
          type: 'string',
          value: '<url>',
          about: "the API's base with its stage, in place of the output ApiUrl",
        },
        'token-url': {
          type: 'string',
          value: '<url>',
          about: "in place of the output TokenUrl, or of what the issuer's metadata says",
        },
        scope: { type: 'string', value: '<scope>', about: "in place of the partner's scopes" },
        profile: { type: 'string', value: '<name>', about: 'a profile of your AWS configuration' },
        region: { type: 'string', value: '<name>', about: "in place of the shell's region" },
      },
      notes: [
        "With an issuer of your own, PARTNER_CLIENT_ID and PARTNER_CLIENT_SECRET are the partner's.",
        'Exit code: 0 all holds, 1 something does not, 2 wrong usage.',
      ],
    },
    async run(options, terminal) {
      const restore = useProxyOf(terminal.environment);
      try {
        return await runVerify(options, terminal, world);
      } finally {
        restore();
      }
    },
  };
}

async function runVerify(
  options: Options,
  terminal: Terminal,
  { configFolder, clock = systemClock }: VerifyWorld,
): Promise<number> {
  const { stage, texts, flags } = options;
  const config = loadStageConfig(stage, configFolder === undefined ? {} : { folder: configFolder });
  const region = texts['region'] ?? config.aws.region;
  const aws = connectAws({ profile: texts['profile'], region }, terminal.environment);
  const outputs = await readOutputs(aws, stage);
  const log = createFindingLog(terminal);
  const url = urlOption(texts, 'api-url') ?? requiredOutput(outputs, 'ApiUrl').replace(/\/+$/, '');
  log.add({ name: 'stacks', state: 'ok', seen: `stage ${stage} is deployed: ${url}` });
  const secretArn = outputs.get('CredentialsSecretArn');
  await verifyApi({ url, config, secretArn }, options, outputs, aws, terminal, log);
  const task = await checkTask(aws, requiredOutput(outputs, 'TaskFunctionArn'), secretArn);
  log.add(task.finding);
  if (flags.has('export')) {
    terminal.print('- ExportAccounts is running, which may take minutes');
    const arn = requiredOutput(outputs, 'ExportAccountsArn');
    log.add(await checkExport(aws, arn, task.count, clock));
  }
  const failed = log.all.filter(({ state }) => state === 'failed');
  terminal.print(
    failed.length === 0
      ? `\nStage ${stage} works.`
      : `\nStage ${stage} does not work yet: ${failed.map(({ name }) => name).join(', ')}.`,
  );
  return failed.length === 0 ? 0 : 1;
}

async function verifyApi(
  api: Api,
  { stage, texts }: Options,
  outputs: StageOutputs,
  aws: Aws,
  terminal: Terminal,
  log: FindingLog,
): Promise<void> {
  log.add(await checkContract(api));
  log.add(await checkRefusal('without token', api, { path: '/accounts' }, '401-901'));
  const partner = texts['partner'] ?? firstPartner(api.config);
  if (partner === undefined || !Object.hasOwn(api.config.partners, partner)) {
    log.add({
      name: 'partner',
      state: 'failed',
      seen: partner === undefined ? 'the stage has no partner' : 'the stage has no such partner',
      advice: `Add one under partners in config/${stage}.json, and deploy.`,
    });
    return;
  }
  try {
    const tokenUrl = urlOption(texts, 'token-url');
    const asked = { stage, partner, tokenUrl, scope: texts['scope'] };
    const access = await accessOf(asked, api.config, outputs, aws, terminal.environment);
    log.add({ name: 'partner', state: 'ok', seen: `${partner}, client id ${access.clientId}` });
    const { finding, value: token } = await checkToken(access);
    log.add(finding);
    if (token !== undefined) await verifyAsPartner(api, token, log);
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    log.add({ name: 'partner', state: 'failed', seen: partner, advice: error.message });
  }
}

async function verifyAsPartner(api: Api, token: string, log: FindingLog): Promise<void> {
  const { finding, value: listed } = await checkList(api, token);
  log.add(finding);
  if (listed?.id !== undefined) log.add(await checkById(api, token, listed.id));
  const wrong = { path: '/accounts?active=perhaps', token };
  log.add(await checkRefusal('wrong filter', api, wrong, '400-901'));
}

/** The first partner for whom all accounts exist, else the first. */
function firstPartner({ partners }: StageConfig): string | undefined {
  const all = Object.entries(partners);
  const [name] = all.find(([, { accounts }]) => accounts === undefined) ?? all[0] ?? [];
  return name;
}

function urlOption(texts: Readonly<Record<string, string>>, name: string): string | undefined {
  const text = texts[name];
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  const loopback = /^(?:127\.0\.0\.1|localhost|\[::1\])$/.test(url?.hostname ?? '');
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback)) {
    return text.replace(/\/+$/, '');
  }
  throw new UsageError(`--${name} needs an https URL; plain http is for this machine alone.`);
}
