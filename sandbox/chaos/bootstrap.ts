/**
 * What Lambda's own runtime does, in few lines: loads the handler, then asks for one event after
 * the other and hands in what becomes of it.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

type Handler = (event: unknown, context: object) => Promise<unknown>;

const { AWS_LAMBDA_RUNTIME_API = '', LAMBDA_TASK_ROOT = '', _HANDLER = '' } = process.env;
const runtime = `http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;

const post = (path: string, body: unknown) =>
  fetch(`${runtime}/${path}`, { method: 'POST', body: JSON.stringify(body ?? null) });

const described = (error: unknown) => ({
  errorType: error instanceof Error ? error.name : typeof error,
  errorMessage: error instanceof Error ? error.message : String(error),
});

async function loadHandler(): Promise<Handler> {
  const [file = '', name = ''] = _HANDLER.split('.');
  const path = join(LAMBDA_TASK_ROOT, `${file}.mjs`);
  if (!existsSync(path)) throw new Error(`there is no ${path}`);
  const loaded = (await import(pathToFileURL(path).href)) as Record<string, Handler>;
  const handler = loaded[name];
  if (handler === undefined) throw new Error(`${name} is not exported`);
  return handler;
}

async function serveOne(handler: Handler): Promise<void> {
  const next = await fetch(`${runtime}/invocation/next`);
  const id = next.headers.get('lambda-runtime-aws-request-id') ?? '';
  const deadline = Number(next.headers.get('lambda-runtime-deadline-ms'));
  const context = {
    awsRequestId: id,
    invokedFunctionArn: next.headers.get('lambda-runtime-invoked-function-arn'),
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
  try {
    const answer = await handler(await next.json(), context);
    await post(`invocation/${id}/response`, answer);
  } catch (error) {
    await post(`invocation/${id}/error`, described(error));
  }
}

try {
  const handler = await loadHandler();
  for (;;) await serveOne(handler);
} catch (error) {
  // Where nobody listens any more, there is nobody to tell.
  await post('init/error', described(error)).catch(() => undefined);
  process.exitCode = 1;
}
