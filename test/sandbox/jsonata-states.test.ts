import { describe, expect, test } from 'vitest';
import { evaluate } from '../../sandbox/aws/jsonata-states.ts';
import { type RunOptions, runStateMachine } from '../../sandbox/aws/state-machine.ts';

const PUT = 'arn:aws:states:::aws-sdk:s3:putObject';
const INVOKE = 'arn:aws:states:::lambda:invoke';

const isLast = ({ Type = '' }: { Type?: string }) => /Choice|Fail|Succeed/.test(Type);

/** Runs states one after the other, in the order in which they are written. */
function run(
  states: Readonly<Record<string, object>>,
  input: unknown = {},
  options: Partial<RunOptions> = {},
) {
  const names = Object.keys(states);
  const States = Object.fromEntries(
    Object.entries(states).map(([name, state], at) => [
      name,
      isLast(state)
        ? state
        : { ...(names[at + 1] ? { Next: names[at + 1] } : { End: true }), ...state },
    ]),
  );
  const machine = { QueryLanguage: 'JSONata', StartAt: names[0], States };
  return runStateMachine(JSON.stringify(machine), input, {
    invoke: async (_arn, payload) => ({ ok: true, payload }),
    putObject: () => undefined,
    retryWaitMs: 0,
    waitMs: 0,
    executionName: 'run-1',
    ...options,
  });
}

const branch = (state: object) => ({
  StartAt: 'Inner',
  States: { Inner: { End: true, ...state } },
});
const input = { list: [1, 2, 3], one: [7], none: [], nothing: null, name: 'a' };
const ask = (Output: unknown) => ({
  Type: 'Task',
  Resource: INVOKE,
  Arguments: { FunctionName: 'f', Payload: { list: [{ id: 'a' }] } },
  Output,
});

