import type { CommandSpec } from '../../cli/command-spec.ts';
import type { Options } from '../../cli/options.ts';
import { UsageError } from '../../cli/usage-error.ts';
import type { ClientCredentials } from '../egain/egain.ts';
import { EGAIN_FAULTS } from '../egain/egain-faults.ts';
import { readCredentials, whole } from './command-line.ts';

/** What `npm run workflow` was asked for. */
export interface WorkflowCommand {
  readonly stage: string;
  /** The file with a state machine of the author's; ExportAccounts without it. */
  readonly definition: string | undefined;
  /** The execution's input. */
  readonly input: unknown;
  /** The folder of the export. */
  readonly out: string;
  readonly accounts: number;
  /** A name out of `EGAIN_FAULTS`. */
  readonly fault: string | undefined;
  /** Where a real tenant is called. */
  readonly realEgain: ClientCredentials | undefined;
}

/** What `npm run workflow` takes. */
export const WORKFLOW: CommandSpec = {
  name: 'workflow',
  about:
    'Starts the sandbox and runs a state machine with the real bundle of TaskFunction: one of your ' +
    'own, or ExportAccounts out of the synthesised template.',
  defaultStage: 'sandbox',
  options: {
    definition: {
      type: 'string',
      value: '<file>',
      about: 'a state machine of your own, as JSON; ${TaskFunctionArn} in it is filled in',
    },
    input: { type: 'string', value: '<json>', about: "the execution's input (default: {})" },
    out: {
      type: 'string',
      value: '<folder>',
      about: 'where what it writes to S3 goes (default: export)',
    },
    accounts: {
      type: 'string',
      value: '<n>',
      about: 'how many accounts the simulated eGain has (default: 240)',
    },
    fault: {
      type: 'string',
      value: '<name>',
      about: 'what is wrong with the simulated eGain, to see the workflow fail',
    },
  },
  notes: [
    'Retries and Wait states take a fifth of a second.',
    'A stage other than sandbox calls its real eGain, with EGAIN_CLIENT_ID and EGAIN_CLIENT_SECRET.',
  ],
};

/**
 * Reads what is particular to `npm run workflow`.
 *
 * @throws UsageError naming what is wrong and what was expected
 */
export function readWorkflowCommand(
  { stage, texts }: Options,
  environment: Readonly<Record<string, string | undefined>>,
): WorkflowCommand {
  const { definition, input = '{}', out = 'export', fault } = texts;
  if (fault !== undefined && !Object.hasOwn(EGAIN_FAULTS, fault)) {
    const names = Object.keys(EGAIN_FAULTS).join(', ');
    throw new UsageError(`--fault is ${shown(fault)}; expected one of ${names}.`);
  }
  const accounts = whole('--accounts', texts['accounts'], 200_000);
  const real = stage !== 'sandbox';
  if (real && (accounts !== undefined || fault !== undefined)) {
    throw new UsageError('--accounts and --fault are for the simulated eGain of stage sandbox.');
  }
  return {
    stage,
    definition,
    input: jsonIn(input),
    out,
    accounts: accounts ?? 240,
    fault,
    realEgain: real ? readCredentials(stage, environment) : undefined,
  };
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`--input is ${shown(text)}; expected JSON like '{"fields":["id"]}'.`);
  }
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 40));
