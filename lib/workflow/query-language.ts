import * as sfn from 'aws-cdk-lib/aws-stepfunctions';

const { Condition, JsonPath } = sfn;

/** What the states of a walk hand on; each of them replaces one key at most. */
type Key = 'query' | 'walk' | 'throttle';

/** How a query language writes what a state does; paths are like `walk.next.cursor`. */
export interface Language {
  readonly queryLanguage?: sfn.QueryLanguage;
  /** A part of the state's input. */
  readonly input: (path: string) => unknown;
  /** A part of what TaskFunction has answered. */
  readonly answer: (path: string) => unknown;
  /** The value of a JSON text in the input. */
  readonly parsed: (path: string) => unknown;
  /** A number in the input, and 1. */
  readonly oneMore: (path: string) => unknown;
  /** Two objects of the input in one. */
  readonly merged: (first: string, second: string) => sfn.TaskInput;
  /** The props of a `Task` that puts this made of its result under a key of its data. */
  readonly taking: (key: Key, result: object) => object;
  /** The props of a catcher that puts error and cause under a key of the data. */
  readonly catching: (key: Key) => object;
  /** The props of a `Pass` that puts this under a key of its data, or gives nothing else. */
  readonly making: (value: Readonly<Record<string, unknown>>, key?: Key) => object;
  /** The props of a `Parallel` that works on a part of the data and leaves all of it as it was. */
  readonly working: (path: string) => object;
  /** What a `Wait` waits for: a number of seconds in the input. */
  readonly seconds: (path: string) => sfn.WaitTime;
  readonly isNull: (path: string) => sfn.Condition;
  readonly isAtLeast: (path: string, number: number) => sfn.Condition;
  /** Whether the text is another, or there is none. */
  readonly isNot: (path: string, text: string) => sfn.Condition;
}

export const IN_JSON_PATH: Language = {
  input: (path) => JsonPath.objectAt(`$.${path}`),
  answer: (path) => JsonPath.objectAt(`$.Payload.${path}`),
  parsed: (path) => JsonPath.stringToJson(JsonPath.stringAt(`$.${path}`)),
  oneMore: (path) => JsonPath.mathAdd(JsonPath.numberAt(`$.${path}`), 1),
  merged: (first, second) =>
    sfn.TaskInput.fromJsonPathAt(`States.JsonMerge($.${first}, $.${second}, false)`),
  taking: (key, result) => ({ resultSelector: result, resultPath: `$.${key}` }),
  catching: (key) => ({ resultPath: `$.${key}` }),
  making: (parameters, key) => ({ parameters, ...(key && { resultPath: `$.${key}` }) }),
  working: (path) => ({ inputPath: `$.${path}`, resultPath: JsonPath.DISCARD }),
  seconds: (path) => sfn.WaitTime.secondsPath(`$.${path}`),
  isNull: (path) => Condition.isNull(`$.${path}`),
  isAtLeast: (path, number) => Condition.numberGreaterThanEquals(`$.${path}`, number),
  isNot: (path, text) =>
    Condition.not(
      Condition.and(Condition.isPresent(`$.${path}`), Condition.stringEquals(`$.${path}`, text)),
    ),
};

const ofInput = (path: string) => `{% $states.input.${path} %}`;
const handingOn = (key: Key, value: unknown) => ({
  query: ofInput('query'),
  walk: ofInput('walk'),
  throttle: ofInput('throttle'),
  [key]: value,
});
const condition = (text: string) => Condition.jsonata(`{% ${text} %}`);

export const IN_JSONATA: Language = {
  queryLanguage: sfn.QueryLanguage.JSONATA,
  input: ofInput,
  answer: (path) => `{% $states.result.Payload.${path} %}`,
  parsed: (path) => `{% $parse($states.input.${path}) %}`,
  oneMore: (path) => `{% $states.input.${path} + 1 %}`,
  merged: (first, second) =>
    sfn.TaskInput.fromText(`{% $merge([$states.input.${first}, $states.input.${second}]) %}`),
  taking: (key, result) => ({ outputs: handingOn(key, result) }),
  catching: (key) => ({ outputs: handingOn(key, '{% $states.errorOutput %}') }),
  making: (value, key) => ({ outputs: key === undefined ? value : handingOn(key, value) }),
  working: (path) => ({ arguments: ofInput(path), outputs: '{% $states.input %}' }),
  seconds: (path) => sfn.WaitTime.seconds(ofInput(path)),
  isNull: (path) => condition(`$states.input.${path} = null`),
  isAtLeast: (path, number) => condition(`$states.input.${path} >= ${number}`),
  isNot: (path, text) => condition(`$not($states.input.${path} = '${text}')`),
};
