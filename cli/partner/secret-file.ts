import { chmodSync, closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { CommandFailure } from '../command.ts';

/** What a partner needs to get in. */
export interface PartnerFile {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly tokenUrl: string;
  readonly apiUrl: string;
  readonly scope: string;
}

const OWNER_ALONE = 0o600;

/**
 * Refuses before a new secret is made what would only be noticed after.
 *
 * @throws CommandFailure where the file is there already
 */
export function refuseExisting(path: string): void {
  if (existsSync(path)) throw exists(path);
}

/**
 * Writes the credentials to a file that its owner alone may read.
 *
 * @throws CommandFailure where the file is there already, or can't be written
 */
export function writeSecretFile(path: string, content: PartnerFile): void {
  let file: number;
  try {
    file = openSync(path, 'wx', OWNER_ALONE);
  } catch (error) {
    const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
    if (code === 'EEXIST') throw exists(path);
    throw new CommandFailure(`${path} can't be written (${String(code)}): name another by --out.`);
  }
  try {
    // The mode that `open` is given is narrowed by the umask, and some file systems ignore it.
    chmodSync(path, OWNER_ALONE);
    writeSync(file, `${JSON.stringify(content, null, 2)}\n`);
  } finally {
    closeSync(file);
  }
}

function exists(path: string): CommandFailure {
  return new CommandFailure(
    `${path} is there already and may hold a secret: remove it, or name another by --out <file>.`,
  );
}
