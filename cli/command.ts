import type { CommandSpec } from './command-spec.ts';
import type { Options } from './options.ts';
import type { Terminal } from './terminal.ts';

/** A command: what it takes, and what it does. */
export interface Command {
  readonly spec: CommandSpec;
  /** @returns the exit code */
  run(options: Options, terminal: Terminal): Promise<number>;
}

/** A command can't go on; the message is all that the person at the keyboard needs. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
}
