import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { FunctionSpec } from '../aws/function-template.ts';
import { listen, readBody, sendJson } from '../local-server.ts';

/** A container of a function: one process, and the runtime API that it asks for events. */
export interface Container {
  /** Its answer, or `undefined` when it ended before it gave one. One call at a time. */
  invoke(event: unknown): Promise<unknown>;
  /** Ends the process as the platform might: at any instruction. */
  readonly kill: () => Promise<void>;
}

const BOOTSTRAP = fileURLToPath(new URL('./bootstrap.ts', import.meta.url));

interface Call {
  readonly id: string;
  readonly event: unknown;
  readonly resolve: (answer: unknown) => void;
}

/**
 * Starts a container of the function's bundle, whose lines go to `onLog`. As in Lambda, it is frozen whenever it has no event,
 * and whatever it had begun goes on with the next one.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
export async function startContainer(
  spec: FunctionSpec,
  onLog: (text: string) => void,
): Promise<Container> {
  let call: Call | undefined;
  let idle: ServerResponse | undefined;
  let ended = false;

  const api = await listen(async (request, response) => {
    const path = request.url ?? '';
    if (path.endsWith('/invocation/next')) {
      idle = response;
      if (call === undefined) child.kill('SIGSTOP');
      else handOver();
      return;
    }
    const body = await readBody(request, 10_000_000);
    sendJson(response, 202, {});
    const failed = path.endsWith('/error');
    if (failed) process.stderr.write(`${path}: ${String(body)}\n`);
    const done = call;
    if (done === undefined || !path.includes(done.id)) return;
    call = undefined;
    done.resolve(failed ? undefined : JSON.parse(String(body)));
  });
  const child: ChildProcess = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', BOOTSTRAP],
    {
      env: { ...spec.environment, AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${api.port}` },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  child.stdout?.on('data', (text: Buffer) => onLog(text.toString()));
  // It may be frozen, and would stay so for ever.
  const endWithThis = () => child.kill('SIGKILL');
  process.once('exit', endWithThis);
  const exited = once(child, 'exit');
  child.once('exit', () => {
    ended = true;
    process.off('exit', endWithThis);
    call?.resolve(undefined);
  });

  function handOver(): void {
    if (call === undefined || idle === undefined) return;
    child.kill('SIGCONT');
    sendJson(idle, 200, call.event, {
      'Lambda-Runtime-Aws-Request-Id': call.id,
      'Lambda-Runtime-Deadline-Ms': String(Date.now() + spec.timeoutSeconds * 1000),
      'Lambda-Runtime-Invoked-Function-Arn': spec.arn,
    });
    idle = undefined;
  }

  return {
    invoke: (event) =>
      new Promise((resolve) => {
        if (ended) return resolve(undefined);
        call = { id: randomUUID(), event, resolve };
        handOver();
      }),
    async kill() {
      child.kill('SIGKILL');
      await exited;
      await api.close();
    },
  };
}
