import { type Output, UpdateTerminationProtectionCommand } from '@aws-sdk/client-cloudformation';
import type { MetricAlarm } from '@aws-sdk/client-cloudwatch';
import type { Command } from 'commander';
import { stackName } from '../lib/stage/stage-name.ts';
import { type Aws, asked, connectStage, tellPlace } from './aws/clients.ts';
import {
  findStack,
  isHeldAfterFailure,
  readDescribedOutputs,
  stageStackNames,
} from './aws/stacks.ts';
import { type PreflightOptions, preflightStage, QUALIFIER_CONTEXT } from './preflight/preflight.ts';
import { addAwsOptions, addStage, type CliCommand, CommandFailure, type World } from './program.ts';
import { callUntil, findTriggers, tellEnd, WATCH_MINUTES } from './release-watch.ts';
import type { Terminal } from './terminal.ts';

interface DeployOptions extends PreflightOptions {
  readonly toolkitStackName?: string;
  readonly yes?: true;
  readonly watch: boolean;
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
      .option('--no-watch', 'lets no alarm take back the release of a stage that is there already')
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
    const { config, aws } = connectStage(options, world);
    await tellPlace(stage, aws, terminal);
    if (options.skipPreflight !== true) {
      const qualifier = passed.find((arg) => arg.includes(`${QUALIFIER_CONTEXT}=`));
      const own = qualifier?.replace(/^.*=/, '');
      if (!(await isReady({ ...options, qualifier: own }, world))) return 1;
    }
    const stacks = stageStackNames(stage, config);
    await freeFailedStacks(aws, stacks, terminal);
    const isPrepared = /--no-execute|--execute,false|--method,prepare-change-set/.test(
      passed.join(),
    );
    const isUpdate =
      !isPrepared &&
      !passed.includes('--rollback-trigger-alarm-arns') &&
      (await isDeployed(aws, stackName(stage)));
    const triggers = isUpdate && options.watch ? await findTriggers(aws, stage, terminal) : [];
    terminal.print('- The CDK synthesises and deploys the stage');
    const deploying = terminal.runCdk([
      'deploy',
      '--all',
      '--context',
      `stage=${stage}`,
      ...(isUpdate ? triggerOptions(triggers) : []),
      ...(['profile', 'region'] as const).flatMap((name) => given(`--${name}`, options[name])),
      ...given('--toolkit-stack-name', options.toolkitStackName),
      ...(yes && !passed.includes('--require-approval') ? ['--require-approval', 'never'] : []),
      ...(yes ? ['--yes'] : []),
      ...passed,
    ]);
    if (triggers.length > 0) {
      const rounds = await callUntil(deploying, options, world);
      await tellEnd(aws, stacks, rounds, triggers, terminal);
    }
    const exitCode = await deploying;
    if (exitCode !== 0) return exitCode;
    terminal.print(
      isPrepared
        ? '\nNothing is deployed yet: the change sets wait to be executed.'
        : deployedText(stage, await outputsToShow(aws, stacks, terminal)),
    );
    return 0;
  },
};

/** The options that are the CDK's. The stage and the stacks are not for them to choose. */
function cdkOptions(command: Command): readonly string[] {
  const { args } = command;
  if (args[0]?.startsWith('-') === false) {
    command.error(
      'error: npm run deploy takes options only, and deploys all stacks of a stage. ' +
        'For one stack: npx cdk deploy <stack> --exclusively -c stage=<stage>',
    );
  }
  if (args.some((arg) => /^(?:-c)?stage=/.test(arg))) {
    command.error('error: name the stage with --stage alone.');
  }
  return args;
}

/** A stack keeps its rollback triggers until it is told others, or none. */
function triggerOptions(triggers: readonly MetricAlarm[]): string[] {
  const option = '--rollback-trigger-alarm-arns';
  if (triggers.length === 0) return [option, 'none'];
  return [
    ...triggers.flatMap(({ AlarmArn = '' }) => [option, AlarmArn]),
    '--monitoring-time-minutes',
    String(WATCH_MINUTES),
  ];
}

/** Whether the stack is there, whole; false where the caller may not look. */
async function isDeployed(aws: Aws, name: string): Promise<boolean> {
  const stack = await findStack(aws, name).catch(() => undefined);
  return /^(?:CREATE|UPDATE|UPDATE_ROLLBACK|IMPORT)_COMPLETE$/.test(stack?.StackStatus ?? '');
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

/**
 * Lets the CDK delete stacks whose first deploy failed. Whatever they had made is gone, so their
 * protection from termination protects nothing. Whoever may not look at stacks leaves that to the CDK.
 */
async function freeFailedStacks(
  aws: Aws,
  names: readonly string[],
  terminal: Terminal,
): Promise<void> {
  const found = await Promise.all(names.map((name) => findStack(aws, name))).catch(() => []);
  for (const stack of found) {
    if (stack === undefined || !isHeldAfterFailure(stack)) continue;
    const { StackName } = stack;
    terminal.print(`- ${StackName} has failed at its first deploy: it is made anew`);
    await asked(
      aws.cloudFormation.send(
        new UpdateTerminationProtectionCommand({ StackName, EnableTerminationProtection: false }),
      ),
      'cloudformation:UpdateTerminationProtection',
    );
  }
}

/** The outputs for people. The deploy has succeeded even where they can't be read. */
async function outputsToShow(
  aws: Aws,
  stacks: readonly string[],
  terminal: Terminal,
): Promise<Output[]> {
  return readDescribedOutputs(aws, stacks).catch((error: unknown) => {
    if (!(error instanceof CommandFailure)) throw error;
    terminal.printError(`The stage's outputs can't be read. ${error.message}`);
    return [];
  });
}

function deployedText(stage: string, outputs: readonly Output[]): string {
  const width = Math.max(0, ...outputs.map(({ OutputKey = '' }) => OutputKey.length)) + 2;
  const rows = outputs.flatMap(({ OutputKey = '', OutputValue, Description }) => [
    `  ${OutputKey.padEnd(width)}${OutputValue}`,
    `  ${' '.repeat(width)}· ${Description}`,
  ]);
  const secret = outputs.find(({ OutputKey }) => OutputKey === 'CredentialsSecretArn');
  return `
Stage ${stage} is deployed${rows.length === 0 ? '.' : `:\n${rows.join('\n')}`}

If the secret is new, put eGain's client id and secret into it. Write them to a file outside this
folder, {"clientId":"…","clientSecret":"…"}, then:
  aws secretsmanager put-secret-value --secret-id ${secret?.OutputValue ?? '<CredentialsSecretArn>'} --secret-string file://<file> && rm <file>
Then check that the stage works:
  npm run verify -- --stage ${stage}`;
}
