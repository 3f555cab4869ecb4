import { writeFileSync } from 'node:fs';
import { stageJsonSchema } from '../stage/stage-schema.ts';
import { createErrorsPage } from './errors-page.ts';
import { createOpenApi } from './openapi.ts';

/** Writes the documents that are made from the code: `npm run docs`. */
const root = new URL('../../', import.meta.url);
write('docs/openapi.json', json(createOpenApi()));
write('docs/errors.md', createErrorsPage());
write('config/stage.schema.json', json(stageJsonSchema()));

function write(path: string, content: string): void {
  writeFileSync(new URL(path, root), content);
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
