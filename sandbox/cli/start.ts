import { type Command, CommandFailure } from '../../cli/command.ts';
import type { Sandbox, SandboxOptions } from '../sandbox.ts';
import { readCommand, START, type StartCommand } from './command-line.ts';

const DEFAULT_PORT = 3000;
const PORTS_TO_TRY = 100;
const PARENT_CHECK_MS = 500;

/** `npm start`: starts the sandbox, shows its main job done, and stays until it is told to end. */
export const start: Command = {
  spec: START,
  async run(options, terminal) {
    const starting = startOn(readCommand(options, terminal.environment));
    endOnSignal(starting);
    await introduce(await starting);
    // A signal ends the process.
    return new Promise(() => undefined);
  },
};

async function startOn(command: StartCommand): Promise<Sandbox> {
  const { stage, accounts, latencyMs, containers, realEgain, showLogs } = command;
  const options: SandboxOptions = {
    stage,
    egain: {
      ...(accounts === undefined ? {} : { accounts }),
      ...(latencyMs === undefined ? {} : { latencyMs }),
    },
    onProgress: (step) => console.log(`- ${step}`),
    ...(containers === undefined ? {} : { maxInstances: containers, spread: true }),
    ...(realEgain === undefined ? {} : { realEgain }),
    ...(showLogs ? { onLog: ({ text }) => console.log(text) } : {}),
  };
  // It brings the CDK along, for which a mistyped option should not have to wait.
  const { startSandbox } = await import('../sandbox.ts');
  const first = command.port ?? DEFAULT_PORT;
  const last = command.port ?? DEFAULT_PORT + PORTS_TO_TRY - 1;
  for (let port = first; port <= last; port += 1) {
    try {
      return await startSandbox({ ...options, port });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
      if (error.code === 'EACCES') throw new CommandFailure(`Port ${port} may not be used.`);
      if (error.code !== 'EADDRINUSE') throw error;
    }
  }
  throw new CommandFailure(
    command.port === undefined
      ? `No port from ${first} to ${last} is free. Choose one: PORT=8080 npm start`
      : `Port ${first} is taken. Choose another: PORT=${first + 1} npm start`,
  );
}

/**
 * The first signal ends the sandbox in order, a second one at once. The shell that npm starts it
 * by passes no signal on, so the end of that shell counts as one.
 */
function endOnSignal(starting: Promise<Sandbox>): void {
  let ending = false;
  const end = () => {
    if (ending) process.exit(130);
    ending = true;
    starting
      .then((sandbox) => sandbox.stop())
      .then(() => process.exit(0))
      .catch(() => process.exit(1));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent && !ending) end();
  }, PARENT_CHECK_MS).unref();
}

/** Two lines to paste, and what they would give. */
async function introduce(sandbox: Sandbox): Promise<void> {
  const [name = '', partner] = Object.entries(sandbox.partners)[0] ?? [];
  // No addresses: with a real tenant they are people's.
  const url = `${sandbox.accountsUrl}?pagesize=3&fields=id,name,description,active,channel`;
  const token = await sandbox.token(name);
  const answer = await fetch(url, { headers: { Authorization: `Bearer ${token}` } });
  const body = JSON.stringify(JSON.parse(await answer.text()), null, 2);
  console.log(`
As partner ${name}, get a token and list accounts:

TOKEN=$(curl -s '${sandbox.tokenUrl}' -d grant_type=client_credentials -d 'client_id=${partner?.clientId}' -d 'client_secret=${partner?.clientSecret}' --data-urlencode 'scope=${partner?.scope}' | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
curl -si "${url}" -H "Authorization: Bearer $TOKEN"

The second one's answer just now, status ${answer.status}:
${body}

The contract, to read and to try: ${sandbox.docsUrl}
All partners and URLs: ${sandbox.url}/_sandbox${faultHint(sandbox)}
End with Ctrl-C.`);
}

function faultHint({ egain, url }: Sandbox): string {
  if (egain === undefined) return '';
  const port = new URL(url).port;
  const found = port === String(DEFAULT_PORT) ? '' : `PORT=${port} `;
  return `
Examine this eGain, in another terminal: ${found}npm run doctor -- --stage sandbox
Let eGain fail: curl -s ${url}/_sandbox/egain -d '{"fault":"unauthorized"}', and '{}' to end it`;
}
