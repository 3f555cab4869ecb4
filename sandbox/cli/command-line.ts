import type { CommandSpec } from '../../cli/command-spec.ts';
import type { Options } from '../../cli/options.ts';
import { UsageError } from '../../cli/usage-error.ts';
import type { ClientCredentials } from '../egain/egain.ts';

/** What `npm start` was asked for. */
export interface StartCommand {
  readonly stage: string;
  /** The port that must be taken, or `undefined` for 3000 or the next free one. */
  readonly port: number | undefined;
  readonly accounts: number | undefined;
  readonly latencyMs: number | undefined;
  /** How many containers each function has, called in turn. */
  readonly containers: number | undefined;
  readonly showLogs: boolean;
  /** Where a real tenant is called. */
  readonly realEgain: ClientCredentials | undefined;
}

/** What `npm start` takes. */
export const START: CommandSpec = {
  name: 'start',
  about:
    'Runs the whole product on this machine, from the synthesised app: gateway, functions, secret ' +
    'store, an issuer of tokens and a simulated eGain.',
  defaultStage: 'sandbox',
  options: {
    accounts: {
      type: 'string',
      value: '<n>',
      about: 'how many accounts the simulated eGain has (default: 240)',
    },
    latency: {
      type: 'string',
      value: '<ms>',
      about: 'how long the simulated eGain takes for each answer (default: 0)',
    },
    containers: {
      type: 'string',
      value: '<n>',
      about:
        'how many containers each function has, called in turn (default: up to 4, the one used ' +
        'last first)',
    },
    logs: { type: 'boolean', about: 'prints what the functions log' },
  },
  notes: [
    'A stage other than sandbox calls its real eGain, with EGAIN_CLIENT_ID and EGAIN_CLIENT_SECRET.',
    "PORT is the gateway's port (default: 3000, or the next free one).",
  ],
};

/**
 * Reads what is particular to `npm start`.
 *
 * @throws UsageError naming what is wrong and what was expected
 */
export function readCommand(
  { stage, texts, flags }: Options,
  environment: Readonly<Record<string, string | undefined>>,
): StartCommand {
  const accounts = whole('--accounts', texts['accounts'], 200_000);
  const latencyMs = whole('--latency', texts['latency'], 120_000);
  const real = stage !== 'sandbox';
  if (real && (accounts !== undefined || latencyMs !== undefined)) {
    throw new UsageError('--accounts and --latency are for the simulated eGain of stage sandbox.');
  }
  return {
    stage,
    port: whole('PORT', environment['PORT'] || undefined, 65_535),
    accounts,
    latencyMs,
    containers: whole('--containers', texts['containers'], 64, 1),
    showLogs: flags.has('logs'),
    realEgain: real ? readCredentials(stage, environment) : undefined,
  };
}

/** @throws UsageError for a text that is no whole number from `low` to `high` */
export function whole(
  name: string,
  text: string | undefined,
  high: number,
  low = 0,
): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,6}$/.test(text) && Number(text) >= low && Number(text) <= high) return Number(text);
  const shown = JSON.stringify(text.slice(0, 40));
  throw new UsageError(`${name} is ${shown}; expected a whole number from ${low} to ${high}.`);
}

/** @throws UsageError where the environment lacks the credentials of a real eGain */
export function readCredentials(
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
  throw new UsageError(
    `Stage ${stage} calls a real eGain: set ${missing.join(' and ')} to the client application's ` +
      "credentials (eGain's Admin Console: Partition, Integration, Client Application).",
  );
}
