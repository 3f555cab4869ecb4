import { describe, expect, it } from 'vitest';
import type { CommandSpec } from '../../cli/command-spec.ts';
import { readOptions } from '../../cli/options.ts';

const SPEC: CommandSpec = {
  name: 'thing',
  about: 'Does a thing.',
  defaultStage: null,
  options: {
    out: { type: 'string', value: '<file>', about: 'where to' },
    yes: { type: 'boolean', short: 'y', about: 'asks nothing' },
  },
};
const ON_CDK: CommandSpec = { ...SPEC, cdkCommand: 'deploy', positionals: '[stack …]' };

const read = (...args: string[]) => readOptions(SPEC, args, {});
const readCdk = (...args: string[]) => readOptions(ON_CDK, args, {});

describe('the stage', () => {
  it.each([
    [['--stage', 'x']],
    [['--stage=x']],
    [['-c', 'stage=x']],
    [['-cstage=x']],
    [['--context', 'stage=x']],
    [['--context=stage=x']],
    [['--stage', 'x', '-c', 'stage=x']],
  ])('is named by %j', (args) => {
    expect(read(...args).stage).toBe('x');
    expect(readCdk(...args)).toMatchObject({ stage: 'x', passed: [] });
  });

  it.each([
    [[], 'Which stage? npm run thing -- --stage <stage>'],
    [['--stage', ''], '--stage needs a name'],
    [['--stage', 'x', '--stage', 'y'], 'named twice'],
    [['--stage', 'x', '-c', 'stage=y'], 'named twice'],
    [['-c', 'Stage=x'], '"Stage" is not it'],
    [['-c', 'stag=x'], '"stag" is not it'],
    [['-c', 'stage'], '"stage" is not it'],
  ])('is not taken from %j', (args, message) => {
    expect(() => read(...args)).toThrow(message);
    expect(() => readCdk(...args)).toThrow(message);
  });

  it('may have a default', () => {
    expect(readOptions({ ...SPEC, defaultStage: 'dev' }, [], {}).stage).toBe('dev');
  });

  it.each([
    ['stage', 'true'],
    ['stage', 'x'],
    ['context', 'stage=x'],
    ['out', 'true'],
  ])('is asked for anew where npm has kept --%s, as without -- it does', (name, value) => {
    const environment = { [`npm_config_${name}`]: value };

    for (const spec of [SPEC, ON_CDK, { ...SPEC, defaultStage: 'dev' }]) {
      expect(() => readOptions(spec, ['x'], environment)).toThrow(
        `npm has kept --${name} for itself. Put -- before the options: npm run thing -- --stage`,
      );
    }
    expect(readOptions(SPEC, ['--stage', 'x', '--out', 'y', '-c', 'a=b'], environment).stage).toBe(
      'x',
    );
  });
});

describe('options', () => {
  it('are read, those of the command and help', () => {
    const { texts, flags, help } = read('--stage', 'x', '--out', 'file', '--yes');

    expect(texts).toEqual({ out: 'file' });
    expect([...flags]).toEqual(['yes']);
    expect(help).toBe(false);
    expect(read('--help').help).toBe(true);
    expect(read('--out', 'file', '-h').help).toBe(true);
  });

  it.each([
    ['--stags', 'x', '--stags is unknown. Did you mean --stage?'],
    ['--ouut', 'x', '--ouut is unknown. Did you mean --out?'],
    ['--Yes', '', '--Yes is unknown. Did you mean --yes?'],
    ['--nothing-like-it', '', '--nothing-like-it is unknown.'],
    ['--s3cr3t', '', 'One option is unknown.'],
    ['-x', '', '-x is unknown.'],
    ['--profile', 'x', '--profile is unknown.'],
  ])('are refused where they are unknown: %s', (option, value, message) => {
    expect(() => read('--stage', 'x', option, value)).toThrow(message);
  });

  it('leave no place for arguments of another kind, which are not repeated', () => {
    expect(() => read('--stage', 'x', 'canary')).toThrow(/^(?!.*canary).*takes options only/s);
  });
});

describe("the CDK's options", () => {
  it.each([
    [['--require-approval', 'never']],
    [['--requireApproval', 'never']],
    [['--profile', 'p', '--region=r']],
    [['--outputs-file', 'o.json', '-O', 'p.json']],
    [['--hotswap', '--no-rollback', '--method=direct']],
    [['--context', 'a=b', '--context', 'tags']],
    [['-v', '--concurrency', '4', 'first-stack', 'second-stack']],
    [['--parameters', 'A=1', '--parameters', 'B=2']],
    [['-R', '--rollback=false', '--no-color', '--notices=true']],
  ])('are passed on as they are: %j', (args) => {
    expect(readCdk('--stage', 'x', ...args).passed).toEqual(args);
    expect(readCdk(...args, '--stage', 'x').passed).toEqual(args);
  });

  it('are known by name, so that a slip is noticed', () => {
    expect(() => readCdk('--stage', 'x', '--require-aproval', 'never')).toThrow(
      'Did you mean --require-approval?',
    );
    expect(() => readCdk('--stage', 'x', '--profile')).toThrow('--profile lacks its value');
    expect(() => readCdk('--stage', 'x', '--quite')).toThrow('--quite is unknown.');
    expect(() => readCdk('--stage', 'x', '--rollback=perhaps')).toThrow('--rollback stands alone');
  });

  it("leave the command's own to it", () => {
    const { flags, passed, texts } = readCdk('--yes', '--stage', 'x', '--out', 'o', '--force');

    expect([...flags]).toEqual(['yes']);
    expect(texts).toEqual({ out: 'o' });
    expect(passed).toEqual(['--force']);
    expect(readCdk('--stage', 'x', '-y')).toMatchObject({ flags: new Set(['yes']), passed: [] });
  });
});
