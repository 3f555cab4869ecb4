import { setTimeout } from 'node:timers/promises';
import { StateMachine, type StateMachineDefinition } from 'aws-local-stepfunctions';
import type { InvokeResult } from './container.ts';
import { failure, type JsonataStates, runJsonataStates } from './jsonata-states.ts';

/** What a `Task` state may call on this machine. */
interface LocalServices {
  /** `states:::lambda:invoke`: the function's own answer to the payload. */
  invoke(functionArn: string, payload: unknown): Promise<InvokeResult>;
  /** `states:::aws-sdk:s3:putObject`: `text` is what the object would hold. */
  putObject(bucket: string, key: string, text: string): Promise<void> | void;
}

export interface RunOptions extends LocalServices {
  /** Milliseconds that each retry waits. @default what the definition says */
  readonly retryWaitMs?: number;
  /** Milliseconds that each `Wait` takes. @default what the definition says */
  readonly waitMs?: number;
  /** Called before a retry, with the state, the error's name and its cause. */
  readonly onRetry?: (state: string, error: string, cause: string) => void;
  /** Called with each state that is entered, and its input. */
  readonly onEnter?: (state: string, input: unknown) => void;
  /** @default local-<time> */
  readonly executionName?: string;
}

/** How an execution ended. */
export type Execution =
  | { readonly status: 'SUCCEEDED'; readonly output: unknown }
  | { readonly status: 'FAILED'; readonly error: string; readonly cause: string };

type Json = Parameters<StateMachine['run']>[0];
type TaskHandler = (input: Json) => Promise<Json>;

/** The fields of a state that are read here. */
export interface AslState {
  readonly Type: string;
  readonly QueryLanguage?: unknown;
  readonly Resource?: string;
  readonly Parameters?: unknown;
  readonly Arguments?: unknown;
  readonly Retry?: unknown;
  readonly Choices?: readonly object[];
  readonly Branches?: readonly AslStates[];
  readonly ItemReader?: unknown;
  readonly ItemProcessor?: AslStates & { readonly ProcessorConfig?: { readonly Mode?: string } };
  /** The older name of an inline `ItemProcessor`. */
  readonly Iterator?: AslStates;
}

/** A state machine, or a branch of one. */
export interface AslStates {
  readonly QueryLanguage?: unknown;
  readonly States: Readonly<Record<string, AslState>>;
}

/** Definitions that were found valid: the check takes longer than most runs. */
const valid = new Set<string>();
/** The most JSON that a state may hold. */
const STATE_BYTES = 256 * 1024;

/**
 * Runs a state machine on this machine, as Step Functions would: `Retry`, `Catch` and context
 * object included, and no state longer than 256 KiB.
 *
 * @param definition in the Amazon States Language, intrinsic functions of CloudFormation resolved;
 *   all of it in JSONPath, or all of it in JSONata
 * @throws Error for a definition that is not valid, or calls something other than
 *   {@link LocalServices}
 */
export async function runStateMachine(
  definition: string,
  input: unknown,
  options: RunOptions,
): Promise<Execution> {
  const asl = JSON.parse(definition) as AslStates;
  if (isJsonata(asl)) return runInJsonata(asl as unknown as JsonataStates, input, options);
  const states = [...statesOf(asl)];
  const { retryWaitMs, waitMs, executionName = `local-${Date.now()}` } = options;
  const handlers = states
    .filter(([, { Type }]) => Type === 'Task')
    .map(([name, { Resource }]) => [name, handlerOf(Resource, options)] as const);
  const overridesFor = (milliseconds: number | undefined, is: (state: AslState) => boolean) =>
    Object.fromEntries(
      milliseconds === undefined
        ? []
        : states.filter(([, state]) => is(state)).map(([name]) => [name, milliseconds]),
    );

  const machine = new StateMachine(asl as unknown as StateMachineDefinition, {
    validationOptions: { noValidate: valid.has(definition) },
  });
  valid.add(definition);
  const execution = machine.run(input as Json, {
    overrides: {
      taskResourceLocalHandlers: Object.fromEntries(handlers),
      retryIntervalOverrides: overridesFor(retryWaitMs, ({ Retry }) => Retry !== undefined),
      waitTimeOverrides: overridesFor(waitMs, ({ Type }) => Type === 'Wait'),
    },
    context: { Execution: { Name: executionName } },
  });
  const [result, watched] = await Promise.allSettled([
    execution.result,
    watch(execution.eventLogs, options),
  ]);
  if (watched.status === 'rejected') return failureOf(watched.reason);
  if (result.status === 'fulfilled') return { status: 'SUCCEEDED', output: result.value };
  return failureOf(result.reason);
}

