import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An empty folder that goes when the tests end; see temporary-root.ts. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'test-'));
}
