import { type Clock, systemClock } from '../../lambda/platform/deadline.ts';
import { loadStageConfig, type StageConfig } from '../../lib/stage/stage-config.ts';
import { type Aws, connectAws } from '../aws/clients.ts';
import { readOutputs, requiredOutput, type StageOutputs } from '../aws/outputs.ts';
import { findPartnerClient, type PartnerClient, readClientSecret } from '../aws/partner-client.ts';
import type { Command } from '../command.ts';
import type { Options } from '../options.ts';
import { didYouMean } from '../suggest.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { addSecret, endOldSecret, secretsOf } from './rotate.ts';
import { refuseExisting, writeSecretFile } from './secret-file.ts';
import { readUsage } from './usage.ts';

/** What a test changes of the world. */
export interface PartnerWorld {
  /** Where the stage configs are. @default - the project's `config/` */
  readonly configFolder?: URL;
  readonly clock?: Clock;
}

const USAGE_DAYS = 7;

/** One partner of a deployed stage, with AWS at hand. */
interface Case {
  readonly stage: string;
  readonly name: string;
  readonly config: StageConfig;
  readonly outputs: StageOutputs;
  readonly aws: Aws;
  readonly options: Options;
  readonly terminal: Terminal;
  readonly clock: Clock;
}

const ACTIONS: Readonly<Record<string, (one: Case) => Promise<void>>> = {
  show,
  secret,
  rotate,
  usage,
};

/** `npm run partner`. */
export const partner: Command = createPartner();

/** The command for what is done with one partner of a deployed stage. */
export function createPartner({ configFolder, clock = systemClock }: PartnerWorld = {}): Command {
  return {
    spec: {
      name: 'partner',
      about:
        'For one partner of a deployed stage: show its client id and URLs (the default); write its ' +
        'secret to a file; rotate the secret, with the old one and the new one working at once until ' +
        'rotate --finish ends the old one; or tell its usage against its quota. No secret is ever ' +
        'printed.',
      defaultStage: null,
      options: {
        out: {
          type: 'string',
          value: '<file>',
          about: "the secret's file (default: <stage>-<partner>.secret.json), which must not exist",
        },
        finish: { type: 'boolean', about: 'with rotate: ends the old secret' },
        profile: { type: 'string', value: '<name>', about: 'a profile of your AWS configuration' },
        region: { type: 'string', value: '<name>', about: "in place of the shell's region" },
      },
      positionals: '<partner> [show | secret | rotate | usage]',
      notes: ['Exit code: 0 done, 1 not done, 2 wrong usage.'],
    },
    async run(options, terminal) {
      const { stage, positionals, texts, flags } = options;
      const [name, action = 'show', ...rest] = positionals;
      if (name === undefined || rest.length > 0) {
        throw new UsageError(
          'Which partner, and what to do? <partner> [show | secret | rotate | usage]',
        );
      }
      const act = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
      if (act === undefined) {
        const like = didYouMean(action, Object.keys(ACTIONS));
        throw new UsageError(`What to do is one of ${Object.keys(ACTIONS).join(', ')}.${like}`);
      }
      if (flags.has('finish') && action !== 'rotate')
        throw new UsageError('--finish is for rotate.');
      const folder = configFolder === undefined ? {} : { folder: configFolder };
      const config = loadStageConfig(stage, folder);
      const names = Object.keys(config.partners);
      if (!names.includes(name)) {
        const known = names.length === 0 ? 'It has none.' : `There are: ${names.join(', ')}.`;
        throw new UsageError(
          `Stage ${stage} has no such partner.${didYouMean(name, names)} ${known}`,
        );
      }
      const region = texts['region'] ?? config.aws.region;
      const aws = connectAws({ profile: texts['profile'], region }, terminal.environment);
      const outputs = await readOutputs(aws, stage);
      await act({ stage, name, config, outputs, aws, options, terminal, clock });
      return 0;
    },
  };
}

async function show(one: Case): Promise<void> {
  const { stage, name, config, outputs, aws, terminal } = one;
  const entry = config.partners[name];
  const own = config.auth.issuer === undefined;
  const client = own ? await findPartnerClient(aws, outputs, stage, name) : undefined;
  const secrets = client === undefined ? undefined : (await secretsOf(aws, client)).length;
  const rows = [
    ['client id', client?.clientId ?? entry?.clientId ?? ''],
    ['API', requiredOutput(outputs, 'ApiUrl')],
    ['tokens', own ? requiredOutput(outputs, 'TokenUrl') : `by ${config.auth.issuer}`],
    ['scopes', entry?.scopes.join(' ') ?? ''],
    ['accounts', ruleText(entry?.accounts)],
    ...(secrets === undefined
      ? []
      : [['secrets', secrets > 1 ? 'two: rotate --finish ends the old one' : 'one']]),
  ];
  for (const [key = '', value = ''] of rows) terminal.print(`${key.padEnd(10)}${value}`);
  if (own) {
    terminal.print(
      `\nIts secret, into a file: npm run partner -- --stage ${stage} ${name} secret\n` +
        'Hand over with it: docs/partner-guide.md',
    );
  }
}

function ruleText(rule: object | undefined): string {
  if (rule === undefined) return 'all';
  return Object.entries(rule)
    .map(([list, values]) => `${list}: ${[values].flat().join(', ')}`)
    .join('; ');
}

async function secret(one: Case): Promise<void> {
  const path = fileOf(one);
  refuseExisting(path);
  const client = await clientOf(one);
  write(one, client, await readClientSecret(one.aws, client), path);
}

async function rotate(one: Case): Promise<void> {
  const { stage, name, aws, options, terminal } = one;
  if (options.flags.has('finish')) {
    await endOldSecret(aws, await clientOf(one));
    terminal.print(`The old secret of partner ${name} is ended; the new one works.`);
    return;
  }
  const path = fileOf(one);
  refuseExisting(path);
  const client = await clientOf(one);
  write(one, client, await addSecret(aws, client), path);
  terminal.print(
    `The old secret works as well, until: npm run partner -- --stage ${stage} ${name} rotate --finish\n` +
      'Run that when the partner says that it uses the new one.',
  );
}

async function usage(one: Case): Promise<void> {
  const { stage, name, aws, terminal, clock } = one;
  const { limit, period, days, remaining } = await readUsage(
    aws,
    stage,
    name,
    USAGE_DAYS,
    clock.now(),
  );
  for (const { day, used } of days) terminal.print(`${day} ${String(used).padStart(12)}`);
  const left = remaining === undefined ? '' : `, ${remaining} left`;
  terminal.print(`quota: ${limit ?? 'none'}${period === undefined ? '' : ` a ${period}`}${left}`);
}

async function clientOf({ aws, outputs, stage, name }: Case): Promise<PartnerClient> {
  return findPartnerClient(aws, outputs, stage, name);
}

function fileOf({ options, stage, name }: Case): string {
  return options.texts['out'] ?? `${stage}-${name}.secret.json`;
}

function write(
  { outputs, config, name, terminal }: Case,
  { clientId }: PartnerClient,
  clientSecret: string,
  path: string,
): void {
  writeSecretFile(path, {
    clientId,
    clientSecret,
    tokenUrl: requiredOutput(outputs, 'TokenUrl'),
    apiUrl: requiredOutput(outputs, 'ApiUrl'),
    scope: config.partners[name]?.scopes.join(' ') ?? '',
  });
  terminal.print(
    `${path} holds what partner ${name} needs, its secret included: send it by a channel made for ` +
      'secrets, then delete it.',
  );
}
