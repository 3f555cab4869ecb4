import {
  type Container,
  type FunctionSpec,
  type InvokeResult,
  startContainer,
} from './container.ts';
import { LOCAL_REGION, type ResolvedTemplate } from './template.ts';

/** A line of a function's log, or of the gateway's access log. */
export interface LogLine {
  readonly functionName: string;
  readonly text: string;
}

export interface RuntimeOptions {
  /** The most containers of each function at a time; further calls wait. @default 4 */
  readonly maxContainers?: number | undefined;
  /**
   * Starts a container for each call up to the limit, then calls them in turn.
   *
   * @default - calls the container used last first, so that a quiet function stays with one
   */
  readonly spread?: boolean | undefined;
  readonly onLog?: ((line: LogLine) => void) | undefined;
}

/** A function that can be called. */
export interface LambdaFunction {
  readonly spec: FunctionSpec;
  /** How many containers there are to call. */
  readonly containers: number;
  /** Calls it and waits for the answer. Never rejects: a failure is a result as well. */
  invoke(event: unknown, requestId?: string): Promise<InvokeResult>;
  /**
   * Starts new containers from now on, as a deployment does; busy ones finish their call. Resolves
   * when the idle ones have ended.
   */
  recycle(): Promise<void>;
  /** Kills all containers; a call that one of them was answering fails. */
  readonly stop: () => Promise<void>;
}

/** Runs a function the way Lambda does: in containers that are kept between calls. */
export function createLambdaFunction(
  spec: FunctionSpec,
  { maxContainers: max = 4, spread = false, onLog }: RuntimeOptions = {},
): LambdaFunction {
  /** Those that are given calls; a container that was recycled may still run beside them. */
  let current = new Set<Container>();
  const running = new Set<Container>();
  const idle: Container[] = [];
  const waiting: ((container: Container) => void)[] = [];

  const log = (text: string) => onLog?.({ functionName: spec.name, text });

  function start(): Container {
    const container = startContainer(spec, { onLog: log });
    current.add(container);
    running.add(container);
    void replaceAtEnd(container);
    return container;
  }

  /** Gives the next waiting call a new container when this one has ended by itself. */
  async function replaceAtEnd(container: Container): Promise<void> {
    const error = await container.ended;
    running.delete(container);
    if (!current.delete(container)) return;
    log(JSON.stringify({ level: 'PLATFORM', ...error }));
    const position = idle.indexOf(container);
    if (position >= 0) idle.splice(position, 1);
    waiting.shift()?.(start());
  }

  async function take(): Promise<Container> {
    const mayStart = current.size < max;
    if (spread && mayStart) return start();
    const found = spread ? idle.shift() : idle.pop();
    if (found !== undefined) return found;
    return mayStart ? start() : new Promise((resolve) => waiting.push(resolve));
  }

  function giveBack(container: Container): void {
    if (!current.has(container)) return void container.kill();
    const next = waiting.shift();
    if (next === undefined) idle.push(container);
    else next(container);
  }

  return {
    spec,
    get containers() {
      return current.size;
    },
    async invoke(event, requestId) {
      const container = await take();
      const result = await container.invoke(event, requestId);
      giveBack(container);
      return result;
    },
    async recycle() {
      current = new Set();
      await Promise.all(idle.splice(0).map((container) => container.kill()));
      for (const give of waiting.splice(0, max)) give(start());
    },
    async stop() {
      waiting.length = 0;
      idle.length = 0;
      current = new Set();
      await Promise.all([...running].map((container) => container.kill()));
    },
  };
}

interface FunctionProperties {
  readonly Code: { readonly S3Key: string };
  readonly Handler: string;
  readonly Environment: { readonly Variables: Readonly<Record<string, string>> };
  readonly MemorySize: number;
  readonly Timeout: number;
}

/**
 * Reads the template's functions.
 *
 * @param extraEnvironment what Lambda itself would add to each function's environment
 */
export function readFunctions(
  template: ResolvedTemplate,
  extraEnvironment: Readonly<Record<string, string>>,
): FunctionSpec[] {
  return template.ofType('AWS::Lambda::Function').map(({ ref, arn, properties }) => {
    const { Code, Handler, Environment, MemorySize, Timeout } =
      properties as unknown as FunctionProperties;
    return {
      name: ref,
      arn,
      codePath: template.assetPath(Code.S3Key),
      handler: Handler,
      environment: {
        ...Environment.Variables,
        AWS_REGION: LOCAL_REGION,
        AWS_LAMBDA_FUNCTION_NAME: ref,
        AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
        TZ: ':UTC',
        ...extraEnvironment,
      },
      timeoutSeconds: Timeout,
      memoryMb: MemorySize,
    };
  });
}
