import { DescribeStacksCommand, type Output, type Stack } from '@aws-sdk/client-cloudformation';
import { partnerGroups } from '../../lib/accounts/partners-table.ts';
import type { StageConfig } from '../../lib/stage/stage-config.ts';
import { stackName } from '../../lib/stage/stage-name.ts';
import { CommandFailure } from '../program.ts';
import { type Aws, asked, NO_REGION } from './clients.ts';

/**
 * The names of the stacks that a stage may have, in the order of their deploy. A stage whose secret
 * and issuer are the deployer's own has no stack for credentials.
 */
export function stageStackNames(stage: string, config: Pick<StageConfig, 'partners'>): string[] {
  const more = partnerGroups(config).slice(1);
  return [
    stackName(stage, 'credentials'),
    stackName(stage),
    ...more.map(({ number }) => stackName(stage, `partners-${number}`)),
    stackName(stage, 'workflow'),
    stackName(stage, 'observability'),
  ];
}

/** The stack of that name; undefined where there is none. @throws any other error of AWS */
export async function findStack(aws: Aws, name: string): Promise<Stack | undefined> {
  try {
    const { Stacks: [stack] = [] } = await aws.cloudFormation.send(
      new DescribeStacksCommand({ StackName: name }),
    );
    return stack;
  } catch (error) {
    // CloudFormation has no error of its own for a stack that does not exist.
    if (/^ValidationError.* does not exist/s.test(String(error))) return undefined;
    throw error;
  }
}

/** Whether the first deploy failed, and CloudFormation refuses to delete what is left of the stack. */
export function isHeldAfterFailure(stack: Stack): boolean {
  const hasFailed = /^ROLLBACK_(?:COMPLETE|FAILED)$/.test(stack.StackStatus ?? '');
  return hasFailed && stack.EnableTerminationProtection === true;
}

/** The outputs of a deployed stage, by name. */
export type StageOutputs = ReadonlyMap<string, string>;

/**
 * Reads the outputs that commands need.
 *
 * @throws CommandFailure where the stage is not deployed here, or AWS refuses
 */
export async function readOutputs(aws: Aws, stage: string): Promise<StageOutputs> {
  await aws.region().catch(() => {
    throw new CommandFailure(`No region is set: ${NO_REGION}`);
  });
  const outputs = new Map<string, string>();
  for (const name of [stackName(stage), stackName(stage, 'workflow')]) {
    const stack = await asked(findStack(aws, name), 'cloudformation:DescribeStacks');
    if (stack === undefined) {
      throw new CommandFailure(
        `This shell's account and region have no stack ${name}. Deploy it (npm run deploy -- ` +
          `--stage ${stage}), or choose another profile or region.`,
      );
    }
    for (const { OutputKey = '', OutputValue = '' } of stack.Outputs ?? []) {
      outputs.set(OutputKey, OutputValue);
    }
  }
  return outputs;
}

/** @throws CommandFailure where the stage has no such output */
export function requiredOutput(outputs: StageOutputs, name: string): string {
  const value = outputs.get(name);
  if (value !== undefined) return value;
  throw new CommandFailure(
    `The stage has no output ${name}: another version deployed it. Deploy it again.`,
  );
}

/**
 * Reads the outputs for people: those with a description, since those that one stack publishes for
 * another have none.
 *
 * @param names stacks; those that do not exist are left out
 * @throws CommandFailure where AWS refuses, or no stack has such an output
 */
export async function readDescribedOutputs(aws: Aws, names: readonly string[]): Promise<Output[]> {
  const described: Output[] = [];
  for (const name of names) {
    const stack = await asked(findStack(aws, name), 'cloudformation:DescribeStacks');
    const outputs = (stack?.Outputs ?? []).filter(({ Description }) => Description !== undefined);
    described.push(...outputs.toSorted(byKey));
  }
  if (described.length > 0) return described;
  throw new CommandFailure('The account and region that were asked have no outputs of the stage.');
}

function byKey({ OutputKey: one = '' }: Output, { OutputKey: other = '' }: Output): number {
  return one < other ? -1 : 1;
}
