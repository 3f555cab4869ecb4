import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, relative, resolve } from 'node:path';
import type { Command } from '../../cli/command.ts';
import type { Terminal } from '../../cli/terminal.ts';
import { runStateMachine } from '../aws/state-machine.ts';
import { type Sandbox, startSandbox } from '../sandbox.ts';
import { isTaskFunction, readDefinition, withPlaceholders } from './authors-definition.ts';
import { readWorkflowCommand, WORKFLOW, type WorkflowCommand } from './workflow-command.ts';

/** Retries and waits are shown, not waited for. */
const WAIT_MS = 200;

/**
 * `npm run workflow`: runs a state machine on this machine, ExportAccounts or an author's own, and
 * writes what it puts into S3 to a folder.
 */
export const workflow: Command = {
  spec: WORKFLOW,
  run: (options, terminal) =>
    runWorkflow(readWorkflowCommand(options, terminal.environment), terminal),
};

async function runWorkflow(command: WorkflowCommand, terminal: Terminal): Promise<number> {
  const { stage, accounts, realEgain, definition } = command;
  // What is wrong with the file should be known before the slow steps.
  const authors = definition === undefined ? undefined : readDefinition(definition);
  const sandbox = await startSandbox({
    stage,
    egain: { accounts },
    ...(realEgain === undefined ? {} : { realEgain }),
  });
  try {
    if (command.fault !== undefined) sandbox.egain?.setMode({ fault: command.fault });
    return await report(sandbox, command, authors, terminal);
  } finally {
    await sandbox.stop();
  }
}

async function report(
  sandbox: Sandbox,
  { input, out, definition }: WorkflowCommand,
  authors: string | undefined,
  terminal: Terminal,
): Promise<number> {
  const task = sandbox.functionNamed('TaskFunction');
  const name = definition === undefined ? 'ExportAccounts' : basename(definition);
  const text =
    authors === undefined
      ? definitionOf(sandbox)
      : withPlaceholders(authors, { TaskFunctionArn: task.spec.arn });
  const execution = await runStateMachine(text, input, {
    async invoke(functionName, payload) {
      if (isTaskFunction(functionName)) return task.invoke(payload);
      const errorMessage = `Function not found: ${functionName}; here is TaskFunction alone`;
      const errorType = 'Lambda.ResourceNotFoundException';
      return { ok: false, error: { errorType, errorMessage, trace: [] } };
    },
    async putObject(_bucket, key, body) {
      const file = resolve(out, key);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, body);
      terminal.print(`${whatIs(body)}, ${body.length} characters: ${relative('.', file)}`);
    },
    retryWaitMs: WAIT_MS,
    waitMs: WAIT_MS,
    onRetry: (state, error) => terminal.print(`${state}: ${error}, trying again`),
  });
  if (execution.status === 'FAILED') {
    terminal.printError(`${name} failed: ${execution.error}\n${execution.cause}`);
    return 1;
  }
  terminal.print(
    `${name} succeeded: ${JSON.stringify(execution.output, null, authors === undefined ? 0 : 2)}`,
  );
  return 0;
}

function whatIs(text: string): string {
  const content: unknown = JSON.parse(text);
  if (Array.isArray(content)) return `${content.length} accounts`;
  return typeof content === 'object' && content !== null && 'contentHash' in content
    ? 'manifest'
    : 'object';
}

function definitionOf({ template }: Sandbox): string {
  const machine = template
    .ofType('AWS::StepFunctions::StateMachine')
    .find(({ logicalId }) => logicalId.startsWith('ExportAccounts'));
  if (machine === undefined) throw new Error('the template has no ExportAccounts');
  return String(machine.properties['DefinitionString']);
}