describe('a state machine in JSONata', () => {
  test.each<[what: string, states: Readonly<Record<string, object>>, output: unknown]>([
    ['passes its input on', { A: { Type: 'Pass' } }, input],
    [
      'keeps lists of one, of none, and null',
      {
        A: {
          Type: 'Pass',
          Output: {
            one: '{% $states.input.one %}',
            none: '{% $states.input.none %}',
            nothing: '{% $states.input.nothing %}',
          },
        },
      },
      { one: [7], none: [], nothing: null },
    ],
    [
      'evaluates at any depth',
      { A: { Type: 'Pass', Output: { a: [{ b: '{% $states.input.name & "!" %}' }, 2, null] } } },
      { a: [{ b: 'a!' }, 2, null] },
    ],
    [
      'gives what a function answers',
      { A: ask('{% $states.result.Payload.list %}') },
      [{ id: 'a' }],
    ],
    [
      'tells its execution',
      {
        A: {
          Type: 'Pass',
          Output: '{% $states.context.Execution.Name & $states.context.State.Name %}',
        },
      },
      'run-1A',
    ],
    [
      'shows a variable to the next state',
      {
        A: { Type: 'Pass', Assign: { x: 1 } },
        B: { Type: 'Pass', Assign: { x: '{% $x + 1 %}' }, Output: '{% $x %}' },
        C: { Type: 'Pass', Output: '{% [$states.input, $x] %}' },
      },
      [1, 2],
    ],
    [
      'goes where a condition holds',
      {
        A: {
          Type: 'Choice',
          Choices: [
            { Condition: '{% $states.input.name = "b" %}', Next: 'B' },
            { Condition: '{% $states.input.name = "a" %}', Output: 'chosen', Next: 'C' },
          ],
        },
        B: { Type: 'Fail' },
        C: { Type: 'Succeed' },
      },
      'chosen',
    ],
    [
      'goes on where none does',
      {
        A: { Type: 'Choice', Choices: [{ Condition: '{% false %}', Next: 'B' }], Default: 'C' },
        B: { Type: 'Fail' },
        C: { Type: 'Succeed', Output: 'else' },
      },
      'else',
    ],
    [
      'waits',
      {
        A: { Type: 'Wait', Seconds: '{% $states.input.one[0] %}' },
        B: { Type: 'Wait', Timestamp: '2030-01-01T00:00:00Z' },
      },
      input,
    ],
    [
      'runs branches, which read variables and keep theirs',
      {
        A: { Type: 'Pass', Assign: { x: 1 } },
        B: {
          Type: 'Parallel',
          Arguments: 5,
          Branches: [
            branch({ Type: 'Pass', Assign: { x: 9 }, Output: '{% $states.input + $x %}' }),
            branch({ Type: 'Pass', Output: 'two' }),
          ],
        },
        C: { Type: 'Pass', Output: '{% [$states.input, $x] %}' },
      },
      [6, 'two', 1],
    ],
    [
      'maps over items',
      {
        A: {
          Type: 'Map',
          Items: '{% $states.input.list %}',
          MaxConcurrency: 2,
          ItemSelector: {
            at: '{% $states.context.Map.Item.Index %}',
            value: '{% $states.context.Map.Item.Value %}',
          },
          ItemProcessor: branch({
            Type: 'Pass',
            Output: '{% $states.input.value * 10 + $states.input.at %}',
          }),
        },
      },
      [10, 21, 32],
    ],
  ])('%s', async (_what, states, output) => {
    expect(await run(states, input)).toEqual({ status: 'SUCCEEDED', output });
  });

  test.each<[what: string, states: Readonly<Record<string, object>>, error: string, cause: RegExp]>(
    [
      [
        'an expression without a value',
        { A: { Type: 'Pass', Output: '{% $states.input.missing %}' } },
        'States.QueryEvaluationError',
        /missing returned nothing/,
      ],
      [
        'an expression that is broken',
        { A: { Type: 'Pass', Output: '{% $states.( %}' } },
        'States.QueryEvaluationError',
        /\$states\.\(/,
      ],
      [
        'a condition that is no boolean',
        { A: { Type: 'Choice', Choices: [{ Condition: '{% 1 %}', Next: 'A' }] } },
        'States.QueryEvaluationError',
        /no boolean/,
      ],
      [
        'no condition that holds',
        { A: { Type: 'Choice', Choices: [{ Condition: '{% false %}', Next: 'A' }] } },
        'States.NoChoiceMatched',
        /./,
      ],
      [
        'a Fail state',
        { A: { Type: 'Fail', Error: '{% $states.input.name %}', Cause: 'why' } },
        'a',
        /^why$/,
      ],
      [
        'a next state that is missing',
        { A: { Type: 'Pass', Next: 'Z' } },
        'States.Runtime',
        /no state Z/,
      ],
      [
        'items that are no list',
        { A: { Type: 'Map', Items: '{% 1 %}', ItemProcessor: branch({ Type: 'Pass' }) } },
        'States.QueryEvaluationError',
        /no list/,
      ],
      [
        'a state above 256 KiB',
        {
          A: {
            Type: 'Pass',
            Output: '{% $join([1..100000].($string($))) %}',
            Catch: [{ ErrorEquals: ['States.ALL'], Next: 'B' }],
          },
          B: { Type: 'Succeed' },
        },
        'States.DataLimitExceeded',
        /262144/,
      ],
      [
        'an inner state',
        {
          A: { Type: 'Parallel', Branches: [branch({ Type: 'Fail', Error: 'Inner', Cause: 'x' })] },
        },
        'Inner',
        /x/,
      ],
    ],
  )('ends with the error of %s', async (_what, states, error, cause) => {
    expect(await run(states, input)).toEqual({
      status: 'FAILED',
      error,
      cause: expect.stringMatching(cause),
    });
  });

  test('retries and catches by name, and gives the error', async () => {
    const retried: string[] = [];
    const caught = {
      Type: 'Task',
      Resource: INVOKE,
      Arguments: { FunctionName: 'f', Payload: {} },
      Retry: [{ ErrorEquals: ['Mine'], MaxAttempts: 2 }],
      Catch: [
        { ErrorEquals: ['Other'], Next: 'No' },
        {
          ErrorEquals: ['States.TaskFailed'],
          Assign: { was: '{% $states.errorOutput.Error %}' },
          Output: '{% $parse($states.errorOutput.Cause).errorMessage %}',
          Next: 'Yes',
        },
      ],
    };
    const execution = await run(
      {
        A: caught,
        No: { Type: 'Fail' },
        Yes: { Type: 'Pass', Output: '{% [$was, $states.input] %}' },
      },
      input,
      {
        invoke: async () => ({
          ok: false,
          error: { errorType: 'Mine', errorMessage: 'why', trace: [] },
        }),
        onRetry: (state, error) => retried.push(`${state} ${error}`),
      },
    );

    expect(execution).toEqual({ status: 'SUCCEEDED', output: ['Mine', 'why'] });
    expect(retried).toEqual(['A Mine', 'A Mine']);
  });

  test('writes objects, and may name its language state by state', async () => {
    const written: unknown[] = [];
    const state = {
      Type: 'Task',
      QueryLanguage: 'JSONata',
      Resource: PUT,
      Arguments: { Bucket: 'b', Key: '{% $states.input.name %}', Body: '{% $states.input.list %}' },
      End: true,
    };
    await runStateMachine(JSON.stringify({ StartAt: 'A', States: { A: state } }), input, {
      invoke: () => Promise.reject(new Error('not called')),
      putObject: (...object) => void written.push(object),
    });

    expect(written).toEqual([['b', 'a', '[1,2,3]']]);
  });
});

test.each([
  ['$parse("[1]")', [1]],
  ['$hash("a", "SHA-256")', expect.stringMatching(/^ca978112ca1b/)],
  ['$range(1, 7, 3)', [1, 4, 7]],
  ['$partition([1,2,3], 2)', [[1, 2], [3]]],
  ['$uuid()', expect.stringMatching(/^[0-9a-f-]{36}$/)],
  ['$random() < 1', true],
])('Step Functions has %s beside the functions of JSONata', async (text, value) => {
  expect(await evaluate(`{% ${text} %}`, {})).toEqual(value);
});
