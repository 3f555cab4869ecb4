import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { createProgress } from './progress.ts';

/** What a command takes from outside, and where it speaks to. */
export interface Terminal {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A line, or several, for standard output. */
  print(text: string): void;
  /** A line, or several, for standard error. */
  printError(text: string): void;
  /**
   * Says what is under way, with its seconds, as long as `work` lasts. Where it is missing, nothing
   * is said.
   */
  during?<T>(what: string, work: () => Promise<T>): Promise<T>;
  /** Asks for a yes; undefined where nobody is there to answer. */
  readonly ask: ((question: string) => Promise<boolean>) | undefined;
  /** Runs the CDK's command line in this terminal, and gives its exit code. */
  runCdk(args: readonly string[]): Promise<number>;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { clear, ...progress } = createProgress(process.stdout.isTTY);
  return {
    environment: process.env,
    print: (text) => process.stdout.write(`${clear()}${text}\n`),
    printError: (text) => process.stderr.write(`${clear()}${text}\n`),
    during: progress.during,
    ask: process.stdin.isTTY ? ask : undefined,
    // On a terminal the CDK draws its own progress.
    runCdk: (args) =>
      process.stdout.isTTY ? runCdk(args) : progress.during('The CDK works', () => runCdk(args)),
  };
}

/** Does some work, and says so where the terminal can. */
export function during<T>(
  terminal: Pick<Terminal, 'during'>,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  return terminal.during === undefined ? work() : terminal.during(what, work);
}

async function ask(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  // Otherwise Ctrl-C would end in the stack trace of a question that was aborted.
  lines.once('SIGINT', () => {
    process.stdout.write('\n');
    process.exit(INTERRUPTED);
  });
  try {
    return /^y(?:es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
  } finally {
    lines.close();
  }
}

/** The exit code of a command that Ctrl-C ended. */
export const INTERRUPTED = 130;

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
/** Resolved as Node.js does: a workspace may have its packages in a folder above. */
const CDK = join(dirname(require.resolve('aws-cdk/package.json')), 'bin/cdk');

const ignore = () => undefined;

function runCdk(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [CDK, ...args], { cwd: ROOT, stdio: 'inherit' });
  // Ctrl-C is the CDK's to handle, which ends what it has begun; this process waits for it.
  process.on('SIGINT', ignore);
  return new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? INTERRUPTED));
  }).finally(() => process.off('SIGINT', ignore));
}
