/**
 * One instance of a function, in a worker thread: loads the bundle's handler, then answers one
 * event at a time. Events and answers cross as JSON, as they do in Lambda.
 */
import { parentPort, workerData } from 'node:worker_threads';

/** What an instance is started with. */
export interface InstanceData {
  /** The handler's module, as a file URL. */
  readonly moduleUrl: string;
  readonly exportName: string;
  readonly functionName: string;
  readonly functionArn: string;
  readonly memoryMb: number;
}

/** What the pool sends. */
export interface InvokeMessage {
  readonly requestId: string;
  readonly event: string;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
}

/** What an instance sends. `logs` are the lines written since the last message. */
export type InstanceMessage =
  | { readonly type: 'ready'; readonly logs: string }
  | { readonly type: 'logs'; readonly logs: string }
  | { readonly type: 'init-failed'; readonly logs: string; readonly error: FunctionError }
  | { readonly type: 'answer'; readonly logs: string; readonly payload: string }
  | { readonly type: 'error'; readonly logs: string; readonly error: FunctionError };

/** A failure as Lambda tells it to the caller. */
export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

type LambdaHandler = (event: unknown, context: unknown) => unknown;

const data = workerData as InstanceData;
const port = parentPort;
if (port === null) throw new Error('lambda-instance.ts runs in a worker thread');

let written = '';
let flushing = false;

// Lines go out with the next message: a thread message for each would cost more than the handler.
for (const stream of [process.stdout, process.stderr]) {
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    written += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    const callback = rest.findLast((argument) => typeof argument === 'function');
    callback?.();
    if (!flushing) {
      flushing = true;
      setImmediate(() => {
        flushing = false;
        if (written !== '') port.postMessage({ type: 'logs', logs: taken() });
      });
    }
    return true;
  };
}

process.on('exit', () => {
  if (written !== '') port.postMessage({ type: 'logs', logs: taken() });
});

try {
  const loaded = (await import(data.moduleUrl)) as Record<string, unknown>;
  const handler = loaded[data.exportName];
  if (typeof handler !== 'function') {
    throw new TypeError(`${data.exportName} is undefined or not exported`);
  }
  port.on('message', (message: InvokeMessage) => {
    void answer(handler as LambdaHandler, message);
  });
  send({ type: 'ready', logs: taken() });
} catch (error) {
  send({ type: 'init-failed', logs: taken(), error: described(error) });
}

async function answer(handler: LambdaHandler, message: InvokeMessage): Promise<void> {
  try {
    const result = await handler(JSON.parse(message.event), contextOf(message));
    send({ type: 'answer', logs: taken(), payload: JSON.stringify(result) ?? 'null' });
  } catch (error) {
    send({ type: 'error', logs: taken(), error: described(error) });
  }
}

/** @see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html */
function contextOf({ requestId, deadline }: InvokeMessage): object {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: data.functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: data.functionArn,
    memoryLimitInMB: String(data.memoryMb),
    awsRequestId: requestId,
    logGroupName: `/aws/lambda/${data.functionName}`,
    logStreamName: 'sandbox',
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

function described(error: unknown): FunctionError {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error) };
  return {
    errorType: error.name,
    errorMessage: error.message,
    trace: (error.stack ?? '').split('\n'),
  };
}

function taken(): string {
  const lines = written;
  written = '';
  return lines;
}

function send(message: InstanceMessage): void {
  port?.postMessage(message);
}
