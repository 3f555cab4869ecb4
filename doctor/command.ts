import { readArguments, USAGE, UsageError } from './arguments.ts';
import { examine, type World } from './doctor.ts';
import { reportText } from './report.ts';

/** What the command prints, and the code that it ends with. */
export interface CommandResult {
  readonly exitCode: 0 | 1 | 2;
  readonly output: string;
  /** For standard error. */
  readonly error: string;
}

/** `npm run doctor`, from its arguments to what it prints. */
export async function runCommand(args: readonly string[], world: World): Promise<CommandResult> {
  try {
    const options = readArguments(args);
    if (options.help) return { exitCode: 0, output: USAGE, error: '' };
    const report = await examine(options, world);
    const output = options.json ? `${JSON.stringify(report, null, 2)}\n` : reportText(report);
    return { exitCode: report.ok ? 0 : 1, output, error: '' };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { exitCode: 2, output: '', error: `${error.message}\n\n${USAGE}` };
  }
}
