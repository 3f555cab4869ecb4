import { setTimeout } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { loadStageConfig } from '../lib/stage/stage-config.ts';
import type { LogLine } from '../sandbox/aws/lambda-runtime.ts';
import type { Sandbox, SandboxOptions } from '../sandbox/sandbox.ts';
import { addStage, type CliCommand, CommandFailure, wholeNumber } from './program.ts';
import { during, INTERRUPTED, type Terminal } from './terminal.ts';

/** The stage whose eGain is simulated; every other one calls its own. */
export const SANDBOX_STAGE = 'sandbox';

const DEFAULT_PORT = 3000;
const PORTS_TO_TRY = 100;
const PARENT_CHECK_MS = 500;
const SIGNAL_MS = 50;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

interface StartOptions {
  readonly stage: string;
  readonly accounts?: number;
  readonly latency?: number;
  readonly containers?: number;
  readonly logs?: true;
}

/** `npm start`: starts the sandbox, shows that it works, and runs until it is told to end. */
export const start: CliCommand = {
  describe(command) {
    addSandboxOptions(command)
      .description(
        'Runs the whole product on this machine, from the synthesised app: gateway, functions, ' +
          'secret store, token issuer and a simulated eGain.',
      )
      .option(
        '--latency <ms>',
        'how long the simulated eGain takes for each answer (default: 0)',
        wholeNumber(0, 120_000),
      )
      .option(
        '--containers <n>',
        'how many containers each function has, called in turn (default: up to 4, as needed)',
        wholeNumber(1, 64),
      )
      .option('--logs', 'prints what the functions log')
      .addHelpText('after', `PORT is the gateway's port (default: 3000, or the next free one).`);
  },
  example: 'npm start -- --accounts 5000 --latency 200',
  async run(command, { terminal }) {
    const { stage, accounts = 240, latency = 0, containers, logs } = command.opts<StartOptions>();
    const port = portOf(command, terminal.environment);
    const onProgress = stepsOf(terminal);
    const onTaken = (taken: number) =>
      terminal.print(`- Port ${taken} is taken, so the next free one is used`);
    const options = {
      stage,
      egain: { accounts, latencyMs: latency },
      ...realEgainOf(command, terminal, ['accounts', 'latency']),
      onProgress,
      maxContainers: containers,
      spread: containers !== undefined,
      ...(logs && { onLog: ({ text }: LogLine) => terminal.print(text) }),
    };
    terminal.print('- Starting the product on this machine');
    const starting = signalsFirst(
      during(terminal, 'Starting', () => startOn(port, options, onTaken)),
    );
    endOnSignal(starting, 0);
    const sandbox = await starting;
    terminal.print(await during(terminal, 'Asking for a list', async () => introduction(sandbox)));
    // A signal ends the process.
    return new Promise(() => undefined);
  },
};

/** Prints the steps of a start, each with the seconds that it took. */
export function stepsOf({ print }: Pick<Terminal, 'print'>): (step: string) => void {
  let before = performance.now();
  return (step) => {
    const seconds = ((performance.now() - before) / 1000).toFixed(1);
    before = performance.now();
    print(`- ${step} (${seconds} s)`);
  };
}

/** Adds what the commands that start a sandbox have in common. */
export function addSandboxOptions(command: Command): Command {
  return addStage(command, SANDBOX_STAGE)
    .option(
      '--accounts <n>',
      'how many accounts the simulated eGain has (default: 240)',
      wholeNumber(0, 200_000),
    )
    .addHelpText(
      'after',
      `
A stage other than sandbox calls its real eGain, with EGAIN_CLIENT_ID and EGAIN_CLIENT_SECRET.`,
    );
}

/**
 * The credentials for a stage's real eGain, out of the environment; without credentials, the sandbox
 * simulates eGain.
 *
 * @param simulated the options that are for the simulated eGain alone
 * @throws StageConfigError if the stage has no config, or a bad one
 */
export function realEgainOf(
  command: Command,
  { environment }: Terminal,
  simulated: readonly string[],
): Pick<SandboxOptions, 'realEgain'> {
  const stage = String(command.getOptionValue('stage'));
  if (stage === SANDBOX_STAGE) return {};
  const given = simulated.find((name) => command.getOptionValue(name) !== undefined);
  if (given !== undefined) {
    command.error(`error: --${given} is for the simulated eGain of stage sandbox.`);
  }
  // A stage that has no file is the first thing to mend.
  loadStageConfig(stage);
  const { EGAIN_CLIENT_ID: clientId = '', EGAIN_CLIENT_SECRET: clientSecret = '' } = environment;
  if (clientId === '' || clientSecret === '') {
    command.error(
      `error: stage ${stage} calls a real eGain: set EGAIN_CLIENT_ID and EGAIN_CLIENT_SECRET to ` +
        "its client application's credentials (eGain's Admin Console: Partition, Integration, " +
        'Client Application).',
    );
  }
  return { realEgain: { clientId, clientSecret } };
}

