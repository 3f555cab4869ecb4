import { Command, CommanderError, InvalidArgumentError } from 'commander';
import type { Clock } from '../lambda/platform/deadline.ts';
import { StageConfigError } from '../lib/stage/stage-config.ts';
import { withProxy } from './proxy.ts';
import type { Terminal } from './terminal.ts';

/** What a command works with; a test brings its own. */
export interface World {
  readonly terminal: Terminal;
  /** Where the stage configs are. @default - the project's `config/` */
  readonly configFolder?: URL;
  /** @default - the system's */
  readonly clock?: Clock;
}

/** One of the project's commands. */
export interface CliCommand {
  /** Adds the description and the options. */
  readonly describe: (command: Command) => void;
  readonly example: string;
  /** What the exit codes mean. @default - the help does not say */
  readonly exitCodes?: string;
  /** Does what the parsed command line asks for, and returns the exit code. */
  readonly run: (command: Command, world: World) => Promise<number>;
}

/** A command can't go on. The message says all that the person at the keyboard needs. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
}

/** The commands by name. Each is loaded when it is called, since some load the whole CDK. */
const COMMANDS: Readonly<Record<string, () => Promise<CliCommand>>> = {
  start: async () => (await import('./start.ts')).start,
  workflow: async () => (await import('./workflow.ts')).workflow,
  doctor: async () => (await import('./doctor/doctor.ts')).doctor,
  preflight: async () => (await import('./preflight/preflight.ts')).preflight,
  deploy: async () => (await import('./deploy.ts')).deploy,
  verify: async () => (await import('./verify/verify.ts')).verify,
  partner: async () => (await import('./partner/partner.ts')).partner,
};

/** The names of all commands. */
export const COMMAND_NAMES = Object.keys(COMMANDS);

const WIDTH = 100;

/**
 * Runs the command that the first argument names.
 *
 * @returns the exit code: 0 for success, 1 for failure, 2 for wrong usage
 */
export async function runCli(args: readonly string[], world: World): Promise<number> {
  const { terminal } = world;
  let exitCode = 0;
  const program = new Command('npm run')
    .exitOverride()
    .helpCommand(false)
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.printError(text.trimEnd()),
      // An argument in the wrong place may be a secret, so it is not repeated.
      outputError: (text, write) => write(text.replace(/( but got \d+): .*/s, '$1.')),
      getOutHelpWidth: () => WIDTH,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  for (const [name, load] of Object.entries(COMMANDS)) {
    const command = program
      .command(name)
      .usage('-- [options]')
      .helpOption('-h, --help', 'prints this text')
      .showHelpAfterError(`npm run ${name} -- --help lists the options.`);
    if (name !== args[0]) continue;
    const { describe, run, example, exitCodes } = await load();
    describe(command);
    const codes = exitCodes === undefined ? '' : `\n\nExit code: ${exitCodes}.`;
    command.addHelpText('after', `\nExample:\n  ${example}${codes}`);
    command.action(async () => {
      exitCode = await withProxy(terminal.environment, () => run(command, world));
    });
  }
  try {
    refuseKeptByNpm(program, args, terminal.environment);
    await program.parseAsync(splitValues(args), { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof CommandFailure || error instanceof StageConfigError)) throw error;
    terminal.printError(error.message);
    return 1;
  }
}

/** Adds `--stage`; without a default the command needs one. */
export function addStage(command: Command, defaultStage?: string): Command {
  return command
    .option('--stage <stage>', 'the stage that config/<stage>.json describes', defaultStage)
    .hook('preAction', () => {
      if (command.getOptionValue('stage') !== undefined) return;
      command.error(`error: which stage? npm run ${command.name()} -- --stage <stage>`);
    });
}

/** Adds the options that say where AWS is. */
export function addAwsOptions(command: Command): Command {
  return command
    .option('--profile <name>', 'a profile of your AWS configuration')
    .option('--region <name>', "in place of the shell's region");
}

/** Reads an option's value as a whole number in a range. */
export function wholeNumber(low: number, high: number): (text: string) => number {
  return (text) => {
    if (/^\d{1,6}$/.test(text) && Number(text) >= low && Number(text) <= high) return Number(text);
    throw new InvalidArgumentError(`Expected a whole number from ${low} to ${high}.`);
  };
}

/**
 * `--name=value` as two arguments: commander quotes an unknown option whole, and the value may be a
 * secret; without the value it also finds the option that was meant.
 */
function splitValues(args: readonly string[]): string[] {
  return args.flatMap((arg) => {
    const [, name, value] = /^(--[^=]+)=(.*)$/s.exec(arg) ?? [];
    return name === undefined || value === undefined ? [arg] : [name, value];
  });
}

/** These are options of npm too, so it may have them from its own configuration. */
const ALSO_OF_NPM: ReadonlySet<string> = new Set(['help', 'json', 'scope', 'yes']);

/** npm takes the options that stand before `--`, and shows them only in its environment. */
function refuseKeptByNpm(
  program: Command,
  args: readonly string[],
  environment: Terminal['environment'],
): void {
  const command = program.commands.find((one) => one.name() === args[0]);
  if (command === undefined || args.includes('--help') || args.includes('-h')) return;
  for (const { long } of command.options) {
    const name = long?.slice(2) ?? '';
    const kept = environment[`npm_config_${name.replaceAll('-', '_')}`] ?? '';
    const given = args.some((arg) => arg === long || arg.startsWith(`${long}=`));
    if (kept === '' || given || ALSO_OF_NPM.has(name)) continue;
    command.error(
      `error: npm took --${name} for itself. Put -- before the options: ` +
        `npm run ${command.name()} -- --stage <stage> …`,
    );
  }
}
