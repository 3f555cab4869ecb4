import { DescribeStacksCommand, type Output } from '@aws-sdk/client-cloudformation';
import { CommandFailure } from '../command.ts';
import { type Aws, adviceFor, errorName } from './clients.ts';

/** What a deployed stage says of itself: the outputs of its stacks, by name. */
export type StageOutputs = ReadonlyMap<string, string>;

/** The stacks of a stage that have outputs which commands need. */
function stackNames(stage: string): string[] {
  return [`egain-accounts-${stage}`, `egain-accounts-${stage}-workflow`];
}

/**
 * Reads the outputs of a deployed stage.
 *
 * @throws CommandFailure where the stage is not deployed here, or AWS does not tell
 */
export async function readOutputs(aws: Aws, stage: string): Promise<StageOutputs> {
  await aws.region().catch(() => {
    throw new CommandFailure(
      'No region is set: export AWS_REGION=<region>, or name aws.region in the stage config.',
    );
  });
  const outputs = new Map<string, string>();
  for (const StackName of stackNames(stage)) {
    try {
      for (const { OutputKey = '', OutputValue = '' } of await outputsOf(aws, StackName)) {
        outputs.set(OutputKey, OutputValue);
      }
    } catch (error) {
      throw notRead(error, StackName, stage);
    }
  }
  return outputs;
}

/** An output that is for people. */
export interface DescribedOutput {
  readonly name: string;
  readonly value: string;
  readonly description: string;
}

/**
 * Reads the outputs that have a description, stack by stack, by name. Those that one stack publishes
 * for another have none.
 *
 * @param names stacks that need not be there
 * @throws CommandFailure where AWS does not tell, or there are none
 */
export async function readDescribedOutputs(
  aws: Aws,
  names: readonly string[],
): Promise<DescribedOutput[]> {
  const described: DescribedOutput[] = [];
  for (const stackName of names) {
    try {
      const outputs = await outputsOf(aws, stackName);
      described.push(...outputs.flatMap(describedOutput).toSorted(byName));
    } catch (error) {
      if (isAbsent(error)) continue;
      const name = errorName(error);
      const advice = adviceFor(name, 'cloudformation:DescribeStacks');
      throw new CommandFailure(`The stage's outputs can't be read: ${name}. ${advice}`);
    }
  }
  if (described.length > 0) return described;
  throw new CommandFailure("The stage's outputs can't be read: there are none where this looks.");
}

function describedOutput(output: Output): DescribedOutput[] {
  const { OutputKey: name, OutputValue: value, Description: description = '' } = output;
  return name === undefined || value === undefined || description === ''
    ? []
    : [{ name, value, description }];
}

function byName(one: DescribedOutput, other: DescribedOutput): number {
  return one.name < other.name ? -1 : 1;
}

async function outputsOf(aws: Aws, StackName: string): Promise<Output[]> {
  const { Stacks = [] } = await aws.cloudFormation.send(new DescribeStacksCommand({ StackName }));
  return Stacks.flatMap((one) => one.Outputs ?? []);
}

/** CloudFormation has no error of its own for a stack that is not there. */
export function isAbsent(error: unknown): boolean {
  return (
    error instanceof Error &&
    error.name.startsWith('ValidationError') &&
    /does not exist/.test(error.message)
  );
}

function notRead(error: unknown, stackName: string, stage: string): CommandFailure {
  const name = errorName(error);
  if (name.startsWith('ValidationError')) {
    return new CommandFailure(
      `There is no stack ${stackName} in the account and region of this shell. Deploy it (npm run ` +
        `deploy -- --stage ${stage}), or take the other profile or region.`,
    );
  }
  const advice = adviceFor(name, 'cloudformation:DescribeStacks');
  return new CommandFailure(`The stack ${stackName} can't be read: ${name}. ${advice}`);
}

/** @throws CommandFailure where the stage has no such output */
export function requiredOutput(outputs: StageOutputs, name: string): string {
  const value = outputs.get(name);
  if (value !== undefined) return value;
  throw new CommandFailure(
    `The stage has no output ${name}: it was deployed by another version. Deploy it again.`,
  );
}
