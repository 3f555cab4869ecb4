/** What the package `egain-accounts-gateway/workflow` holds. */

export type { WorkflowError } from '../../lambda/faults.ts';
export { AccountsTask, type AccountsTaskProps } from './accounts-task.ts';
export { AllAccounts, type AllAccountsProps } from './all-accounts.ts';
export { WORKFLOW_ERRORS } from './workflow-errors.ts';
export { retriedErrors, taskRetries, writeRetries } from './workflow-retries.ts';
