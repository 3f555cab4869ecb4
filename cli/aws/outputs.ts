import type { Output } from '@aws-sdk/client-cloudformation';
import { stackName } from '../../lib/stage/stage-name.ts';
import { CommandFailure } from '../command.ts';
import { type Aws, adviceFor, errorName } from './clients.ts';
import { findStack } from './stage-stacks.ts';

/** What a deployed stage says of itself: the outputs of its stacks, by name. */
export type StageOutputs = ReadonlyMap<string, string>;

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
  // These have the outputs that commands need.
  for (const name of [stackName(stage), stackName(stage, 'workflow')]) {
    const stack = await findStack(aws, name).catch((error: unknown) => {
      throw notRead(errorName(error), name);
    });
    if (stack === undefined) {
      throw new CommandFailure(
        `There is no stack ${name} in the account and region of this shell. Deploy it (npm run ` +
          `deploy -- --stage ${stage}), or take the other profile or region.`,
      );
    }
    for (const { OutputKey = '', OutputValue = '' } of stack.Outputs ?? []) {
      outputs.set(OutputKey, OutputValue);
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
  for (const name of names) {
    const stack = await findStack(aws, name).catch((error: unknown) => {
      const failure = errorName(error);
      const advice = adviceFor(failure, 'cloudformation:DescribeStacks');
      throw new CommandFailure(`The stage's outputs can't be read: ${failure}. ${advice}`);
    });
    described.push(...(stack?.Outputs ?? []).flatMap(describedOutput).toSorted(byName));
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

function notRead(failure: string, stack: string): CommandFailure {
  const advice = adviceFor(failure, 'cloudformation:DescribeStacks');
  return new CommandFailure(`The stack ${stack} can't be read: ${failure}. ${advice}`);
}

/** @throws CommandFailure where the stage has no such output */
export function requiredOutput(outputs: StageOutputs, name: string): string {
  const value = outputs.get(name);
  if (value !== undefined) return value;
  throw new CommandFailure(
    `The stage has no output ${name}: it was deployed by another version. Deploy it again.`,
  );
}
