import { hash, randomUUID } from 'node:crypto';
import jsonata from 'jsonata';

/** What is evaluated: the value between `{%` and `%}` of a text, at any depth. */
const EXPRESSION = /^\{%([^]*)%\}$/;

/** The functions that Step Functions has in addition to JSONata's own. */
const FUNCTIONS: Readonly<Record<string, Parameters<jsonata.Expression['registerFunction']>[1]>> = {
  parse: (text: string): unknown => JSON.parse(text),
  uuid: () => randomUUID(),
  random: () => Math.random(),
  hash: (text: string, algorithm: string) => hash(algorithm.replace('-', ''), text, 'hex'),
  range: (first: number, last: number, step: number) =>
    Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, at) => first + at * step),
  partition: (list: unknown[], size: number) =>
    Array.from({ length: Math.ceil(list.length / size) }, (_, at) =>
      list.slice(at * size, (at + 1) * size),
    ),
};

export type Variables = Readonly<Record<string, unknown>>;

/**
 * Puts values in place of the expressions in a JSON value.
 *
 * @param variables by their names without `$`; `states` is one of them
 * @throws Error named `States.QueryEvaluationError` where an expression fails or has no JSON value
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
 */
export async function evaluate(template: unknown, variables: Variables): Promise<unknown> {
  if (typeof template === 'string') {
    const [, text] = EXPRESSION.exec(template) ?? [];
    return text === undefined ? template : evaluateText(text.trim(), variables);
  }
  if (typeof template !== 'object' || template === null) return template;
  const evaluated = await Promise.all(
    Object.entries(template).map(async ([key, value]) => [key, await evaluate(value, variables)]),
  );
  return Array.isArray(template)
    ? evaluated.map(([, value]) => value)
    : Object.fromEntries(evaluated);
}

async function evaluateText(text: string, variables: Variables): Promise<unknown> {
  let written: string | undefined;
  try {
    const expression = jsonata(text);
    for (const [name, run] of Object.entries(FUNCTIONS)) expression.registerFunction(name, run);
    // As JSON, it loses what the library notes on its lists.
    written = JSON.stringify(await expression.evaluate(undefined, variables));
  } catch (error) {
    const { message } = error as { readonly message?: string };
    throw failure('States.QueryEvaluationError', `${text}: ${String(message)}`);
  }
  if (written === undefined) {
    throw failure('States.QueryEvaluationError', `${text} returned nothing`);
  }
  return JSON.parse(written) as unknown;
}

/** What a state fails with: its error's name, and its cause. */
export function failure(name: string, cause: string): Error {
  return Object.assign(new Error(cause), { name });
}

interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly MaxAttempts?: number;
  readonly BackoffRate?: number;
  readonly MaxDelaySeconds?: number;
  readonly JitterStrategy?: string;
}

/** What evaluating a state may set beside going on. */
interface Rule {
  readonly Assign?: Readonly<Record<string, unknown>>;
  readonly Output?: unknown;
  readonly Next?: string;
}

interface State extends Rule {
  readonly Type: string;
  readonly Resource?: string;
  readonly Arguments?: unknown;
  readonly Choices?: readonly (Rule & { readonly Condition: unknown })[];
  readonly Default?: string;
  readonly Seconds?: unknown;
  readonly Timestamp?: unknown;
  readonly Error?: unknown;
  readonly Cause?: unknown;
  readonly Branches?: readonly JsonataStates[];
  readonly Items?: unknown;
  readonly ItemSelector?: unknown;
  readonly ItemProcessor?: JsonataStates;
  readonly MaxConcurrency?: unknown;
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly (Rule & { readonly ErrorEquals: readonly string[] })[];
}

