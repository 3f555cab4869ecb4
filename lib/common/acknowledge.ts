import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Records why rules of cdk-nag don't apply to a construct.
 *
 * @param reasons the reason by the rule's id; a finding's id stands in brackets behind it
 */
export function acknowledge(
  construct: IConstruct,
  reasons: Readonly<Record<string, string>>,
): void {
  const rules = Object.entries(reasons).map(([id, reason]) => ({ id, reason }));
  Validations.of(construct).acknowledge(...rules);
}

/** Why a role's policy is in the role. */
export const INLINE_POLICY = {
  'NIST.800.53.R5-IAMNoInlinePolicy':
    'The policy is for this one role and goes with it; nothing else could share it.',
};
