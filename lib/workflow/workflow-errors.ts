import { FAULTS, type WorkflowError } from '../../lambda/faults.ts';

type WorkflowErrors = { readonly [Name in WorkflowError]: Name };

/**
 * The names of the errors that TaskFunction fails with, to be caught with `addCatch`.
 *
 * @example
 * task.addCatch(tellTheOperator, { errors: [WORKFLOW_ERRORS.CredentialsRejected] });
 */
export const WORKFLOW_ERRORS: WorkflowErrors = Object.fromEntries(
  Object.values(FAULTS).flatMap(({ workflowError: name }) => (name === null ? [] : [[name, name]])),
  // The catalogue names every one of them; a test compares.
) as WorkflowErrors;
