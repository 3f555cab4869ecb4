import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { FunctionSpec } from './function-template.ts';
import type {
  FunctionError,
  InstanceData,
  InstanceMessage,
  InvokeMessage,
} from './lambda-instance.ts';

export interface LogLine {
  readonly functionName: string;
  readonly text: string;
}

export type InvokeResult =
  | { readonly ok: true; readonly payload: unknown }
  | { readonly ok: false; readonly error: FunctionError };

export interface RuntimeOptions {
  /** The most instances of this function at a time; calls beyond wait. @default 4 */
  readonly maxInstances?: number;
  /** Calls go to as many instances as there may be, one after the other. @default false */
  readonly spread?: boolean;
  readonly onLog?: (line: LogLine) => void;
}

/** A function that can be called. */
export interface LambdaFunction {
  readonly spec: FunctionSpec;
  /** Instances that are alive. */
  readonly instances: number;
  /** Calls it and waits for its answer, which never rejects: a failure is a result as well. */
  invoke(event: unknown, requestId?: string): Promise<InvokeResult>;
  /**
   * Lets running instances finish and starts new ones from then on, as a deployment does. Those that
   * were idle have ended when the promise is kept.
   */
  recycle(): Promise<void>;
  readonly stop: () => Promise<void>;
}

interface Call {
  readonly event: string;
  readonly requestId: string;
  readonly resolve: (result: InvokeResult) => void;
}

interface Instance {
  readonly worker: Worker;
  state: 'starting' | 'idle' | 'busy' | 'ended';
  retired: boolean;
  call?: Call;
  timer?: NodeJS.Timeout;
}

/** Lambda's limit of a synchronous answer, in bytes. */
const MAX_PAYLOAD = 6 * 1024 * 1024;
const INSTANCE_MODULE = new URL('./lambda-instance.ts', import.meta.url);

/**
 * Runs a bundle the way Lambda does: each instance isolated, with an environment of its own, one
 * call at a time, kept warm between calls, ended when a call passes the function's timeout. The
 * instance used last is used first, so that a quiet function stays with one; unless calls are to be
 * spread.
 */
