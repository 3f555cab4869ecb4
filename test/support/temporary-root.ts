import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Gives the whole run one folder in place of the system's temporary one, and removes it with
 * whatever the tests, and what they start, have left there.
 */
export default function setup(): () => void {
  const root = mkdtempSync(join(tmpdir(), 'egain-accounts-tests-'));
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = root;
  const remove = () => rmSync(root, { recursive: true, force: true });
  // A run that is broken off does not come to its end.
  process.once('exit', remove);
  return remove;
}