/** The port that must be used; undefined for 3000 or the next free one. */
function portOf(command: Command, { PORT = '' }: Terminal['environment']): number | undefined {
  if (PORT === '') return undefined;
  try {
    return wholeNumber(0, 65_535)(PORT);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    return command.error(`error: PORT is ${JSON.stringify(PORT.slice(0, 40))}. ${error.message}`);
  }
}

async function startOn(
  port: number | undefined,
  options: SandboxOptions,
  onTaken: (port: number) => void,
): Promise<Sandbox> {
  // It loads the CDK, and a mistyped option should not have to wait for that.
  const { startSandbox } = await import('../sandbox/sandbox.ts');
  const first = port ?? DEFAULT_PORT;
  const last = port ?? DEFAULT_PORT + PORTS_TO_TRY - 1;
  for (let tried = first; tried <= last; tried += 1) {
    try {
      return await startSandbox({ ...options, port: tried });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
      if (error.code === 'EACCES') {
        throw new CommandFailure(
          `Port ${tried} may not be used. Choose another: PORT=8080 npm start`,
        );
      }
      if (error.code !== 'EADDRINUSE') throw error;
      if (tried === DEFAULT_PORT && port === undefined) onTaken(tried);
    }
  }
  throw new CommandFailure(
    port === undefined
      ? `No port from ${first} to ${last} is free. Choose one: PORT=8080 npm start`
      : `Port ${port} is taken. Choose another: PORT=${port + 1} npm start`,
  );
}

/**
 * Ctrl-C also ends esbuild, a process of its own, and so makes a start fail. The failure waits until
 * the signal is heard, which ends this process without a word about it.
 */
export async function signalsFirst<T>(starting: Promise<T>): Promise<T> {
  try {
    return await starting;
  } catch (error) {
    await setTimeout(SIGNAL_MS);
    throw error;
  }
}

/**
 * The first signal stops the sandbox in order, a second one, or one during the start, at once. npm
 * starts commands in a shell that passes no signal on, so the end of that shell counts as a signal.
 *
 * @returns what leaves signals to Node.js again
 */
export function endOnSignal(starting: Promise<Sandbox>, exitCode: number): () => void {
  let started: Sandbox | undefined;
  const remember = async () => {
    started = await starting;
  };
  remember().catch(() => undefined);
  let ending = false;
  const end = () => {
    if (ending || started === undefined) process.exit(INTERRUPTED);
    ending = true;
    started
      .stop()
      .then(() => process.exit(exitCode))
      .catch(() => process.exit(1));
  };
  for (const signal of SIGNALS) process.on(signal, end);
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid !== parent && !ending) end();
  }, PARENT_CHECK_MS).unref();
  return () => {
    clearInterval(watch);
    for (const signal of SIGNALS) process.off(signal, end);
  };
}

/** Two commands to paste, and what they return. */
async function introduction(sandbox: Sandbox): Promise<string> {
  const [name = '', partner] = Object.entries(sandbox.partners)[0] ?? [];
  // Without addresses: those of a real tenant are personal data.
  const url = `${sandbox.accountsUrl}?pagesize=3&fields=id,name,description,active,channel`;
  const token = await sandbox.token(name);
  const answer = await fetch(url, { headers: { Authorization: `Bearer ${token}` } });
  const body = JSON.stringify(JSON.parse(await answer.text()), null, 2);
  return `
As partner ${name}, get a token and list accounts:

TOKEN=$(curl -s '${sandbox.tokenUrl}' -d grant_type=client_credentials -d 'client_id=${partner?.clientId}' -d 'client_secret=${partner?.clientSecret}' --data-urlencode 'scope=${partner?.scope}' | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
curl -si "${url}" -H "Authorization: Bearer $TOKEN"

The second command's answer just now, status ${answer.status}:
${body}

The contract, to read and to try: ${sandbox.docsUrl}
All partners and URLs: ${sandbox.url}/_sandbox${faultHint(sandbox)}
End with Ctrl-C.`;
}

function faultHint({ egain, url }: Sandbox): string {
  if (egain === undefined) return '';
  const { port } = new URL(url);
  const prefix = port === String(DEFAULT_PORT) ? '' : `PORT=${port} `;
  return `
Examine this eGain, in another terminal: ${prefix}npm run doctor -- --stage sandbox
Make eGain fail, repeat the second command above, and end the fault:
curl -s ${url}/_sandbox/egain -d '{"status":403}'
curl -s ${url}/_sandbox/egain -d '{}'`;
}
