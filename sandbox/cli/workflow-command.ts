import { parseArgs } from 'node:util';
import { EGAIN_FAULTS } from '../egain/egain-faults.ts';
import { CommandError } from './command-line.ts';

/** What `npm run workflow` was asked for. */
export interface WorkflowCommand {
  /** The execution's input. */
  readonly input: unknown;
  /** The folder of the export. */
  readonly out: string;
  readonly accounts: number;
  /** A name out of `EGAIN_FAULTS`. */
  readonly fault: string | undefined;
  readonly help: boolean;
}

export const WORKFLOW_USAGE = `Usage: npm run workflow [-- options]

Starts the sandbox, takes the state machine ExportAccounts out of the synthesised template, and runs
it with the real bundle of TaskFunction.

  --input <json>    the execution's input (default: {})
  --out <folder>    where the export goes (default: export)
  --accounts <n>    how many accounts the simulated eGain has (default: 240)
  --fault <name>    what is wrong with the simulated eGain, to see the workflow fail
  --help            print this`;

const MAX_ACCOUNTS = 200_000;

/**
 * Reads the command line.
 *
 * @throws CommandError naming what is wrong and what was expected
 */
export function readWorkflowCommand(args: readonly string[]): WorkflowCommand {
  const { input, out, accounts, fault, help } = parse(args);
  if (fault !== undefined && !Object.hasOwn(EGAIN_FAULTS, fault)) {
    const names = Object.keys(EGAIN_FAULTS).join(', ');
    throw new CommandError(`--fault is ${shown(fault)}; expected one of ${names}.`);
  }
  if (!/^\d{1,6}$/.test(accounts) || Number(accounts) > MAX_ACCOUNTS) {
    throw new CommandError(
      `--accounts is ${shown(accounts)}; expected a whole number from 0 to ${MAX_ACCOUNTS}.`,
    );
  }
  return { input: jsonIn(input), out, accounts: Number(accounts), fault, help };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        input: { type: 'string', default: '{}' },
        out: { type: 'string', default: 'export' },
        accounts: { type: 'string', default: '240' },
        fault: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw new CommandError(`${error instanceof Error ? error.message : ''}\n\n${WORKFLOW_USAGE}`);
  }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CommandError(`--input is ${shown(text)}; expected JSON like '{"fields":["id"]}'.`);
  }
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 40));
