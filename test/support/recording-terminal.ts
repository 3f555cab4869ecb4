import type { Terminal } from '../../cli/terminal.ts';

/** A terminal that keeps what is printed, and what the CDK would have been called with. */
export interface RecordingTerminal extends Terminal {
  readonly output: string;
  readonly error: string;
  readonly cdkCalls: readonly (readonly string[])[];
  readonly questions: readonly string[];
}

export interface RecordingOptions {
  readonly environment?: Terminal['environment'];
  /** What the person answers. @default - nobody is there */
  readonly answer?: boolean;
  /** The CDK's exit code. @default 0 */
  readonly cdkExitCode?: number;
  /** Called with all that is printed. */
  readonly onPrint?: (text: string) => void;
}

export function recordingTerminal(options: RecordingOptions = {}): RecordingTerminal {
  const { environment = {}, answer, cdkExitCode = 0, onPrint } = options;
  const printed = { output: '', error: '' };
  const cdkCalls: (readonly string[])[] = [];
  const questions: string[] = [];
  return {
    environment,
    cdkCalls,
    questions,
    get output() {
      return printed.output;
    },
    get error() {
      return printed.error;
    },
    print(text) {
      printed.output += `${text}\n`;
      onPrint?.(text);
    },
    printError(text) {
      printed.error += `${text}\n`;
      onPrint?.(text);
    },
    ask:
      answer === undefined
        ? undefined
        : async (question) => {
            questions.push(question);
            return answer;
          },
    async runCdk(args) {
      cdkCalls.push(args);
      return cdkExitCode;
    },
  };
}
