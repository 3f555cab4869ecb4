import { type IRuleTarget, Rule, type RuleProps } from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';
import { ACCOUNTS_CHANGED, eventSource } from '../../lambda/accounts-changed.ts';

export interface AccountsChangedRuleProps
  extends Omit<RuleProps, 'eventPattern' | 'schedule' | 'eventBus'> {
  /** The stage that announces; its config has `events.accountsChanged`. */
  readonly stage: string;
  /** @default - to be added with `addTarget` */
  readonly targets?: IRuleTarget[];
}

/**
 * A rule on the account's default bus that matches when a stage's accounts have changed. The event
 * comes at least once and in no promised order, so name an execution after its `contentHash`.
 *
 * @example
 * new AccountsChangedRule(this, 'AccountsChanged', {
 *   stage: 'prod',
 *   targets: [new SfnStateMachine(mirror)],
 * });
 */
export class AccountsChangedRule extends Rule {
  constructor(scope: Construct, id: string, { stage, ...rest }: AccountsChangedRuleProps) {
    super(scope, id, {
      ...rest,
      eventPattern: { source: [eventSource(stage)], detailType: [ACCOUNTS_CHANGED] },
    });
  }
}