export interface JsonataStates {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

/** What a machine needs of what is around it. */
export interface Surroundings {
  /** Makes the call of a `Task`. */
  call(resource: string, args: unknown): Promise<unknown>;
  /** Checks what enters or leaves a state. */
  fits(value: unknown): unknown;
  /** Called before a retry. */
  readonly onRetry: ((state: string, error: string, cause: string) => void) | undefined;
  /** Called with each state that is entered. */
  readonly onEnter: ((state: string, input: unknown) => void) | undefined;
  /** Waits, for a `Wait` or before a retry. */
  wait(reason: 'wait' | 'retry', milliseconds: number): Promise<void>;
  /** The context object, as far as it is the same for all states. */
  readonly context: Readonly<Record<string, unknown>>;
}

/**
 * Runs the states of a machine, or of a branch of one, whose query language is JSONata.
 *
 * @param variables those of the states around, which these can read and not change
 * @returns the output
 * @throws Error whose name and message are the error and the cause of the state that failed
 */
export async function runJsonataStates(
  { StartAt, States }: JsonataStates,
  input: unknown,
  around: Surroundings,
  outer: Variables = {},
): Promise<unknown> {
  let variables = outer;
  let output = input;
  for (let name: string | undefined = StartAt; name !== undefined; ) {
    const state = States[name];
    if (state === undefined) throw failure('States.Runtime', `there is no state ${name}`);
    around.onEnter?.(name, output);
    const left = await leave(name, state, around.fits(output), around, variables);
    ({ output, name, variables } = left);
    around.fits(output);
  }
  return output;
}

/** How a state was left. */
interface Left {
  readonly output: unknown;
  readonly name: string | undefined;
  readonly variables: Variables;
}

/** Performs a state, as often as its retriers say, and goes where its catchers say. */
async function leave(
  name: string,
  state: State,
  input: unknown,
  around: Surroundings,
  variables: Variables,
): Promise<Left> {
  const context = { ...around.context, State: { Name: name } };
  const retried = new Map<Retrier, number>();
  const go = async (rule: Rule, states: Variables, plain: unknown): Promise<Left> => {
    const known = { ...variables, states: { input, context, ...states } };
    return {
      // What is assigned shows in the next state.
      variables: { ...variables, ...((await evaluate(rule.Assign ?? {}, known)) as Variables) },
      output: 'Output' in rule ? await evaluate(rule.Output, known) : plain,
      name: rule.Next,
    };
  };
  for (;;) {
    try {
      const read = (template: unknown) =>
        evaluate(template, { ...variables, states: { input, context } });
      if (state.Type === 'Choice') return await choose(state, read, (rule) => go(rule, {}, input));
      const result = await perform(state, input, read, around, variables);
      return await go(state, { result }, result);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const matches = ({ ErrorEquals }: Pick<Retrier, 'ErrorEquals'>) => isIn(ErrorEquals, error);
      const retrier = state.Retry?.find(matches);
      const times = retrier === undefined ? 0 : (retried.get(retrier) ?? 0);
      if (retrier !== undefined && times < (retrier.MaxAttempts ?? 3)) {
        retried.set(retrier, times + 1);
        around.onRetry?.(name, error.name, error.message);
        await around.wait('retry', delayMs(retrier, times));
        continue;
      }
      const catcher = state.Catch?.find(matches);
      if (catcher === undefined) throw error;
      const errorOutput = { Error: error.name, Cause: error.message };
      return await go(catcher, { errorOutput }, errorOutput);
    }
  }
}

/** The names that stand for others do not stand for these. */
const NEVER_MEANT = ['States.DataLimitExceeded', 'States.Runtime'];

const isIn = (names: readonly string[], { name }: Error): boolean =>
  names.includes(name) ||
  (names.includes('States.ALL') && !NEVER_MEANT.includes(name)) ||
  (names.includes('States.TaskFailed') && ![...NEVER_MEANT, 'States.Timeout'].includes(name));

function delayMs(
  { IntervalSeconds = 1, BackoffRate = 2, MaxDelaySeconds, JitterStrategy }: Retrier,
  times: number,
): number {
  const seconds = Math.min(MaxDelaySeconds ?? Infinity, IntervalSeconds * BackoffRate ** times);
  return 1000 * seconds * (JitterStrategy === 'FULL' ? Math.random() : 1);
}

type Read = (template: unknown) => Promise<unknown>;

async function choose(
  { Choices = [], Default, ...rest }: State,
  read: Read,
  go: (rule: Rule) => Promise<Left>,
): Promise<Left> {
  for (const choice of Choices) {
    const holds = await read(choice.Condition);
    if (typeof holds !== 'boolean') {
      throw failure('States.QueryEvaluationError', `${String(choice.Condition)} is no boolean`);
    }
    if (holds) return go(choice);
  }
  if (Default === undefined) throw failure('States.NoChoiceMatched', 'no condition holds');
  return go({ ...rest, Next: Default });
}

/** The result of a state, before its `Output` is made. */
async function perform(
  state: State,
  input: unknown,
  read: Read,
  around: Surroundings,
  variables: Variables,
): Promise<unknown> {
  const { Type, Arguments, Branches = [], Resource = '' } = state;
  const args = Arguments === undefined ? input : await read(Arguments);
  switch (Type) {
    case 'Task':
      return around.call(Resource, args);
    case 'Parallel':
      return Promise.all(Branches.map((each) => runJsonataStates(each, args, around, variables)));
    case 'Map':
      return mapItems(state, input, read, around, variables);
    case 'Wait': {
      const until =
        state.Timestamp === undefined ? NaN : Date.parse(String(await read(state.Timestamp)));
      const ms = Number.isNaN(until)
        ? 1000 * Number(await read(state.Seconds))
        : until - Date.now();
      await around.wait('wait', Math.max(0, ms));
      return input;
    }
    case 'Fail':
      throw failure(String(await read(state.Error ?? '')), String(await read(state.Cause ?? '')));
    default:
      return input;
  }
}

async function mapItems(
  { Items, ItemSelector, ItemProcessor, MaxConcurrency = 0 }: State,
  input: unknown,
  read: Read,
  around: Surroundings,
  variables: Variables,
): Promise<unknown> {
  const items = Items === undefined ? input : await read(Items);
  if (!Array.isArray(items)) throw failure('States.QueryEvaluationError', 'Items is no list');
  const results: unknown[] = [];
  const waiting = items.entries();
  const one = async () => {
    for (const [Index, Value] of waiting) {
      const context = { ...around.context, Map: { Item: { Index, Value: Value as unknown } } };
      const item =
        ItemSelector === undefined
          ? Value
          : await evaluate(ItemSelector, { ...variables, states: { input, context } });
      if (ItemProcessor === undefined)
        throw failure('States.Runtime', 'a Map has no ItemProcessor');
      const inner = { ...around, context };
      results[Index] = await runJsonataStates(ItemProcessor, item, inner, variables);
    }
  };
  const lanes = Number(await read(MaxConcurrency)) || items.length;
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, one));
  return results;
}
