import { Argument } from 'commander';
import { systemClock } from '../../lambda/platform/deadline.ts';
import { loadStageConfig, type StageConfig } from '../../lib/stage/stage-config.ts';
import { type Aws, connectAws } from '../aws/clients.ts';
import { findPartnerClient, type PartnerClient, readClientSecret } from '../aws/partner-client.ts';
import { readOutputs, requiredOutput, type StageOutputs } from '../aws/stacks.ts';
import { addAwsOptions, addStage, type CliCommand, type World } from '../program.ts';
import { addSecret, endOldSecret, refuseExisting, secretsOf, writeSecretFile } from './secrets.ts';
import { readUsage } from './usage.ts';

interface PartnerOptions {
  readonly stage: string;
  readonly out?: string;
  readonly finish?: true;
  readonly profile?: string;
  readonly region?: string;
}

/** One partner of a deployed stage, and what is needed to do something with it. */
interface Case {
  readonly name: string;
  readonly options: PartnerOptions;
  readonly config: StageConfig;
  readonly outputs: StageOutputs;
  readonly aws: Aws;
  readonly world: World;
}

const USAGE_DAYS = 7;

const ACTIONS: Readonly<Record<string, (one: Case) => Promise<void>>> = {
  show,
  secret,
  rotate,
  usage,
};

/** `npm run partner`: what is done with one partner of a deployed stage. */
export const partner: CliCommand = {
  describe(command) {
    addAwsOptions(addStage(command))
      .usage('-- --stage <stage> <partner> [show | secret | rotate | usage] [options]')
      .description(
        'For one partner of a deployed stage. show: its client id and URLs. secret: writes its ' +
          'secret to a file. rotate: adds a new secret; both work until rotate --finish ends the ' +
          'old one. usage: its requests and quota. Never prints a secret.',
      )
      .argument('<partner>', 'its name in the stage config')
      .addArgument(
        new Argument('[action]', 'what to do').choices(Object.keys(ACTIONS)).default('show'),
      )
      .option('--out <file>', "the secret's new file (default: <stage>-<partner>.secret.json)")
      .option('--finish', 'with rotate: ends the old secret')
      .addHelpText(
        'after',
        `
Example:
  npm run partner -- --stage dev acme rotate

Exit code: 0 done, 1 not done, 2 wrong usage.`,
      );
  },
  async run(command, world) {
    const options = command.opts<PartnerOptions>();
    const [name = '', action = ''] = command.processedArgs as string[];
    if (options.finish === true && action !== 'rotate') {
      command.error('error: --finish is for rotate.');
    }
    const { stage, profile } = options;
    const { configFolder } = world;
    const config = loadStageConfig(
      stage,
      configFolder === undefined ? {} : { folder: configFolder },
    );
    if (!Object.hasOwn(config.partners, name)) {
      const names = Object.keys(config.partners).join(', ');
      const known = names === '' ? 'It has none.' : `There are: ${names}.`;
      command.error(`error: stage ${stage} has no such partner. ${known}`);
    }
    const region = options.region ?? config.aws.region;
    const aws = connectAws({ profile, region }, world.terminal.environment);
    const outputs = await readOutputs(aws, stage);
    await ACTIONS[action]?.({ name, options, config, outputs, aws, world });
    return 0;
  },
};

async function show(one: Case): Promise<void> {
  const { name, options, config, outputs, aws, world } = one;
  const { terminal } = world;
  const entry = config.partners[name];
  const own = config.auth.issuer === undefined;
  const client = own ? await clientOf(one) : undefined;
  const secrets = client === undefined ? 0 : (await secretsOf(aws, client)).length;
  const rows = [
    ['client id', client?.clientId ?? entry?.clientId ?? ''],
    ['API', requiredOutput(outputs, 'ApiUrl')],
    ['tokens', own ? requiredOutput(outputs, 'TokenUrl') : `by ${config.auth.issuer}`],
    ['scopes', entry?.scopes.join(' ') ?? ''],
    ['accounts', ruleText(entry?.accounts)],
    ...(own ? [['secrets', secrets > 1 ? 'two: rotate --finish ends the old one' : 'one']] : []),
  ];
  for (const [key = '', value = ''] of rows) terminal.print(`${key.padEnd(10)}${value}`);
  if (own) {
    terminal.print(
      `\nTo write its secret to a file: npm run partner -- --stage ${options.stage} ${name} secret\n` +
        'Give the partner docs/partner-guide.md with it.',
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
  refuseExisting(fileOf(one));
  const client = await clientOf(one);
  write(one, client, await readClientSecret(one.aws, client));
}

async function rotate(one: Case): Promise<void> {
  const { name, aws, options, world } = one;
  const { terminal } = world;
  if (options.finish === true) {
    await endOldSecret(aws, await clientOf(one));
    terminal.print(`The old secret of partner ${name} no longer works; the new one does.`);
    return;
  }
  refuseExisting(fileOf(one));
  const client = await clientOf(one);
  write(one, client, await addSecret(aws, client));
  terminal.print(
    'The old secret works too. Once the partner uses the new one, end the old one:\n' +
      `npm run partner -- --stage ${options.stage} ${name} rotate --finish`,
  );
}

async function usage({ name, aws, options, world }: Case): Promise<void> {
  const { terminal, clock = systemClock } = world;
  const now = clock.now();
  const found = await readUsage(aws, options.stage, name, USAGE_DAYS, now);
  const { limit = 'none', period, days, remaining } = found;
  for (const { day, used } of days) terminal.print(`${day} ${String(used).padStart(12)}`);
  const left = remaining === undefined ? '' : `, ${remaining} left`;
  terminal.print(`quota: ${limit}${period === undefined ? '' : ` a ${period}`}${left}`);
}

function clientOf({ aws, outputs, options, name }: Case): Promise<PartnerClient> {
  return findPartnerClient(aws, outputs, options.stage, name);
}

function fileOf({ options, name }: Case): string {
  return options.out ?? `${options.stage}-${name}.secret.json`;
}

function write(one: Case, { clientId }: PartnerClient, clientSecret: string): void {
  const { outputs, config, name, world } = one;
  const path = fileOf(one);
  writeSecretFile(path, {
    clientId,
    clientSecret,
    tokenUrl: requiredOutput(outputs, 'TokenUrl'),
    apiUrl: requiredOutput(outputs, 'ApiUrl'),
    scope: config.partners[name]?.scopes.join(' ') ?? '',
  });
  world.terminal.print(
    `${path} holds what partner ${name} needs, its secret included. Send it through a channel made ` +
      'for secrets, then delete it.',
  );
}
