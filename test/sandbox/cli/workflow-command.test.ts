import { describe, expect, test } from 'vitest';
import { readOptions } from '../../../cli/options.ts';
import { UsageError } from '../../../cli/usage-error.ts';
import { readWorkflowCommand, WORKFLOW } from '../../../sandbox/cli/workflow-command.ts';

const REAL = { EGAIN_CLIENT_ID: 'id', EGAIN_CLIENT_SECRET: 'secret' };

function read(args: readonly string[], environment = {}) {
  return readWorkflowCommand(readOptions(WORKFLOW, args, environment), environment);
}

describe('the command line of npm run workflow', () => {
  test('may be empty', () => {
    expect(read([])).toEqual({
      stage: 'sandbox',
      definition: undefined,
      input: {},
      out: 'export',
      accounts: 240,
      fault: undefined,
      realEgain: undefined,
    });
  });

  test('takes every option', () => {
    const args = ['--input', '{"pagesize":5}', '--out', 'x', '--accounts', '9'];

    expect(read([...args, '--fault', 'unauthorized'])).toEqual({
      stage: 'sandbox',
      definition: undefined,
      input: { pagesize: 5 },
      out: 'x',
      accounts: 9,
      fault: 'unauthorized',
      realEgain: undefined,
    });
  });

  test('takes a definition', () => {
    expect(read(['--definition', 'my.asl.json'])).toMatchObject({ definition: 'my.asl.json' });
  });

  test('takes a stage, whose real eGain it then calls', () => {
    expect(read(['--stage', 'dev'], REAL)).toMatchObject({
      stage: 'dev',
      realEgain: { clientId: 'id', clientSecret: 'secret' },
    });
    expect(() => read(['--stage', 'dev'])).toThrow('set EGAIN_CLIENT_ID and EGAIN_CLIENT_SECRET');
    expect(() => read(['--stage', 'dev', '--fault', 'unauthorized'], REAL)).toThrow('simulated');
  });

  test.each([
    ['--fault', 'sunshine'],
    ['--fault', 'toString'],
    ['--input', '{'],
    ['--accounts', 'many'],
    ['--accounts', '200001'],
    ['--nonsense', ''],
  ])('says what is wrong with %s %s', (option, value) => {
    const reading = () => read([option, value]);

    expect(reading).toThrow(UsageError);
    expect(reading).toThrow(option);
  });
});
