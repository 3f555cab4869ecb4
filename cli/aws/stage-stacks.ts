import { partnerGroups } from '../../lib/accounts/partners-table.ts';
import type { StageConfig } from '../../lib/stage/stage-config.ts';
import { partnersStackName, stackName } from '../../lib/stage/stage-name.ts';

/**
 * The names of the stacks that a stage may have, in the order of their deploy. The one for
 * credentials is not there where secret and issuer are the deployer's own.
 */
export function stageStackNames(stage: string, config: Pick<StageConfig, 'partners'>): string[] {
  const more = partnerGroups(config).slice(1);
  return [
    stackName(stage, 'credentials'),
    stackName(stage),
    ...more.map(({ number }) => partnersStackName(stage, number)),
    stackName(stage, 'workflow'),
    stackName(stage, 'observability'),
  ];
}

/** What lets protected stacks be deleted: a command a line, indented. */
export function freeingCommands(names: readonly string[]): string {
  const command = 'aws cloudformation update-termination-protection';
  return names
    .map((name) => `  ${command} --no-enable-termination-protection --stack-name ${name}\n`)
    .join('');
}
