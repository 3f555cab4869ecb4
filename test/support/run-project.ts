import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './temporary-folder.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a command in the project's folder, in a shell that is signed in nowhere but by `environment`. */
export async function runProject([command = '', ...args]: readonly string[], environment: object) {
  const { PATH, TMPDIR } = process.env;
  const child = spawn(command, args, {
    cwd: PROJECT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH,
      TMPDIR,
      // Neither profiles nor npm settings of whoever runs this, and no asking of other machines.
      HOME: temporaryFolder(),
      AWS_EC2_METADATA_DISABLED: 'true',
      CDK_DISABLE_CLI_TELEMETRY: 'true',
      ...environment,
    },
  });
  const [stdout, stderr, status] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close').then(([code]) => code as number | null),
  ]);
  return { status, stdout, stderr, all: stdout + stderr };
}
