import { type ChildProcess, fork } from 'node:child_process';

type Methods = Readonly<Record<string, (argument: never) => unknown>>;
interface Call {
  readonly method: string;
  readonly argument: unknown;
}

/** Answers the parent's calls, one by one; `cpu` tells the processor time so far, in ms. */
export function serveChild(methods: Methods): void {
  const all: Methods = { ...methods, cpu: cpuMs };
  const answer = async ({ method, argument }: Call) => {
    try {
      process.send?.({ result: await all[method]?.(argument as never) });
    } catch (error) {
      process.send?.({ error: error instanceof Error ? error.stack : String(error) });
    }
  };
  process.on('message', (call: Call) => void answer(call));
  // Should the benchmark die, its processes go with it.
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.send?.({ result: 'ready' });
}

/** Processor time of this process so far, user and system, in milliseconds. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** A process with code of ours, in which something is measured or served. */
export interface Child {
  call<T>(method: string, argument?: unknown): Promise<T>;
  stop(): Promise<void>;
}

/** Starts a module of `bench/` as a process and waits until it serves. */
export async function startChild(
  module: string,
  environment: Readonly<Record<string, string>> = {},
  parameters: readonly string[] = [],
  execArgv: readonly string[] = [],
): Promise<Child> {
  const { PATH = '' } = process.env;
  const child = fork(new URL(module, import.meta.url), parameters, {
    env: { PATH, NODE_ENV: 'production', ...environment },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [...execArgv],
  });
  let chain: Promise<unknown> = answerOf(child);
  await chain;
  return {
    call<T>(method: string, argument?: unknown) {
      const next = chain.then(() => {
        const answer = answerOf(child);
        child.send({ method, argument });
        return answer as Promise<T>;
      });
      chain = next.catch(() => undefined);
      return next;
    },
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill();
      }),
  };
}

function answerOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const done = () => {
      child.off('message', onMessage);
      child.off('exit', onExit);
    };
    const onMessage = (message: { readonly result?: unknown; readonly error?: string }) => {
      done();
      if (message.error === undefined) resolve(message.result);
      else reject(new Error(message.error));
    };
    const onExit = (code: number | null) => {
      done();
      reject(new Error(`a process of the benchmark ended with ${code}`));
    };
    child.on('message', onMessage);
    child.on('exit', onExit);
  });
}