export function createLambdaFunction(
  spec: FunctionSpec,
  options: RuntimeOptions = {},
): LambdaFunction {
  const max = spec.reservedConcurrency ?? options.maxInstances ?? 4;
  const { spread = false } = options;
  const instances = new Set<Instance>();
  const idle: Instance[] = [];
  const waiting: Call[] = [];
  const instanceData = instanceDataOf(spec);

  function dispatch(): void {
    if (spread) startForWaiting();
    // A call for which an instance is being started waits for it where calls are spread.
    for (let ready = waiting.length - (spread ? starting() : 0); ready > 0; ready -= 1) {
      const instance = spread ? idle.shift() : idle.pop();
      if (instance === undefined) break;
      run(instance, waiting.shift() as Call);
    }
    startForWaiting();
  }

  function starting(): number {
    return [...instances].filter(({ state }) => state === 'starting').length;
  }

  function startForWaiting(): void {
    for (let wanted = waiting.length - starting(); wanted > 0 && instances.size < max; wanted -= 1)
      start();
  }

  function start(): void {
    const instance: Instance = {
      worker: new Worker(INSTANCE_MODULE, {
        workerData: instanceData,
        env: { ...spec.environment },
        execArgv: ['--disable-warning=ExperimentalWarning'],
        resourceLimits: { maxOldGenerationSizeMb: spec.memoryMb },
      }),
      state: 'starting',
      retired: false,
    };
    instances.add(instance);
    let reason: FunctionError | undefined;
    instance.worker.on('message', (message: InstanceMessage) => receive(instance, message));
    instance.worker.on('error', (error) => {
      reason = { errorType: 'Runtime.ExitError', errorMessage: error.message };
    });
    instance.worker.on('exit', (code) => {
      end(
        instance,
        reason ?? {
          errorType: 'Runtime.ExitError',
          errorMessage: `RequestId: ${instance.call?.requestId ?? ''} Error: Runtime exited with error: exit status ${code}`,
        },
      );
    });
  }

  function run(instance: Instance, call: Call): void {
    const ms = spec.timeoutSeconds * 1000;
    instance.state = 'busy';
    instance.call = call;
    instance.timer = setTimeout(() => {
      end(instance, {
        errorType: 'Sandbox.Timedout',
        errorMessage: `RequestId: ${call.requestId} Error: Task timed out after ${spec.timeoutSeconds.toFixed(2)} seconds`,
      });
    }, ms);
    const message: InvokeMessage = {
      requestId: call.requestId,
      event: call.event,
      deadline: Date.now() + ms,
    };
    instance.worker.postMessage(message, []);
  }

  function receive(instance: Instance, message: InstanceMessage): void {
    if (message.logs !== '') log(message.logs);
    if (message.type === 'logs') return;
    if (message.type === 'init-failed') return end(instance, message.error);
    const { call } = instance;
    clearTimeout(instance.timer);
    delete instance.call;
    if (instance.state !== 'ended') instance.state = 'idle';
    if (instance.retired) end(instance);
    else if (spread && message.type === 'ready') idle.unshift(instance);
    else if (instance.state === 'idle') idle.push(instance);
    if (message.type === 'answer') call?.resolve(answerOf(message.payload));
    if (message.type === 'error') call?.resolve({ ok: false, error: message.error });
    dispatch();
  }

  /** Ends an instance; the call that it was at, or one that waits for it to start, fails. */
  function end(instance: Instance, error?: FunctionError): void {
    if (instance.state === 'ended') return;
    const call =
      instance.state === 'starting' && error !== undefined ? waiting.shift() : instance.call;
    instance.state = 'ended';
    instances.delete(instance);
    const position = idle.indexOf(instance);
    if (position >= 0) idle.splice(position, 1);
    clearTimeout(instance.timer);
    void instance.worker.terminate();
    if (error !== undefined) {
      log(`${JSON.stringify({ level: 'PLATFORM', ...error })}\n`);
      call?.resolve({ ok: false, error });
    }
    dispatch();
  }

  function log(text: string): void {
    for (const line of text.split('\n')) {
      if (line !== '') options.onLog?.({ functionName: spec.name, text: line });
    }
  }

  return {
    spec,
    get instances() {
      return instances.size;
    },
    invoke: (event, requestId = randomUUID()) =>
      new Promise((resolve) => {
        waiting.push({ event: JSON.stringify(event), requestId, resolve });
        dispatch();
      }),
    async recycle() {
      const ended: Promise<unknown>[] = [];
      for (const instance of instances) {
        instance.retired = true;
        if (instance.state !== 'idle') continue;
        end(instance);
        ended.push(instance.worker.terminate());
      }
      await Promise.all(ended);
    },
    async stop() {
      waiting.length = 0;
      await Promise.all([...instances].map(({ worker }) => worker.terminate()));
    },
  };
}

function answerOf(payload: string): InvokeResult {
  if (Buffer.byteLength(payload) > MAX_PAYLOAD) {
    return {
      ok: false,
      error: {
        errorType: 'Function.ResponseSizeTooLarge',
        errorMessage:
          'Response payload size exceeded maximum allowed payload size (6291556 bytes).',
      },
    };
  }
  return { ok: true, payload: JSON.parse(payload) };
}

function instanceDataOf(spec: FunctionSpec): InstanceData {
  const dot = spec.handler.lastIndexOf('.');
  const file = spec.handler.slice(0, dot);
  const extension = ['.mjs', '.js', '.cjs'].find((end) =>
    existsSync(join(spec.codePath, file + end)),
  );
  return {
    moduleUrl: pathToFileURL(join(spec.codePath, `${file}${extension ?? '.mjs'}`)).href,
    exportName: spec.handler.slice(dot + 1),
    functionName: spec.name,
    functionArn: spec.arn,
    memoryMb: spec.memoryMb,
  };
}
