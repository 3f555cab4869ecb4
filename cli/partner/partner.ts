import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { Argument, Option } from 'commander';
import { systemClock } from '../../lambda/platform/deadline.ts';
import type { StageConfig } from '../../lib/stage/stage-config.ts';
import {
  type AddedSecret,
  type AppClient,
  addSecret,
  endSecret,
  findAppClient,
  listSecrets,
  oneOfTwo,
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
  readonly undo?: true;
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
  /** With `rotate`: which secret to end, in place of making one. */
  readonly end: 'old' | 'new' | undefined;
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
          'old one, or rotate --undo the new one. usage: its requests and quota. Never prints a ' +
          'secret.',
      )
      .argument('<partner>', 'its name in the stage config')
      .addArgument(
        new Argument('[action]', 'what to do').choices(Object.keys(ACTIONS)).default('show'),
      )
      .option('--out <file>', "the secret's new file (default: <stage>-<partner>.secret.env)")
      .option('--finish', 'with rotate: ends the old secret')
      .addOption(
        new Option('--undo', 'with rotate: ends the new secret, should it be lost').conflicts(
          'finish',
        ),
      );
  },
  example: 'npm run partner -- --stage dev acme rotate',
  exitCodes: '0 done, 1 not done, 2 wrong usage',
  async run(command, world) {
    const options = command.opts<PartnerOptions>();
    const [name = '', action = ''] = command.processedArgs as string[];
    const { stage, finish, undo, out = `${stage}-${name}.secret.env` } = options;
    const end: Case['end'] = finish ? 'old' : undo ? 'new' : undefined;
    if (end !== undefined && action !== 'rotate') {
      command.error(`error: --${finish ? 'finish' : 'undo'} is for rotate.`);
    }
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
    const one = { stage, name, entry, issuer, outputs, aws, file: out, end, now };
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
  const client = await clientOf(one);
  return writeSecret(one, client.ClientId, () => readSecret(one.aws, client));
}

async function rotate(one: Case): Promise<string> {
  const { name, stage, aws, end } = one;
  const client = await clientOf(one);
  if (end !== undefined) {
    await endSecret(aws, client, await oneOfTwo(aws, client, end));
    const other = end === 'old' ? 'new' : 'old';
    return `The ${end} secret of partner ${name} no longer works; the ${other} one does.`;
  }
  let added: AddedSecret | undefined;
  const add = async () => {
    added = await addSecret(aws, client);
    if (added.value === '') throw new CommandFailure('Cognito does not return the new secret.');
    return added.value;
  };
  const done = await uninterrupted(() => writeSecret(one, client.ClientId, add)).catch(
    async (error: unknown) => {
      if (added !== undefined) await takeBack(one, client, added, error);
      throw error;
    },
  );
  return [
    done,
    'The old secret works too. Once the partner uses the new one, end the old one:',
    `npm run partner -- --stage ${stage} ${name} rotate --finish`,
  ].join('\n');
}

/** Ends a new secret that nobody got. @throws CommandFailure saying what has become of it */
async function takeBack(
  { aws, stage, name }: Case,
  client: AppClient,
  { ClientSecretId }: AddedSecret,
  why: unknown,
): Promise<never> {
  const reason = why instanceof Error ? why.message : '';
  const isEnded = await endSecret(aws, client, ClientSecretId).then(
    () => true,
    () => false,
  );
  throw new CommandFailure(
    isEnded
      ? `${reason} The new secret is ended again; the old one works as before.`
      : `${reason} The new secret is made and lost; the old one works as before. End the new one: ` +
          `npm run partner -- --stage ${stage} ${name} rotate --undo`,
  );
}

const ignore = () => undefined;

/** Does work that Ctrl-C must not cut in half. */
async function uninterrupted<T>(work: () => Promise<T>): Promise<T> {
  process.on('SIGINT', ignore);
  try {
    return await work();
  } finally {
    process.off('SIGINT', ignore);
  }
}

function clientOf({ aws, outputs, stage, name }: Case) {
  return findAppClient(aws, outputs, stage, name);
}

const OWNER_ONLY = 0o600;

/**
 * Writes what the partner needs, under the partner guide's names, to a new file that only its owner
 * may read and a shell can source. The file is there, and all else is read, before the secret is
 * asked for.
 */
async function writeSecret(
  { outputs, entry, name, file }: Case,
  clientId: string,
  secretText: () => Promise<string>,
): Promise<string> {
  const values = {
    ACCOUNTS_URL: `${requiredOutput(outputs, 'ApiUrl').replace(/\/+$/, '')}/accounts`,
    TOKEN_URL: requiredOutput(outputs, 'TokenUrl'),
    CLIENT_ID: clientId,
  };
  writing(file, () => {
    writeFileSync(file, '', { flag: 'wx', mode: OWNER_ONLY });
    // The umask narrows the mode that a new file gets, and some file systems ignore it.
    chmodSync(file, OWNER_ONLY);
  });
  try {
    const all = { ...values, CLIENT_SECRET: await secretText() };
    const lines = Object.entries(all).map(
      ([key, value]) => `export ${key}='${value.replaceAll("'", String.raw`'\''`)}'\n`,
    );
    const text = `# Partner ${name}; scopes: ${entry.scopes.join(' ')}\n${lines.join('')}`;
    // Should the file have gone meanwhile, this fails.
    writing(file, () => writeFileSync(file, text, { flag: 'r+' }));
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  }
  return (
    `${file} holds what partner ${name} needs, its secret included. Send it through a channel made ` +
    'for secrets, then delete it.'
  );
}

function writing(file: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandFailure(
      code === 'EEXIST'
        ? `${file} exists and may hold a secret: remove it, or name another file with --out <file>.`
        : `${file} can't be written (${code}): name another file with --out <file>.`,
    );
  }
}
