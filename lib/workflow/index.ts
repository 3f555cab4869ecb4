/** The package `egain-accounts-gateway/workflow`, for authors of workflows. */

export type { WorkflowError } from '../../lambda/faults.ts';
export { AccountsTask, type AccountsTaskProps } from './accounts-task.ts';
export { AllAccounts, type AllAccountsProps } from './all-accounts.ts';
export { retriedErrors, taskRetries, WORKFLOW_ERRORS, writeRetries } from './workflow-errors.ts';
