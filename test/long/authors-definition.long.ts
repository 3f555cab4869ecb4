import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { describe, expect, test } from 'vitest';
import { isTaskFunction, readDefinition, withArn } from '../../cli/authors-definition.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const INVOKE = 'arn:aws:states:::lambda:invoke';
const invoking = (functionName: string) => ({
  StartAt: 'Get',
  States: {
    Get: {
      Type: 'Task',
      Resource: INVOKE,
      Parameters: { FunctionName: functionName, 'Payload.$': '$' },
      End: true,
    },
  },
});

function fileOf(content: unknown): string {
  const file = join(temporaryFolder(), 'my.asl.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}
const calling = (resource: string) => ({
  StartAt: 'Ask',
  States: { Ask: { Type: 'Task', Resource: resource, End: true } },
});
const within = (state: object) => ({
  StartAt: 'Each',
  States: {
    Each: {
      Type: 'Map',
      ItemProcessor: { StartAt: 'Inner', States: { Inner: state } },
      End: true,
    },
  },
});

describe("an author's own definition", () => {
  test.each([
    '${TaskFunctionArn}',
    'arn:aws:lambda:eu-west-1:123456789012:function:egain-accounts-dev-TaskFunction1A2B-x',
    'TaskFunction',
  ])('may invoke TaskFunction as %s', (name) => {
    expect(JSON.parse(readDefinition(fileOf(invoking(name))).text)).toEqual(invoking(name));
  });

  test('may begin with a byte order mark', () => {
    const text = `\uFEFF${JSON.stringify(invoking('TaskFunction'))}`;
    expect(JSON.parse(readDefinition(fileOf(text)).text)).toEqual(invoking('TaskFunction'));
  });

  test("may have the function's ARN as its resource", () => {
    const definition = calling('${TaskFunctionArn}');
    expect(JSON.parse(readDefinition(fileOf(definition)).text)).toEqual(definition);
  });

  test('gets the ARN of this machine wherever it stands', () => {
    const filled = withArn({ name: 'x', text: '${TaskFunctionArn} ${TaskFunctionArn}' }, 'arn:x');
    expect(filled).toBe('arn:x arn:x');
  });

  test.each<[string, unknown, RegExp]>([
    ['that is not JSON', '{"StartAt": ', /not JSON.*YAML/],
    ['that is empty', '', /not JSON/],
    ['that is a list', [], /no "States"/],
    ['that is a template', { Resources: {} }, /no "States".*DefinitionString/],
    [
      'with an unknown placeholder',
      invoking('${MyFunction}'),
      /\$\{MyFunction\} is not known.*TaskFunctionArn/,
    ],
    [
      'in JSONata',
      { QueryLanguage: 'JSONata', ...invoking('TaskFunction') },
      /state machine is in JSONata.*test-state/,
    ],
    [
      'with a state in JSONata',
      within({ Type: 'Pass', QueryLanguage: 'JSONata', End: true }),
      /Inner is in JSONata/,
    ],
    [
      'with a state of no type',
      { StartAt: 'A', States: { A: { Type: 'Nap', End: true } } },
      /SCHEMA_VALIDATION_FAILED/,
    ],
    [
      'that calls another service',
      calling('arn:aws:states:::sns:publish'),
      /Ask calls arn:aws:states:::sns:publish.*Pass/,
    ],
    [
      'that calls it within a map',
      within({ Type: 'Task', Resource: 'arn:aws:states:::sqs:sendMessage', End: true }),
      /Inner calls/,
    ],
    [
      'that waits for a token',
      calling(`${INVOKE}.waitForTaskToken`),
      /Ask calls.*waitForTaskToken/,
    ],
    [
      'that invokes another function',
      invoking('my-function'),
      /Get invokes my-function.*TaskFunctionArn/,
    ],
    [
      'whose resource is another function',
      calling('arn:aws:lambda:eu-west-1:123456789012:function:mine'),
      /Ask invokes.*mine/,
    ],
    [
      'with a distributed map',
      {
        StartAt: 'Each',
        States: {
          Each: {
            Type: 'Map',
            ItemProcessor: {
              ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'EXPRESS' },
              StartAt: 'One',
              States: { One: { Type: 'Pass', End: true } },
            },
            End: true,
          },
        },
      },
      /Each is a distributed map/,
    ],
  ])('%s is refused with what to do', (_, content, message) => {
    const read = () => readDefinition(fileOf(content));
    expect(read).toThrow(InvalidArgumentError);
    expect(read).toThrow(message);
  });

  test('with several faults tells them all', () => {
    const definition = {
      StartAt: 'A',
      States: {
        A: { Type: 'Task', Resource: 'arn:aws:states:::sns:publish', Next: 'B' },
        B: { Type: 'Task', Resource: 'arn:aws:states:::sqs:sendMessage', End: true },
      },
    };
    expect(() => readDefinition(fileOf(definition))).toThrow(/A calls[^]*B calls/);
  });
});

test.each([
  ['arn:aws:lambda:eu-west-1:1:function:egain-accounts-dev-TaskFunction1A2B-x:live', true],
  ['arn:aws:lambda:eu-west-1:1:function:other', false],
  ['MyFunction', false],
  ['', false],
])('whether %s is TaskFunction: %s', (name, is) => {
  expect(isTaskFunction(name)).toBe(is);
});
