/**
 * The program of a container, which is one process: it loads the bundle's handler, then answers one
 * event at a time. Events and answers cross as JSON text, as they do in Lambda.
 */
import { writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { FunctionSpec } from './container.ts';

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

const spec = JSON.parse(process.argv[1] ?? '{}') as FunctionSpec;
let written = '';

process.on('disconnect', () => process.exit());
process.on('uncaughtException', fail);
process.on('exit', () => {
  if (written !== '') writeSync(1, takeLogs());
});

// Lines travel with the next message: a message for each would cost more than the handler.
for (const stream of [process.stdout, process.stderr]) {
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    if (written === '') {
      setImmediate(() => {
        if (written !== '') send({ type: 'logs', logs: takeLogs() });
      });
    }
    written += String(typeof chunk === 'string' ? chunk : Buffer.from(chunk));
    const callback = rest.findLast((argument) => typeof argument === 'function');
    callback?.();
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
  const [file = '', name = ''] = spec.handler.split('.');
  const url = pathToFileURL(`${spec.codePath}/${file}.mjs`).href;
  const handler = ((await import(url)) as Record<string, unknown>)[name];
  if (typeof handler === 'function') return handler as Handler;
  throw new TypeError(`${name} is undefined or not exported`);
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
    functionName: spec.name,
    functionVersion: '$LATEST',
    invokedFunctionArn: spec.arn,
    memoryLimitInMB: String(spec.memoryMb),
    awsRequestId: requestId,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

function fail(error: unknown): void {
  send({ type: 'failed', logs: takeLogs(), error: described(error) }, () => process.exit(1));
}

function described(error: unknown): FunctionError {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error) };
  const { name: errorType, message: errorMessage, stack = '' } = error;
  return { errorType, errorMessage, trace: stack.split('\n') };
}

function takeLogs(): string {
  const logs = written;
  written = '';
  return logs;
}

function send(message: ContainerMessage, sent?: () => void): void {
  process.send?.(message, undefined, undefined, sent);
}
