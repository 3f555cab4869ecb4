import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { Argument } from 'commander';
import { systemClock } from '../../lambda/platform/deadline.ts';
import type { StageConfig } from '../../lib/stage/stage-config.ts';
import {
  addSecret,
  endOldSecret,
  findAppClient,
  listSecrets,
  readSecret,
} from '../aws/app-clients.ts';
import { type Aws, type AwsTarget, connectStage } from '../aws/clients.ts';
import { readOutputs, requiredOutput, type StageOutputs } from '../aws/stacks.ts';
import { addAwsOptions, addStage, type CliCommand, CommandFailure } from '../program.ts';
import { usageText } from './usage.ts';

interface PartnerOptions extends AwsTarget {
  readonly stage: string;
  readonly out?: string;
  readonly finish?: true;
}

/** One partner of a deployed stage, and what is needed to do something with it. */
interface Case {
  readonly stage: string;
  readonly name: string;
  readonly entry: StageConfig['partners'][string];
  readonly issuer: string | undefined;
  readonly outputs: StageOutputs;
  readonly aws: Aws;
  /** Where a secret goes. */
  readonly file: string;
  readonly finish: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Each does what its name says, and returns what to print. */
const ACTIONS: Readonly<Record<string, (one: Case) => Promise<string>>> = {
  show,
  secret,
  rotate,
  usage: ({ aws, stage, name, now }) => usageText(aws, stage, name, now),
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
      .option('--finish', 'with rotate: ends the old secret');
  },
  example: 'npm run partner -- --stage dev acme rotate',
  exitCodes: '0 done, 1 not done, 2 wrong usage',
  async run(command, world) {
    const options = command.opts<PartnerOptions>();
    const [name = '', action = ''] = command.processedArgs as string[];
    const { stage, finish = false, out = `${stage}-${name}.secret.json` } = options;
    if (finish && action !== 'rotate') command.error('error: --finish is for rotate.');
    const { config, aws } = connectStage(options, world);
    const { partners, auth } = config;
    const entry = new Map(Object.entries(partners)).get(name);
    if (entry === undefined) {
      const names = Object.keys(partners).join(', ');
      const known = names === '' ? 'It has none.' : `There are: ${names}.`;
      return command.error(`error: stage ${stage} has no such partner. ${known}`);
    }
    const outputs = await readOutputs(aws, stage);
    const now = (world.clock ?? systemClock).now();
    const { issuer } = auth;
    const one = { stage, name, entry, issuer, outputs, aws, file: out, finish, now };
    world.terminal.print((await ACTIONS[action]?.(one)) ?? '');
    return 0;
  },
};

async function show(one: Case): Promise<string> {
  const { stage, name, entry, issuer, outputs, aws } = one;
  const client = issuer === undefined ? await clientOf(one) : undefined;
  const rows = [
    ['client id', client?.ClientId ?? entry.clientId ?? ''],
    ['API', requiredOutput(outputs, 'ApiUrl')],
    ['tokens', issuer === undefined ? requiredOutput(outputs, 'TokenUrl') : `by ${issuer}`],
    ['scopes', entry.scopes.join(' ')],
    ['accounts', ruleText(entry.accounts)],
  ];
  const lines = rows.map(([key = '', value = '']) => `${key.padEnd(10)}${value}`);
  if (client === undefined) return lines.join('\n');
  const two = (await listSecrets(aws, client)).length > 1;
  return [
    ...lines,
    `secrets   ${two ? 'two: rotate --finish ends the old one' : 'one'}`,
    '',
    `To write its secret to a file: npm run partner -- --stage ${stage} ${name} secret`,
    'Give the partner docs/partner-guide.md with it.',
  ].join('\n');
}

function ruleText(rule: object | undefined): string {
  if (rule === undefined) return 'all';
  return Object.entries(rule)
    .map(([list, values]) => `${list}: ${[values].flat().join(', ')}`)
    .join('; ');
}

async function secret(one: Case): Promise<string> {
  refuseExisting(one.file);
  const client = await clientOf(one);
  return write(one, client.ClientId, await readSecret(one.aws, client));
}

async function rotate(one: Case): Promise<string> {
  const { name, stage, aws, finish, file } = one;
  if (finish) {
    await endOldSecret(aws, await clientOf(one));
    return `The old secret of partner ${name} no longer works; the new one does.`;
  }
  refuseExisting(file);
  const client = await clientOf(one);
  return [
    write(one, client.ClientId, await addSecret(aws, client)),
    'The old secret works too. Once the partner uses the new one, end the old one:',
    `npm run partner -- --stage ${stage} ${name} rotate --finish`,
  ].join('\n');
}

function clientOf({ aws, outputs, stage, name }: Case) {
  return findAppClient(aws, outputs, stage, name);
}

const OWNER_ONLY = 0o600;

/** Refuses an existing file before a new secret is made for it. */
function refuseExisting(path: string): void {
  if (!existsSync(path)) return;
  throw new CommandFailure(
    `${path} exists and may hold a secret: remove it, or name another file with --out <file>.`,
  );
}

/** Writes what the partner needs to a new file that only its owner may read. */
function write({ outputs, entry, name, file }: Case, clientId: string, secretText: string): string {
  const content = {
    clientId,
    clientSecret: secretText,
    tokenUrl: requiredOutput(outputs, 'TokenUrl'),
    apiUrl: requiredOutput(outputs, 'ApiUrl'),
    scope: entry.scopes.join(' '),
  };
  try {
    writeFileSync(file, '', { flag: 'wx', mode: OWNER_ONLY });
    // The umask narrows the mode that a new file gets, and some file systems ignore it.
    chmodSync(file, OWNER_ONLY);
    writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandFailure(
      `${file} can't be written (${code}): name another file with --out <file>.`,
    );
  }
  return (
    `${file} holds what partner ${name} needs, its secret included. Send it through a channel made ` +
    'for secrets, then delete it.'
  );
}
