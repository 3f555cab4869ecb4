import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMMAND_NAMES } from '../../cli/program.ts';
import { runCommand } from '../support/recording-terminal.ts';

const { scripts } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { readonly scripts: Readonly<Record<string, string>> };

describe('every command', () => {
  it('is an npm script, and every such script a command', () => {
    const started = Object.entries(scripts).filter(([, line]) => line.includes('run.mjs'));

    expect(Object.fromEntries(started)).toEqual(
      Object.fromEntries(COMMAND_NAMES.map((name) => [name, `node cli/run.mjs ${name}`])),
    );
  });

  it.each(COMMAND_NAMES)('explains itself, with an example: %s', async (name) => {
    const { exitCode, output, error } = await runCommand([name, '--help']);

    expect({ exitCode, error }).toEqual({ exitCode: 0, error: '' });
    expect(output).toMatch(new RegExp(`^Usage: npm run ${name} -- `));
    expect(output).toMatch(/^ {2}--stage <stage> /m);
    expect(output).toMatch(/^Example:\n {2}npm (?:start|run)/m);
    expect(Math.max(...output.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it.each(COMMAND_NAMES.filter((name) => name !== 'deploy'))(
    'answers an unknown option with the near one: %s',
    async (name) => {
      const { exitCode, output, error } = await runCommand([name, '--stagee', 'x']);

      expect({ exitCode, output }).toEqual({ exitCode: 2, output: '' });
      expect(error).toContain("unknown option '--stagee'\n(Did you mean --stage?)");
      expect(error).toContain(`npm run ${name} -- --help`);
    },
  );
});

const REAL = { EGAIN_CLIENT_ID: 'id', EGAIN_CLIENT_SECRET: 'canary' };
const DEV = ['--stage', 'dev'];

describe('a command line that is wrong ends with 2, and says what to do', () => {
  it.each<[line: string[], told: string, environment?: Record<string, string>]>([
    [[], 'Commands:'],
    [['deplyo'], 'Did you mean deploy?'],
    [['constructor'], "unknown command 'constructor'"],
    [['deploy'], 'which stage? npm run deploy -- --stage'],
    [['doctor', '--stag', 'canary'], 'Did you mean --stage?'],
    [['doctor', '--json=canary'], 'too many arguments'],
    [['doctor', 'canary'], 'too many arguments'],
    [['doctor', '--stage'], "'--stage <stage>' argument missing"],
    [['doctor', '--secret-arn', 'canary'], '--secret-arn needs the ARN'],
    [['doctor', '--secret-arn', 'arn:aws:iam::111122223333:user/canary'], 'needs the ARN'],
    [['doctor', 'x'], 'npm took --stage for itself. Put -- before', { npm_config_stage: 'true' }],
    [['deploy', 'x'], 'npm took --stage for itself', { npm_config_stage: 'x' }],
    [
      ['deploy', ...DEV],
      'npm took --skip-preflight for itself',
      { npm_config_skip_preflight: 'true' },
    ],
    [['deploy', ...DEV, 'canary'], 'npx cdk deploy <stack> --exclusively'],
    [['deploy', ...DEV, '-c', 'stage=other'], 'name the stage with --stage alone'],
    [['deploy', ...DEV, '-cstage=other'], 'name the stage with --stage alone'],
    [['partner', ...DEV], "missing required argument 'partner'"],
    [['partner', ...DEV, 'acme', 'rotat'], 'Allowed choices are show, secret, rotate, usage'],
    [['partner', ...DEV, 'acme', 'secret', '--finish'], '--finish is for rotate'],
    [['partner', ...DEV, 'acme', 'rotate', '--finish', '--undo'], 'cannot be used with'],
    [['verify', ...DEV, '--api-url', 'http://api.example.com/v1'], 'Expected an https URL'],
    [['start', '--accounts', 'many'], 'Expected a whole number from 0 to 200000'],
    [['start', '--containers', '0'], 'Expected a whole number from 1 to 64'],
    [['start'], 'PORT is "70000". Expected a whole number', { PORT: '70000' }],
    [['start', ...DEV], 'set EGAIN_CLIENT_ID and EGAIN_CLIENT_SECRET', { EGAIN_CLIENT_ID: 'id' }],
    [['start', ...DEV, '--accounts', '3'], '--accounts is for the simulated eGain', REAL],
    [['workflow', ...DEV, '--fault', 'forbidden'], '--fault is for the simulated eGain', REAL],
    [['workflow', '--fault', 'toString'], 'Allowed choices are unauthorized, '],
    [['workflow', '--input', '{'], 'Expected JSON like'],
    [['workflow', '--definition', '/nowhere.json'], 'There is no such file'],
  ])('%j', async (line, told, environment = {}) => {
    const { exitCode, output, error } = await runCommand(line, { environment });

    expect(error).toContain(told);
    expect(error + output).not.toContain('canary');
    expect({ exitCode, output }).toEqual({ exitCode: 2, output: '' });
  });

  it("takes an option that is npm's too, and one that was given after all", async () => {
    const environment = { npm_config_json: 'true', npm_config_stage: 'x' };

    const { error } = await runCommand(['doctor', '--stage', 'nowhere'], { environment });

    expect(error).toBe('');
  });
});

describe('a stage that does not exist', () => {
  it.each(COMMAND_NAMES.filter((name) => name !== 'doctor'))(
    'ends %s with 1, and says how to make it',
    async (name) => {
      const partner = name === 'partner' ? ['acme'] : [];

      const { exitCode, error, cdkCalls } = await runCommand([
        name,
        '--stage',
        'nowhere',
        ...partner,
      ]);

      expect(error).toMatch(/^There is no config\/nowhere\.json/);
      expect({ exitCode, cdkCalls }).toEqual({ exitCode: 1, cdkCalls: [] });
    },
  );
});
