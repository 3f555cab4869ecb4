import type { Aws } from '../aws/clients.ts';
import { findStack, freeingCommands } from '../aws/stage-stacks.ts';
import { CommandFailure } from '../command.ts';

/**
 * Stops where a stack may not be deleted: the CDK deletes from the last stack on, and would notice
 * with half of the stage gone. Where AWS does not tell, the CDK has to find out.
 *
 * @param names the stacks of the stage, in the order of their deploy
 * @param asked those that are to be deleted, names or patterns; none means all
 * @throws CommandFailure naming the stacks, and how they are freed
 */
export async function refuseProtected(
  aws: Aws,
  names: readonly string[],
  asked: readonly string[],
): Promise<void> {
  const kept: string[] = [];
  for (const name of threatened(names, asked)) {
    if (await isProtected(aws, name)) kept.push(name);
  }
  if (kept.length === 0) return;
  throw new CommandFailure(
    `${kept.join(' and ')} ${kept.length === 1 ? 'is' : 'are'} protected from termination, so ` +
      'nothing was deleted. If it is meant to go, free it first:\n' +
      `${freeingCommands(kept)}Then the same command again.`,
  );
}

/** With a stack go those that are deployed after it, which may depend on it. */
function threatened(names: readonly string[], asked: readonly string[]): readonly string[] {
  if (asked.length === 0) return names;
  // A pattern is none of the names, and may mean the first.
  const first = Math.min(...asked.map((one) => names.indexOf(one)));
  return names.slice(Math.max(0, first));
}

async function isProtected(aws: Aws, name: string): Promise<boolean> {
  try {
    return (await findStack(aws, name))?.EnableTerminationProtection === true;
  } catch {
    return false;
  }
}
