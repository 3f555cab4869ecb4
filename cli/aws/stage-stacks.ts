import { DescribeStacksCommand, type Stack } from '@aws-sdk/client-cloudformation';
import { partnerGroups } from '../../lib/accounts/partners-table.ts';
import type { StageConfig } from '../../lib/stage/stage-config.ts';
import { stackName } from '../../lib/stage/stage-name.ts';
import type { Aws } from './clients.ts';

/**
 * The names of the stacks that a stage may have, in the order of their deploy. The one for
 * credentials is not there where secret and issuer are the deployer's own.
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

/** The stack of that name; undefined where there is none. @throws what AWS answers otherwise */
export async function findStack(aws: Aws, name: string): Promise<Stack | undefined> {
  try {
    const { Stacks: [stack] = [] } = await aws.cloudFormation.send(
      new DescribeStacksCommand({ StackName: name }),
    );
    return stack;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** CloudFormation has no error of its own for a stack that is not there. */
function isAbsent(error: unknown): boolean {
  return (
    error instanceof Error &&
    error.name.startsWith('ValidationError') &&
    /does not exist/.test(error.message)
  );
}

/** What lets protected stacks be deleted: a command a line, indented. */
export function freeingCommands(names: readonly string[]): string {
  const command = 'aws cloudformation update-termination-protection';
  return names
    .map((name) => `  ${command} --no-enable-termination-protection --stack-name ${name}\n`)
    .join('');
}
