/** `npm run workflow`: runs ExportAccounts on this machine and writes the export to a folder. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { runStateMachine } from '../aws/state-machine.ts';
import { type Sandbox, startSandbox } from '../sandbox.ts';
import { CommandError } from './command-line.ts';
import { readWorkflowCommand, WORKFLOW_USAGE, type WorkflowCommand } from './workflow-command.ts';

/** Retries are shown, not waited for. */
const RETRY_WAIT_MS = 200;

try {
  const command = readWorkflowCommand(process.argv.slice(2));
  if (command.help) console.log(WORKFLOW_USAGE);
  else process.exitCode = await runExport(command);
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}

async function runExport(command: WorkflowCommand): Promise<number> {
  const sandbox = await startSandbox({ egain: { accounts: command.accounts } });
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
