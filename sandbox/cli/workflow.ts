import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import type { Command } from '../../cli/command.ts';
import { runStateMachine } from '../aws/state-machine.ts';
import { type Sandbox, startSandbox } from '../sandbox.ts';
import { readWorkflowCommand, WORKFLOW, type WorkflowCommand } from './workflow-command.ts';

/** Retries are shown, not waited for. */
const RETRY_WAIT_MS = 200;

/** `npm run workflow`: runs ExportAccounts on this machine and writes the export to a folder. */
export const workflow: Command = {
  spec: WORKFLOW,
  run: (options, terminal) => runExport(readWorkflowCommand(options, terminal.environment)),
};

async function runExport(command: WorkflowCommand): Promise<number> {
  const { stage, accounts, realEgain } = command;
  const sandbox = await startSandbox({
    stage,
    egain: { accounts },
    ...(realEgain === undefined ? {} : { realEgain }),
  });
  try {
    if (command.fault !== undefined) sandbox.egain?.setMode({ fault: command.fault });
    return await report(sandbox, command);
  } finally {
    await sandbox.stop();
  }
}

async function report(sandbox: Sandbox, { input, out }: WorkflowCommand): Promise<number> {
  const task = sandbox.functionNamed('TaskFunction');
  const execution = await runStateMachine(definitionOf(sandbox), input, {
    invoke: (_arn, payload) => task.invoke(payload),
    async putObject(_bucket, key, text) {
      const file = resolve(out, key);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
      const content: unknown = JSON.parse(text);
      const what = Array.isArray(content) ? `${content.length} accounts` : 'manifest';
      console.log(`${what}, ${text.length} characters: ${relative('.', file)}`);
    },
    retryWaitMs: RETRY_WAIT_MS,
    onRetry: (state, error) => console.log(`${state}: ${error}, trying again`),
  });
  if (execution.status === 'FAILED') {
    console.error(`ExportAccounts failed: ${execution.error}\n${execution.cause}`);
    return 1;
  }
  console.log(`ExportAccounts succeeded: ${JSON.stringify(execution.output)}`);
  return 0;
}

function definitionOf({ template }: Sandbox): string {
  const machine = template
    .ofType('AWS::StepFunctions::StateMachine')
    .find(({ logicalId }) => logicalId.startsWith('ExportAccounts'));
  if (machine === undefined) throw new Error('the template has no ExportAccounts');
  return String(machine.properties['DefinitionString']);
}
