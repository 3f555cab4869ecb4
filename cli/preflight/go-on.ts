import { CommandFailure } from '../command.ts';
import type { Terminal } from '../terminal.ts';
import type { PreflightReport } from './preflight.ts';

/**
 * Whether to go on after preflight: never where a check failed; else as the person at the terminal
 * says, or `--yes` in that person's place.
 *
 * @throws CommandFailure where a check warns and nobody is there to be asked
 */
export async function goesOn(
  { stage, failed, warned, place }: PreflightReport,
  yes: boolean,
  terminal: Terminal,
): Promise<boolean> {
  if (failed) {
    terminal.printError(`Stage ${stage} is not ready to be deployed: mend what has a ✗.`);
    return false;
  }
  if (yes) return true;
  if (terminal.ask === undefined) {
    if (!warned) return true;
    throw new CommandFailure(
      'Something above has a !, and nobody is here to be asked: mend it, or give --yes to go on.',
    );
  }
  if (await terminal.ask(`Deploy stage ${stage} to ${place}?`)) return true;
  terminal.print('Nothing was deployed.');
  return false;
}
