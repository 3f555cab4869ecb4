import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { transformSync } from 'esbuild';
import type { CallMessage, ContainerMessage, FunctionError } from './container-program.ts';

/** A function as the template describes it. */
export interface FunctionSpec {
  readonly name: string;
  readonly arn: string;
  /** The folder of its bundle. */
  readonly codePath: string;
  /** `<file>.<export>`, of a file that ends in `.mjs`. */
  readonly handler: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
}

/** How a call ended: the handler's answer, or a failure as Lambda reports it. */
export type InvokeResult =
  | { readonly ok: true; readonly payload: unknown }
  | { readonly ok: false; readonly error: FunctionError };

export interface ContainerOptions {
  /** Receives each line that the container writes. */
  readonly onLog?: ((line: string) => void) | undefined;
}

/** A container (Lambda's execution environment) of one function: a process of its own. */
export interface Container {
  /** Resolves when the process has ended, with the reason. */
  readonly ended: Promise<FunctionError>;
  /** Resolves when its init has ended, well or not. */
  readonly ready: Promise<void>;
  /** Stops the process, as Lambda freezes a container between calls; no timer runs meanwhile. */
  readonly freeze: () => void;
  readonly thaw: () => void;
  /** Calls the function; one call at a time. Never rejects: a failure is a result as well. */
  invoke(event: unknown, requestId?: string): Promise<InvokeResult>;
  /** Ends the process at whatever instruction it is. */
  readonly kill: () => Promise<void>;
}

/** Lambda's limit for a synchronous answer, in bytes. */
const MAX_PAYLOAD = 6 * 1024 * 1024;
/** As JavaScript, once for all containers: each would spend most of its start on stripping the types. */
const PROGRAM = transformSync(
  readFileSync(new URL('./container-program.ts', import.meta.url), 'utf8'),
  { loader: 'ts' },
).code;

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * Starts a container with nothing in its environment but the function's. It ends when a call passes
 * the function's timeout, when its code fails to load, and with this process.
 */
export function startContainer(spec: FunctionSpec, options: ContainerOptions = {}): Container {
  const { onLog } = options;
  const settings = ['--input-type=module', `--max-old-space-size=${spec.memoryMb}`];
  const program = [...settings, '--eval', PROGRAM, JSON.stringify(spec)];
  const child = spawn(process.execPath, program, {
    env: spec.environment,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  const ready = Promise.withResolvers<void>();
  let resolveCall: ((result: InvokeResult) => void) | undefined;
  let failure: FunctionError | undefined;

  running.add(child);
  const ended = once(child, 'close').then(([code, signal]) => {
    running.delete(child);
    const errorMessage = `Error: Runtime exited with error: exit status ${code ?? signal}`;
    failure ??= { errorType: 'Runtime.ExitError', errorMessage };
    ready.resolve();
    resolveCall?.({ ok: false, error: failure });
    return failure;
  });

  for (const stream of [child.stdout, child.stderr]) stream?.on('data', log);
  // The channel to a process that has just ended.
  child.on('error', () => undefined);
  child.on('message', (message: ContainerMessage) => {
    log(message.logs);
    if (message.type === 'logs') return;
    if (message.type === 'failed') {
      failure = message.error;
      return;
    }
    if (message.type === 'ready') ready.resolve();
    if (message.type === 'answer') resolveCall?.(resultOf(message.payload));
    if (message.type === 'error') resolveCall?.({ ok: false, error: message.error });
  });

  function log(text: string | Buffer): void {
    for (const line of String(text).split('\n')) if (line !== '') onLog?.(line);
  }

  return {
    ended,
    ready: ready.promise,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async invoke(event, requestId = randomUUID()) {
      await ready.promise;
      if (failure !== undefined) return { ok: false, error: await ended };
      const ms = spec.timeoutSeconds * 1000;
      const timer = setTimeout(() => {
        const seconds = spec.timeoutSeconds.toFixed(2);
        const errorMessage = `RequestId: ${requestId} Error: Task timed out after ${seconds} seconds`;
        failure = { errorType: 'Sandbox.Timedout', errorMessage };
        child.kill('SIGKILL');
      }, ms);
      const result = await new Promise<InvokeResult>((resolve) => {
        resolveCall = resolve;
        const deadline = Date.now() + ms;
        const message: CallMessage = { requestId, event: JSON.stringify(event), deadline };
        child.send(message, () => undefined);
      });
      clearTimeout(timer);
      resolveCall = undefined;
      return result;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function resultOf(payload: string): InvokeResult {
  if (Buffer.byteLength(payload) <= MAX_PAYLOAD) return { ok: true, payload: JSON.parse(payload) };
  const errorMessage =
    'Response payload size exceeded maximum allowed payload size (6291556 bytes).';
  return { ok: false, error: { errorType: 'Function.ResponseSizeTooLarge', errorMessage } };
}
