import { parseArgs } from 'node:util';
import type { ClientCredentials } from '../egain/egain.ts';

/** What `npm start` was asked for. */
export interface StartCommand {
  readonly stage: string;
  /** The port that must be taken, or `undefined` for 3000 or the next free one. */
  readonly port: number | undefined;
  readonly accounts: number | undefined;
  readonly latencyMs: number | undefined;
  readonly showLogs: boolean;
  readonly help: boolean;
  /** Where a real tenant is called. */
  readonly realEgain: ClientCredentials | undefined;
}

/** Its message is for the person at the keyboard. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

export const USAGE = `Usage: npm start [-- options]

  --stage <name>    the stage of config/<name>.json; any but sandbox calls that stage's real eGain
                    with EGAIN_CLIENT_ID and EGAIN_CLIENT_SECRET (default: sandbox)
  --accounts <n>    how many accounts the simulated eGain has (default: 240)
  --latency <ms>    how long the simulated eGain takes for each answer (default: 0)
  --logs            print what the functions log
  --help            print this

  PORT              the gateway's port (default: 3000, or the next free one)`;

/**
 * Reads the command line and its environment.
 *
 * @throws CommandError naming what is wrong and what was expected
 */
export function readCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): StartCommand {
  const values = parse(args);
  const { stage } = values;
  const accounts = whole('--accounts', values.accounts, 200_000);
  const latencyMs = whole('--latency', values.latency, 120_000);
  const real = stage !== 'sandbox' && !values.help;
  if (real && (accounts !== undefined || latencyMs !== undefined)) {
    throw new CommandError(
      '--accounts and --latency are for the simulated eGain of stage sandbox.',
    );
  }
  return {
    stage,
    port: whole('PORT', environment['PORT'] || undefined, 65_535),
    accounts,
    latencyMs,
    showLogs: values.logs,
    help: values.help,
    realEgain: real ? readCredentials(stage, environment) : undefined,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        stage: { type: 'string', default: 'sandbox' },
        accounts: { type: 'string' },
        latency: { type: 'string' },
        logs: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw new CommandError(`${error instanceof Error ? error.message : ''}\n\n${USAGE}`);
  }
}

function whole(name: string, text: string | undefined, high: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,6}$/.test(text) && Number(text) <= high) return Number(text);
  const shown = JSON.stringify(text.slice(0, 40));
  throw new CommandError(`${name} is ${shown}; expected a whole number from 0 to ${high}.`);
}

function readCredentials(
  stage: string,
  environment: Readonly<Record<string, string | undefined>>,
): ClientCredentials {
  const clientId = environment['EGAIN_CLIENT_ID'] ?? '';
  const clientSecret = environment['EGAIN_CLIENT_SECRET'] ?? '';
  const missing = [
    ...(clientId === '' ? ['EGAIN_CLIENT_ID'] : []),
    ...(clientSecret === '' ? ['EGAIN_CLIENT_SECRET'] : []),
  ];
  if (missing.length === 0) return { clientId, clientSecret };
  throw new CommandError(
    `Stage ${stage} calls a real eGain: set ${missing.join(' and ')} to the client application's ` +
      "credentials (eGain's Admin Console: Partition, Integration, Client Application).",
  );
}
