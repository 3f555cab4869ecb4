/** The stacks of a stage beside the one that has the stage's plain name. */
export const STACK_SUFFIXES = {
  credentials: '-credentials',
  workflow: '-workflow',
  observability: '-observability',
} as const;

/** The stacks that a stage has once its partners are more than the accounts stack has room for. */
const PARTNERS_SUFFIXES = ['-partners-2', '-partners-3'];

/** How no stage's name may end: its stack would be taken for one of another stage's. */
export const RESERVED_SUFFIXES = [...Object.values(STACK_SUFFIXES), ...PARTNERS_SUFFIXES];

/**
 * The name of one of a stage's stacks; without a kind, that of the functions and the API.
 *
 * @param stage the name of a stage config
 */
export function stackName(stage: string, kind?: keyof typeof STACK_SUFFIXES): string {
  return `egain-accounts-${stage}${kind === undefined ? '' : STACK_SUFFIXES[kind]}`;
}

/**
 * The name of the stack with the usage plans of one group of partners.
 *
 * @param group from 2; the first group's are in the accounts stack
 */
export function partnersStackName(stage: string, group: number): string {
  return `${stackName(stage)}-partners-${group}`;
}

/** What a partner's usage plan and app client are called, so that they can be found by name. */
export function partnerResourceName(stage: string, partner: string): string {
  return `egain-accounts-${stage}-${partner}`;
}
