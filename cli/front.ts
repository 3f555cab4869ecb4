import { StageConfigError } from '../lib/stage/stage-config.ts';
import { type Command, CommandFailure } from './command.ts';
import { invocation, usageOf } from './command-spec.ts';
import { readOptions } from './options.ts';
import { didYouMean } from './suggest.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

/** The commands by name. Each is loaded when it is called: some bring the whole CDK along. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('../sandbox/cli/start.ts')).start,
  workflow: async () => (await import('../sandbox/cli/workflow.ts')).workflow,
  doctor: async () => (await import('../doctor/command.ts')).doctor,
  synth: async () => (await import('./cdk/commands.ts')).synth,
  diff: async () => (await import('./cdk/commands.ts')).diff,
  deploy: async () => (await import('./cdk/commands.ts')).deploy,
  destroy: async () => (await import('./cdk/commands.ts')).destroy,
  preflight: async () => (await import('./preflight/command.ts')).preflight,
  verify: async () => (await import('./verify/command.ts')).verify,
  partner: async () => (await import('./partner/command.ts')).partner,
};

/** The names of all commands. */
export const COMMAND_NAMES = Object.keys(COMMANDS);

/**
 * Runs the command that the first argument names.
 *
 * @returns the exit code: 0 it did what it should, 1 it did not, 2 wrong usage
 */
export async function runFront(
  [name = '', ...args]: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load !== undefined) return runCommand(await load(), args, terminal);
  const like = didYouMean(name, COMMAND_NAMES);
  const known = COMMAND_NAMES.join(', ');
  terminal.printError(`There is no such command.${like} There are: ${known}.`);
  return 2;
}

/**
 * Runs a command from its command line, and says what is wrong with it.
 *
 * @returns the exit code, as that of {@link runFront}
 */
export async function runCommand(
  command: Command,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const { spec } = command;
  try {
    const options = readOptions(spec, args, terminal.environment);
    if (!options.help) return await command.run(options, terminal);
    terminal.print(usageOf(spec));
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.printError(`${error.message}\n${invocation(spec.name)} -- --help tells how.`);
      return 2;
    }
    if (!(error instanceof CommandFailure || error instanceof StageConfigError)) throw error;
    terminal.printError(error.message);
    return 1;
  }
}
