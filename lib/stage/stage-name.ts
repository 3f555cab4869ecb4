/** The stacks of a stage beside the one that has the stage's plain name. */
export const STACK_SUFFIXES = {
  credentials: '-credentials',
  workflow: '-workflow',
  observability: '-observability',
} as const;

/** How no stage's name may end: its stack would be taken for one of another stage's. */
export const RESERVED_SUFFIXES = Object.values(STACK_SUFFIXES);

/**
 * The name of one of a stage's stacks; without a kind, that of the functions and the API.
 *
 * @param stage the name of a stage config
 */
export function stackName(stage: string, kind?: keyof typeof STACK_SUFFIXES): string {
  return `egain-accounts-${stage}${kind === undefined ? '' : STACK_SUFFIXES[kind]}`;
}
