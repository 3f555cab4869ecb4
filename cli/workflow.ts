import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { InvalidArgumentError, Option } from 'commander';
import type { StageConfig } from '../lib/stage/stage-config.ts';
import type { LocalEvent } from '../sandbox/aws/event-bus.ts';
import { runStateMachine } from '../sandbox/aws/state-machine.ts';
import { EGAIN_FAULTS } from '../sandbox/egain/egain-faults.ts';
import { exampleAccounts } from '../sandbox/egain/example-accounts.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { type Definition, isTaskFunction, readDefinition, withArn } from './authors-definition.ts';
import type { CliCommand } from './program.ts';
import { addSandboxOptions, endOnSignal, realEgainOf, signalsFirst, stepsOf } from './start.ts';
import { during, INTERRUPTED, type Terminal } from './terminal.ts';

/** Retries and waits are shown, not waited for. */
const WAIT_MS = 200;
/** How often the snapshot is renewed, where that is due. */
const REFRESH_MS = 1000;

interface WorkflowOptions {
  readonly stage: string;
  readonly definition?: Definition;
  readonly input: unknown;
  readonly out: string;
  readonly accounts?: number;
  readonly fault?: string;
  readonly onChange?: true;
}

/**
 * `npm run workflow`: runs a state machine on this machine, and writes what it puts into S3 to a
 * folder.
 */
export const workflow: CliCommand = {
  describe(command) {
    addSandboxOptions(command)
      .description(
        'Starts the sandbox and runs a state machine with the real bundle of TaskFunction: one of ' +
          'your own, or ExportAccounts from the synthesised template.',
      )
      .option(
        '--definition <file>',
        'a state machine of your own, as JSON; ${TaskFunctionArn} in it is filled in',
        readDefinition,
      )
      .option('--input <json>', "the execution's input", parseJson, {})
      .addOption(
        new Option(
          '--on-change',
          'run it when an event tells that the accounts have changed: for those that are there, and, ' +
            'where eGain is simulated, for one change; your own definition gets the event as its input',
        ).conflicts('fault'),
      )
      .option('--out <folder>', 'where objects that it puts into S3 go', 'export')
      .addOption(
        new Option('--fault <name>', 'how the simulated eGain fails').choices(
          Object.keys(EGAIN_FAULTS),
        ),
      )
      .addHelpText('after', 'Each retry and Wait state takes a fifth of a second.');
  },
  example: `npm run workflow -- --definition my.asl.json --input '{"filter":{"active":true}}'`,
  async run(command, { terminal }) {
    const options = command.opts<WorkflowOptions>();
    const { stage, accounts = 240, fault, onChange } = options;
    const real = realEgainOf(command, terminal, ['accounts', 'fault']);
    const { startSandbox } = await import('../sandbox/sandbox.ts');
    const onProgress = stepsOf(terminal);
    terminal.print('- Starting the sandbox');
    const announcing = onChange && { configure: withAnnouncements };
    const starting = signalsFirst(
      during(terminal, 'Starting the sandbox', () =>
        startSandbox({ stage, egain: { accounts }, ...real, ...announcing, onProgress }),
      ),
    );
    const letGo = endOnSignal(starting, INTERRUPTED);
    try {
      const sandbox = await starting;
      if (fault !== undefined) sandbox.egain?.setMode({ fault });
      const run = (input: unknown, name?: string) =>
        during(terminal, 'Running', () => execute(sandbox, { ...options, input }, terminal, name));
      if (!onChange) return await run(options.input);
      const isOwn =
        options.definition !== undefined && command.getOptionValueSource('input') === 'default';
      return await executeOnChange(sandbox, accounts, terminal, (event) =>
        run(isOwn ? event : options.input, event.detail.contentHash),
      );
    } finally {
      await starting.then((sandbox) => sandbox.stop()).catch(() => undefined);
      letGo();
    }
  },
};

const withAnnouncements = (config: StageConfig): StageConfig => ({
  ...config,
  cache: { ...config.cache, refreshSeconds: config.cache.refreshSeconds ?? 60 },
  events: { accountsChanged: true },
});

/**
 * Runs something for each event, once for each content. A simulated eGain has one change; a real
 * one has its own.
 */
async function executeOnChange(
  sandbox: Sandbox,
  accounts: number,
  terminal: Terminal,
  run: (event: LocalEvent) => Promise<number>,
): Promise<number> {
  const { bus, egain } = sandbox;
  const refresh = sandbox.functionNamed('RefreshFunction');
  const known = new Set<string>();
  for (;;) {
    // The schedule itself calls it each minute at most.
    await refresh.invoke({});
    const event = bus.events.find(({ detail }) => !known.has(detail.contentHash));
    if (event === undefined) {
      await setTimeout(REFRESH_MS);
      continue;
    }
    known.add(event.detail.contentHash);
    terminal.print(`${event['detail-type']}: ${JSON.stringify(event.detail)}`);
    const status = await run(event);
    if (egain === undefined && status === 0) continue;
    if (status !== 0 || known.size === 2) return status;
    egain?.setAccounts(exampleAccounts(accounts + 1));
    terminal.print('eGain has one account more. It shows when the snapshot is renewed.');
  }
}

async function execute(
  sandbox: Sandbox,
  { input, out, definition }: WorkflowOptions,
  terminal: Terminal,
  executionName?: string,
): Promise<number> {
  const task = sandbox.functionNamed('TaskFunction');
  const deployed = sandbox.template.only('AWS::StepFunctions::StateMachine').properties;
  const chosen = definition ?? {
    name: 'ExportAccounts',
    text: String(deployed['DefinitionString']),
  };
  const { name } = chosen;
  const execution = await runStateMachine(withArn(chosen, task.spec.arn), input, {
    async invoke(functionName, payload) {
      if (isTaskFunction(functionName)) return task.invoke(payload);
      const errorMessage = `Function not found: ${functionName}; only TaskFunction is here`;
      const errorType = 'Lambda.ResourceNotFoundException';
      return { ok: false, error: { errorType, errorMessage, trace: [] } };
    },
    async putObject(_bucket, key, body) {
      const file = resolve(out, key);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, body);
      terminal.print(`${kindOf(body)}, ${body.length} characters: ${relative('.', file)}`);
    },
    retryWaitMs: WAIT_MS,
    waitMs: WAIT_MS,
    ...(executionName === undefined ? {} : { executionName }),
    onRetry: (state, error) => terminal.print(`${state}: ${error}, trying again`),
  });
  if (execution.status === 'FAILED') {
    terminal.printError(`${name} failed: ${execution.error}\n${execution.cause}`);
    return 1;
  }
  const output = JSON.stringify(execution.output, null, definition === undefined ? 0 : 2);
  terminal.print(`${name} succeeded: ${output}`);
  return 0;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidArgumentError(`Expected JSON like '{"fields":["id"]}'.`);
  }
}

function kindOf(text: string): string {
  const content: unknown = JSON.parse(text);
  if (Array.isArray(content)) return `${content.length} accounts`;
  return typeof content === 'object' && content !== null && 'contentHash' in content
    ? 'manifest'
    : 'object';
}
