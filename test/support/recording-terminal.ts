import { expect, vi } from 'vitest';
import { runCli, type World } from '../../cli/program.ts';
import type { Terminal } from '../../cli/terminal.ts';

export interface RunOptions extends Omit<World, 'terminal'> {
  readonly environment?: Terminal['environment'];
  /** What the person answers. @default - nobody is there */
  readonly answer?: boolean;
  /** Stands in for the CDK, and returns its exit code. @default - returns 0 */
  readonly onCdk?: () => number;
  /** Called with all that is printed. */
  readonly onPrint?: (text: string) => void;
}

/** What a command did. */
export interface CommandRun {
  readonly exitCode: number;
  readonly output: string;
  readonly error: string;
  /** What the CDK would have been called with. */
  readonly cdkCalls: readonly (readonly string[])[];
  readonly questions: readonly string[];
}

/** Runs one of the project's commands in this process, in a terminal that records. */
export async function runCommand(
  args: readonly string[],
  { environment = {}, answer, onCdk = () => 0, onPrint, ...world }: RunOptions = {},
): Promise<CommandRun> {
  const printed = { output: '', error: '' };
  const cdkCalls: (readonly string[])[] = [];
  const questions: string[] = [];
  const recordTo = (kind: 'output' | 'error') => (text: string) => {
    printed[kind] += `${text}\n`;
    onPrint?.(text);
  };
  const terminal: Terminal = {
    environment,
    print: recordTo('output'),
    printError: recordTo('error'),
    ask:
      answer === undefined
        ? undefined
        : async (question) => {
            questions.push(question);
            return answer;
          },
    async runCdk(call) {
      cdkCalls.push(call);
      return onCdk();
    },
  };
  // The doctor sets it, and other tests of this process read it.
  vi.stubEnv('LOG_LEVEL', undefined);
  const besideTerminal = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const exitCode = await runCli(args, { terminal, ...world });
  expect(besideTerminal).not.toHaveBeenCalled();
  besideTerminal.mockRestore();
  return { exitCode, ...printed, cdkCalls, questions };
}
