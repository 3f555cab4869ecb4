import { fork } from 'node:child_process';
import { once } from 'node:events';

/** A process of the benchmark, and what it reported. */
export interface Child<Report> {
  readonly report: Report;
  readonly stop: () => Promise<void>;
}

/**
 * Starts a module of `bench/` as a process and waits for its report.
 *
 * @param parameters the module reads them as `process.argv.slice(2)`
 * @throws Error when the process ends without a report
 */
export async function startChild<Report>(
  module: string,
  environment: Readonly<Record<string, string>>,
  parameters: readonly string[] = [],
): Promise<Child<Report>> {
  const child = fork(new URL(module, import.meta.url), parameters, {
    env: { NODE_ENV: 'production', ...environment },
    // Log lines and metrics of the functions go to stdout, and nobody reads them here.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [],
  });
  const exited = once(child, 'exit');
  const [report] = await Promise.race([once(child, 'message'), exited.then(() => [])]);
  if (report === undefined) throw new Error(`${module} ended without a report`);
  return {
    report: report as Report,
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Sends this process's report, and ends the process when the benchmark ends. */
export function sendReport(value: unknown): void {
  process.once('disconnect', () => process.exit());
  process.send?.(value);
}
