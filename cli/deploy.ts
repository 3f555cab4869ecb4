import type { Command } from 'commander';
import { loadStageConfig, type StageConfig } from '../lib/stage/stage-config.ts';
import { connectAws } from './aws/clients.ts';
import { type DescribedOutput, readDescribedOutputs, stageStackNames } from './aws/stacks.ts';
import { type PreflightOptions, preflightStage } from './preflight/preflight.ts';
import { addAwsOptions, addStage, type CliCommand, CommandFailure, type World } from './program.ts';

interface DeployOptions extends PreflightOptions {
  readonly yes?: true;
  readonly skipPreflight?: true;
}

/** `npm run deploy`: preflight, the CDK on all stacks of a stage, and what people need afterwards. */
export const deploy: CliCommand = {
  describe(command) {
    addAwsOptions(addStage(command))
      .usage("-- --stage <stage> [options] [the CDK's options]")
      .description(
        'Checks whether the stage can be deployed (as npm run preflight does), deploys all its ' +
          'stacks, and prints the outputs and the next step. Asks before it changes rights.',
      )
      .option('--toolkit-stack-name <name>', "the CDK's bootstrap stack (default: CDKToolkit)")
      .option('-y, --yes', 'asks nothing: goes on after warnings, and approves changes of rights')
      .option('--skip-preflight', 'deploys without checking first')
      .allowUnknownOption()
      .allowExcessArguments()
      .addHelpText(
        'after',
        `
Every other option goes to the CDK: npx cdk deploy --help lists them.`,
      );
  },
  example: 'npm run deploy -- --stage dev',
  exitCodes: '0 deployed, 1 not deployed, 2 wrong usage',
  async run(command, world) {
    const { terminal } = world;
    const options = command.opts<DeployOptions>();
    const { stage, yes } = options;
    const passed = cdkOptions(command);
    // A mistake in the config should not have to wait for AWS.
    const config = loadStageConfig(stage);
    if (options.skipPreflight !== true && !(await isReady(options, world))) return 1;
    const exitCode = await terminal.runCdk([
      'deploy',
      '--all',
      '--context',
      `stage=${stage}`,
      ...(['profile', 'region'] as const).flatMap((name) => given(`--${name}`, options[name])),
      ...given('--toolkit-stack-name', options.toolkitStackName),
      ...(yes && !passed.includes('--require-approval') ? ['--require-approval', 'never'] : []),
      ...(yes ? ['--yes'] : []),
      ...passed,
    ]);
    if (exitCode !== 0) return exitCode;
    terminal.print(
      /--no-execute|--execute,false|--method,prepare-change-set/.test(passed.join())
        ? '\nNothing is deployed yet: the change sets wait to be executed.'
        : deployedText(stage, await outputsToShow(options, config, world)),
    );
    return 0;
  },
};

/** The options that are the CDK's. The stage and the stacks are not for them to choose. */
function cdkOptions(command: Command): readonly string[] {
  const [first, ...rest] = command.args;
  if (first !== undefined && !first.startsWith('-')) {
    command.error(
      'error: npm run deploy takes options only, and deploys all stacks of a stage. ' +
        'For one stack: npx cdk deploy <stack> --exclusively -c stage=<stage>',
    );
  }
  if (command.args.some((arg) => /^(?:-c)?stage=/.test(arg))) {
    command.error('error: name the stage with --stage alone.');
  }
  return first === undefined ? [] : [first, ...rest];
}

function given(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [name, value];
}

/**
 * Whether to deploy: never after a failed check, otherwise as the person at the terminal says, or
 * `--yes` in their place.
 */
async function isReady(options: DeployOptions, world: World): Promise<boolean> {
  const { stage, yes } = options;
  const { terminal } = world;
  const { failed, warned, place } = await preflightStage(options, world);
  if (failed) {
    terminal.printError(`Stage ${stage} is not ready to be deployed: fix what has a ✗.`);
    return false;
  }
  if (yes === true) return true;
  if (terminal.ask === undefined) {
    if (!warned) return true;
    throw new CommandFailure(
      'Something above has a !, and nobody is here to answer: fix it, or add --yes to go on.',
    );
  }
  if (await terminal.ask(`Deploy stage ${stage} to ${place}?`)) return true;
  terminal.print('Nothing was deployed.');
  return false;
}

/** The outputs for people. The deploy has succeeded even where they can't be read. */
async function outputsToShow(
  { stage, profile, region }: DeployOptions,
  config: StageConfig,
  { terminal }: World,
): Promise<DescribedOutput[]> {
  try {
    const target = { profile, region: region ?? config.aws.region };
    const aws = connectAws(target, terminal.environment);
    return await readDescribedOutputs(aws, stageStackNames(stage, config));
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    terminal.printError(`The stage's outputs can't be read. ${error.message}`);
    return [];
  }
}

function deployedText(stage: string, outputs: readonly DescribedOutput[]): string {
  const width = Math.max(0, ...outputs.map(({ name }) => name.length)) + 2;
  const rows = outputs.flatMap(({ name, value, description }) => [
    `  ${name.padEnd(width)}${value}`,
    `  ${' '.repeat(width)}· ${description}`,
  ]);
  const secret = outputs.find(({ name }) => name === 'CredentialsSecretArn');
  return `
Stage ${stage} is deployed${rows.length === 0 ? '.' : `:\n${rows.join('\n')}`}

If the secret is new, put eGain's client id and secret into it. Write them to a file outside this
folder, {"clientId":"…","clientSecret":"…"}, then:
  aws secretsmanager put-secret-value --secret-id ${secret?.value ?? '<CredentialsSecretArn>'} --secret-string file://<file> && rm <file>
Then check that the stage works:
  npm run verify -- --stage ${stage}`;
}
