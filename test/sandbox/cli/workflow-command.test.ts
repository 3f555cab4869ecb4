import { describe, expect, test } from 'vitest';
import { CommandError } from '../../../sandbox/cli/command-line.ts';
import { readWorkflowCommand } from '../../../sandbox/cli/workflow-command.ts';

describe('the command line of npm run workflow', () => {
  test('may be empty', () => {
    expect(readWorkflowCommand([])).toEqual({
      input: {},
      out: 'export',
      accounts: 240,
      fault: undefined,
      help: false,
    });
  });

  test('takes every option', () => {
    const args = ['--input', '{"pagesize":5}', '--out', 'x', '--accounts', '9'];

    expect(readWorkflowCommand([...args, '--fault', 'unauthorized', '-h'])).toEqual({
      input: { pagesize: 5 },
      out: 'x',
      accounts: 9,
      fault: 'unauthorized',
      help: true,
    });
  });

  test.each([
    ['--fault', 'sunshine'],
    ['--fault', 'toString'],
    ['--input', '{'],
    ['--accounts', 'many'],
    ['--accounts', '200001'],
    ['--nonsense', ''],
  ])('says what is wrong with %s %s', (option, value) => {
    const read = () => readWorkflowCommand([option, value]);

    expect(read).toThrow(CommandError);
    expect(read).toThrow(option);
  });
});
