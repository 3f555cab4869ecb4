/** The package `egain-accounts-gateway/workflow`, for authors of workflows. */

export type { AccountsChanged } from '../../lambda/accounts-changed.ts';
export type { WorkflowError } from '../../lambda/faults.ts';
export { AccountsChangedRule, type AccountsChangedRuleProps } from './accounts-changed-rule.ts';
export {
  AccountsTask,
  type AccountsTaskJsonataProps,
  type AccountsTaskProps,
} from './accounts-task.ts';
export {
  AllAccounts,
  type AllAccountsJsonataProps,
  type AllAccountsProps,
} from './all-accounts.ts';
export { retriedErrors, taskRetries, WORKFLOW_ERRORS, writeRetries } from './workflow-errors.ts';