async function runInJsonata(
  asl: JsonataStates,
  input: unknown,
  options: RunOptions,
): Promise<Execution> {
  const {
    retryWaitMs,
    waitMs,
    onRetry,
    onEnter,
    executionName: Name = `local-${Date.now()}`,
  } = options;
  try {
    const output = await runJsonataStates(asl, input, {
      call: (resource, args) => handlerOf(resource, options)(args as Json),
      fits,
      wait: (reason, ms) => setTimeout((reason === 'wait' ? waitMs : retryWaitMs) ?? ms),
      context: { Execution: { Name, Input: input, StartTime: new Date().toISOString() } },
      onRetry,
      onEnter,
    });
    return { status: 'SUCCEEDED', output };
  } catch (error) {
    return failureOf(error);
  }
}

type Events = ReturnType<StateMachine['run']>['eventLogs'];

/** Reports retries; throws at the end when a state was too large. */
async function watch(events: Events, { onRetry, onEnter }: RunOptions): Promise<void> {
  let last = { Error: '', Cause: '' as unknown };
  let tooLarge = false;
  for await (const event of events) {
    if (event.type === 'StateFailed') last = event;
    if (!('state' in event)) continue;
    const { name, input, output = null } = event.state;
    tooLarge ||= [input, output].some((data) => byteLength(data) > STATE_BYTES);
    if (event.type === 'StateEntered') onEnter?.(name, input);
    if (event.type === 'StateRetried') onRetry?.(name, last.Error, String(last.Cause));
  }
  if (tooLarge) throw dataLimitExceeded();
}

/** Every state with its name, states within states included. */
export function* statesOf({ States }: AslStates): Generator<readonly [string, AslState]> {
  for (const [name, state] of Object.entries(States)) {
    yield [name, state];
    for (const inner of [...(state.Branches ?? []), state.ItemProcessor, state.Iterator]) {
      if (inner !== undefined) yield* statesOf(inner);
    }
  }
}

/** Whether a machine says so for all its states, or one of them for itself. */
export function isJsonata(asl: AslStates): boolean {
  return [asl, ...[...statesOf(asl)].map(([, state]) => state)].some(
    ({ QueryLanguage }) => QueryLanguage === 'JSONata',
  );
}

/** Whether a `Task` with this resource can run on this machine. */
export const canCall = (resource: string | undefined): boolean =>
  resource !== undefined && [INVOKE, PUT_OBJECT, FUNCTION].some((known) => known.test(resource));

const INVOKE = /:states:::lambda:invoke$/;
const PUT_OBJECT = /:states:::aws-sdk:s3:putObject$/;
/** A function's ARN as the resource itself: its input is the state's, its answer the result. */
const FUNCTION = /^arn:aws[a-z-]*:lambda:[^:]*:\d+:function:.+$|^\$\{\w+\}$/;

function handlerOf(resource = '', services: LocalServices): TaskHandler {
  const invoke = async (functionName: string, payload: unknown): Promise<Json> => {
    const result = await services.invoke(functionName, payload);
    if (result.ok) return result.payload as Json;
    throw failure(result.error.errorType, JSON.stringify(result.error));
  };
  if (FUNCTION.test(resource)) return async (input) => fits(await invoke(resource, fits(input)));
  if (INVOKE.test(resource)) {
    return async (input) => {
      const { FunctionName, Payload } = fits(input) as { FunctionName: string; Payload: unknown };
      const payload = await invoke(FunctionName, Payload);
      return fits({ StatusCode: 200, ExecutedVersion: '$LATEST', Payload: payload });
    };
  }
  if (PUT_OBJECT.test(resource)) {
    return async (input) => {
      const { Bucket, Key, Body } = fits(input) as { Bucket: string; Key: string; Body: unknown };
      // Step Functions writes a Body as JSON, whatever it is.
      await services.putObject(Bucket, Key, JSON.stringify(Body));
      return {};
    };
  }
  throw new Error(`no state can call ${resource} on this machine`);
}

/** Passes on what enters or leaves a task. @throws States.DataLimitExceeded above 256 KiB */
function fits(value: unknown): Json {
  if (byteLength(value) > STATE_BYTES) throw dataLimitExceeded();
  return value as Json;
}

const byteLength = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

const dataLimitExceeded = (): Error =>
  failure('States.DataLimitExceeded', `A state is larger than ${STATE_BYTES} bytes.`);

function failureOf(reason: unknown): Execution {
  const error = reason instanceof Error && reason.cause instanceof Error ? reason.cause : reason;
  if (!(error instanceof Error))
    return { status: 'FAILED', error: 'Unknown', cause: String(error) };
  return { status: 'FAILED', error: error.name, cause: error.message };
}
