import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { describe, expect, test } from 'vitest';
import { isTaskFunction, readDefinition, withArn } from '../../cli/authors-definition.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const INVOKE = 'arn:aws:states:::lambda:invoke';
const LAMBDA = 'arn:aws:lambda:eu-west-1:123456789012:function';

const machine = (name: string, state: object) => ({
  StartAt: name,
  States: { [name]: { End: true, ...state } },
});
const calling = (Resource: string) => machine('Ask', { Type: 'Task', Resource });
const invoking = (FunctionName: string) =>
  machine('Get', {
    Type: 'Task',
    Resource: INVOKE,
    Parameters: { FunctionName, 'Payload.$': '$' },
  });
const asking = (FunctionName: string) => ({
  QueryLanguage: 'JSONata',
  ...machine('Get', { Type: 'Task', Resource: INVOKE, Arguments: { FunctionName } }),
});
const within = (state: object, map: object = {}) =>
  machine('Each', { Type: 'Map', ItemProcessor: machine('Inner', state), ...map });

/** Reads a definition, given as text or as what its JSON holds. */
function read(content: unknown) {
  const file = join(temporaryFolder(), 'my.asl.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return readDefinition(file);
}

describe("an author's own definition", () => {
  test.each([
    ['TaskFunction by its placeholder', invoking('${TaskFunctionArn}')],
    ['TaskFunction by its ARN', invoking(`${LAMBDA}:egain-accounts-dev-TaskFunction1A2B-x`)],
    ['TaskFunction by its name', invoking('TaskFunction')],
    ['TaskFunction as its resource', calling('${TaskFunctionArn}')],
    ['TaskFunction in JSONata', asking('${TaskFunctionArn}')],
    ['TaskFunction by a variable of JSONata', asking('{% $arn %}')],
  ])('may call %s, after a byte order mark or none', (_what, definition) => {
    expect(JSON.parse(read(definition).text)).toEqual(definition);
    expect(JSON.parse(read(`\uFEFF${JSON.stringify(definition)}`).text)).toEqual(definition);
  });

  test('gets the ARN of this machine wherever it stands', () => {
    const filled = withArn({ name: 'x', text: '${TaskFunctionArn} ${TaskFunctionArn}' }, 'arn:x');
    expect(filled).toBe('arn:x arn:x');
  });

  const sns = { Type: 'Task', Resource: 'arn:aws:states:::sns:publish' };
  const sqs = { Type: 'Task', Resource: 'arn:aws:states:::sqs:sendMessage', End: true };
  test.each<[what: string, content: unknown, message: RegExp]>([
    ['that is not JSON', '{"StartAt": ', /not JSON.*YAML/],
    ['that is a template', { Resources: {} }, /no "States".*DefinitionString/],
    [
      'with an unknown placeholder',
      invoking('${Mine}'),
      /\$\{Mine\} is not known.*TaskFunctionArn/,
    ],
    [
      'in JSONata with a state in JSONPath',
      { QueryLanguage: 'JSONata', ...within({ Type: 'Pass', Parameters: {} }) },
      /Inner is in JSONPath \(Parameters\).*test-state/,
    ],
    [
      'in JSONPath with a state in JSONata',
      within({ Type: 'Pass', QueryLanguage: 'JSONata' }, { ItemsPath: '$.list' }),
      /Each is in JSONPath \(ItemsPath\)/,
    ],
    [
      'in JSONata with a choice in JSONPath',
      {
        QueryLanguage: 'JSONata',
        ...machine('A', {
          Type: 'Choice',
          Choices: [{ Variable: '$.a', IsNull: true, Next: 'A' }],
        }),
      },
      /A is in JSONPath \(Variable\)/,
    ],
    ['with a state of no type', machine('A', { Type: 'Nap' }), /SCHEMA_VALIDATION_FAILED/],
    ['that calls another service', machine('Ask', sns), /Ask calls .*sns:publish.*Pass/],
    [
      'that calls several',
      { StartAt: 'A', States: { A: { ...sns, Next: 'B' }, B: sqs } },
      /A calls[^]*B calls/,
    ],
    [
      'that waits for a token',
      calling(`${INVOKE}.waitForTaskToken`),
      /Ask calls.*waitForTaskToken/,
    ],
    ['in JSONata that invokes another', asking('my-function'), /Get invokes my-function/],
    ['that invokes another', invoking('my-function'), /Get invokes my-function.*TaskFunctionArn/],
    ['whose resource is another', calling(`${LAMBDA}:mine`), /Ask invokes.*mine/],
    [
      'with a distributed map',
      within(
        {},
        {
          ItemProcessor: {
            ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'EXPRESS' },
            ...machine('Inner', { Type: 'Pass' }),
          },
        },
      ),
      /Each is a distributed map/,
    ],
  ])('%s is refused with what to do', (_what, content, message) => {
    expect(() => read(content)).toThrow(InvalidArgumentError);
    expect(() => read(content)).toThrow(message);
  });
});

test.each([
  ['arn:aws:lambda:eu-west-1:1:function:egain-accounts-dev-TaskFunction1A2B-x:live', true],
  ['MyFunction', false],
])('whether %s is TaskFunction: %s', (name, is) => {
  expect(isTaskFunction(name)).toBe(is);
});
