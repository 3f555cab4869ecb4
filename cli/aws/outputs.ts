import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
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
      const { Stacks = [] } = await aws.cloudFormation.send(
        new DescribeStacksCommand({ StackName }),
      );
      for (const { OutputKey = '', OutputValue = '' } of Stacks.flatMap(
        (one) => one.Outputs ?? [],
      )) {
        outputs.set(OutputKey, OutputValue);
      }
    } catch (error) {
      throw notRead(error, StackName, stage);
    }
  }
  return outputs;
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
