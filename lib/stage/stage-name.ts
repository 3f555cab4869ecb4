/** A stage's stacks beside the accounts stack, which has the stage's plain name. */
type StackKind = 'credentials' | 'workflow' | 'observability' | `partners-${number}`;

/** A stage's name can't end like this: its accounts stack would be taken for another stage's. */
export const RESERVED_SUFFIXES = [
  '-credentials',
  '-workflow',
  '-observability',
  '-partners-2',
  '-partners-3',
] as const satisfies readonly `-${StackKind}`[];

/**
 * The name of one of a stage's stacks.
 *
 * @param kind none for the accounts stack; `partners-2` and up have the usage plans of the partners
 *   for whom that one has no room
 */
export function stackName(stage: string, kind?: StackKind): string {
  return `egain-accounts-${stage}${kind === undefined ? '' : `-${kind}`}`;
}

/** The name of a partner's usage plan and app client, by which people and commands find them. */
export function partnerResourceName(stage: string, partner: string): string {
  return `egain-accounts-${stage}-${partner}`;
}

/** The name of one of a stage's alarms. */
export function alarmName(stage: string, alarm: string): string {
  return `egain-accounts-${stage}-${alarm}`;
}

/**
 * The alarms that a release can set off and eGain cannot. CloudFormation takes five.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_RollbackConfiguration.html
 */
export const RELEASE_ALARMS = [
  'AuthorizerFailures',
  'GatewayFaults',
  'InternalErrors',
  'MisconfiguredApi',
  'MisconfiguredTask',
] as const;
