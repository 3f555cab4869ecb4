/**
 * The program of a container, which is one process: it loads the bundle's handler, then answers one
 * event at a time. Events and answers cross as JSON text, as they do in Lambda.
 */
import { writeSync } from 'node:fs';

/** What the program is started with, as JSON in its first argument. */
export interface ProgramData {
  /** The handler's module, as a file URL. */
  readonly moduleUrl: string;
  readonly exportName: string;
  readonly functionName: string;
  readonly functionArn: string;
  readonly memoryMb: number;
}

/** What the container is sent for each call. */
export interface CallMessage {
  readonly requestId: string;
  readonly event: string;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
}

/** What the container sends; `logs` is the text it has written since its last message. */
export type ContainerMessage = { readonly logs: string } & (
  | { readonly type: 'ready' | 'logs' }
  | { readonly type: 'answer'; readonly payload: string }
  /** The handler threw; the container goes on. */
  | { readonly type: 'error'; readonly error: FunctionError }
  /** Loading failed, or an error was not caught; the container ends. */
  | { readonly type: 'failed'; readonly error: FunctionError }
);

/** A failure as Lambda reports it to the caller. */
export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

type Handler = (event: unknown, context: unknown) => unknown;

const data = JSON.parse(process.argv[1] ?? '{}') as ProgramData;
let written = '';
let flushing = false;

process.on('disconnect', () => process.exit());
process.on('uncaughtException', fail);
process.on('exit', () => {
  if (written !== '') writeSync(1, takeLogs());
});

// Lines travel with the next message: a message for each would cost more than the handler.
for (const stream of [process.stdout, process.stderr]) {
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    written += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    const callback = rest.findLast((argument) => typeof argument === 'function');
    callback?.();
    if (!flushing) {
      flushing = true;
      setImmediate(() => {
        flushing = false;
        if (written !== '') send({ type: 'logs', logs: takeLogs() });
      });
    }
    return true;
  };
}

try {
  const handler = await loadHandler();
  process.on('message', (message: CallMessage) => void answer(handler, message));
  send({ type: 'ready', logs: takeLogs() });
} catch (error) {
  fail(error);
}

async function loadHandler(): Promise<Handler> {
  const loaded = (await import(data.moduleUrl)) as Record<string, unknown>;
  const handler = loaded[data.exportName];
  if (typeof handler === 'function') return handler as Handler;
  throw new TypeError(`${data.exportName} is undefined or not exported`);
}

async function answer(handler: Handler, message: CallMessage): Promise<void> {
  try {
    const result = await handler(JSON.parse(message.event), contextOf(message));
    send({ type: 'answer', logs: takeLogs(), payload: JSON.stringify(result) ?? 'null' });
  } catch (error) {
    send({ type: 'error', logs: takeLogs(), error: described(error) });
  }
}

/** @see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html */
function contextOf({ requestId, deadline }: CallMessage): object {
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

function fail(error: unknown): void {
  send({ type: 'failed', logs: takeLogs(), error: described(error) }, () => process.exit(1));
}

function described(error: unknown): FunctionError {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error) };
  return {
    errorType: error.name,
    errorMessage: error.message,
    trace: (error.stack ?? '').split('\n'),
  };
}

function takeLogs(): string {
  const logs = written;
  written = '';
  return logs;
}

function send(message: ContainerMessage, sent?: () => void): void {
  process.send?.(message, undefined, undefined, sent);
}
