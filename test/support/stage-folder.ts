import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { temporaryFolder } from './temporary-folder.ts';

/** A folder with this stage config as `test.json`. */
export function stageFolder(config: object): URL {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'test.json'), JSON.stringify(config));
  return pathToFileURL(`${folder}/`);
}
