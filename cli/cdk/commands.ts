import { loadStageConfig, type StageConfig } from '../../lib/stage/stage-config.ts';
import { type Aws, type AwsTarget, connectAws } from '../aws/clients.ts';
import { type DescribedOutput, readDescribedOutputs } from '../aws/outputs.ts';
import { stageStackNames } from '../aws/stage-stacks.ts';
import { type Command, CommandFailure } from '../command.ts';
import type { CommandSpec } from '../command-spec.ts';
import type { Options } from '../options.ts';
import { goesOn } from '../preflight/go-on.ts';
import { type PreflightOptions, preflightStage } from '../preflight/preflight.ts';
import type { Terminal } from '../terminal.ts';
import { deployedText } from './deployed.ts';
import { refuseProtected } from './protection.ts';

/** Without a name of a stack, all are meant. */
const ALL = '--all';

/** `npm run synth`: what would be deployed, without AWS. */
export const synth: Command = passing(
  {
    name: 'synth',
    about:
      'Makes the CloudFormation templates and the bundles of a stage into cdk.out, without asking ' +
      'AWS for anything.',
    defaultStage: 'dev',
    options: {},
    positionals: '[stack …]',
    cdkCommand: 'synth',
  },
  ({ passed }) => (passed.includes('--quiet') || passed.includes('-q') ? [] : ['--quiet']),
);

/** `npm run diff`: what a deploy would change. */
export const diff: Command = passing(
  {
    name: 'diff',
    about: 'Says what a deploy of the stage would change.',
    defaultStage: null,
    options: {},
    positionals: '[stack …]',
    cdkCommand: 'diff',
  },
  () => [],
);

/** `npm run destroy`: ends a stage. */
export const destroy: Command = {
  spec: {
    name: 'destroy',
    about:
      'Deletes the stacks of a stage, unless one is protected from termination. What stays, and how ' +
      'it is deleted, stands in docs/deploying.md, Going away for good.',
    defaultStage: null,
    options: {},
    positionals: '[stack …]',
    cdkCommand: 'destroy',
  },
  async run(options, terminal) {
    const { stage, passed, positionals } = options;
    const config = loadStageConfig(stage);
    const aws = awsOf(passed, config, terminal);
    await refuseProtected(aws, stageStackNames(stage, config), positionals);
    return runStage('destroy', options, terminal, positionals.length === 0 ? [ALL] : []);
  },
};

/** `npm run deploy`: preflight, then the stacks of a stage. */
export const deploy: Command = {
  spec: {
    name: 'deploy',
    about:
      'Looks whether the stage can be deployed with the AWS credentials of this shell (as npm run ' +
      'preflight does), then deploys its stacks. Asks before it changes rights.',
    defaultStage: null,
    options: {
      yes: {
        type: 'boolean',
        short: 'y',
        about: 'asks nothing: goes on where preflight only warns, and approves changes of rights',
      },
      'skip-preflight': { type: 'boolean', about: 'deploys without looking first' },
    },
    positionals: '[stack …]',
    cdkCommand: 'deploy',
    notes: ['Exit code: 0 deployed, 1 not deployed, 2 wrong usage.'],
  },
  async run(options, terminal) {
    const { stage, flags, passed, positionals } = options;
    // A slip in the config should not have to wait for AWS.
    const config = loadStageConfig(stage);
    const yes = flags.has('yes');
    if (!flags.has('skip-preflight')) {
      const report = await preflightStage(stage, terminal, awsOptionsIn(passed));
      if (!(await goesOn(report, yes, terminal))) return 1;
    }
    const approved = passed.some((one) => /^--require-?approval/i.test(one));
    const exitCode = await runStage('deploy', options, terminal, [
      ...(positionals.length === 0 ? [ALL] : []),
      ...(yes && !approved ? ['--require-approval', 'never'] : []),
      ...(yes ? ['--yes'] : []),
    ]);
    if (exitCode !== 0) return exitCode;
    terminal.print(
      onlyPrepares(passed)
        ? '\nNothing is deployed yet: the change sets wait to be executed.'
        : deployedText(stage, await outputsToShow(options, config, terminal)),
    );
    return exitCode;
  },
};

/** A command that is the CDK's own, on a stage that exists. */
function passing(
  spec: CommandSpec & { readonly cdkCommand: string },
  more: (options: Options) => readonly string[],
): Command {
  return {
    spec,
    async run(options, terminal) {
      loadStageConfig(options.stage);
      return runStage(spec.cdkCommand, options, terminal, more(options));
    },
  };
}

/** Whether the CDK is told to make change sets and leave them. */
function onlyPrepares(passed: readonly string[]): boolean {
  const method = lastValue(passed, '--method') ?? lastValue(passed, '-m');
  return (
    passed.includes('--no-execute') ||
    passed.includes('--execute=false') ||
    method === 'prepare-change-set'
  );
}

/** The outputs for people; none, and why, where they can't be read: the deploy has succeeded. */
async function outputsToShow(
  { stage, passed }: Options,
  config: StageConfig,
  terminal: Terminal,
): Promise<DescribedOutput[]> {
  const aws = awsOf(passed, config, terminal);
  try {
    return await readDescribedOutputs(aws, stageStackNames(stage, config));
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    terminal.printError(error.message);
    return [];
  }
}

function runStage(
  command: string,
  { stage, passed }: Options,
  terminal: Terminal,
  more: readonly string[],
): Promise<number> {
  return terminal.runCdk([command, '--context', `stage=${stage}`, ...more, ...passed]);
}

/** AWS, where the CDK is told to go. */
function awsOf(passed: readonly string[], config: StageConfig, terminal: Terminal): Aws {
  const { profile, region = config.aws.region } = awsOptionsIn(passed);
  return connectAws({ profile, region }, terminal.environment);
}

/** Where the CDK is told to go, for others to look there too. */
function awsOptionsIn(
  passed: readonly string[],
): AwsTarget & Pick<PreflightOptions, 'toolkitStackName'> {
  return {
    profile: lastValue(passed, '--profile'),
    region: lastValue(passed, '--region'),
    toolkitStackName:
      lastValue(passed, '--toolkit-stack-name') ?? lastValue(passed, '--toolkitStackName'),
  };
}

/** The value of `--name value` or `--name=value`; of several the last, which the CDK takes. */
function lastValue(passed: readonly string[], name: string): string | undefined {
  const inline = `${name}=`;
  const position = passed.findLastIndex((one) => one === name || one.startsWith(inline));
  const found = passed[position];
  return found === name ? passed[position + 1] : found?.slice(inline.length);
}
