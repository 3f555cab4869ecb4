import { writeFileSync } from 'node:fs';
import { createErrorsPage } from './errors-page.ts';
import { createOpenApi } from './openapi.ts';

/** Writes the documents that are made from the code: `npm run docs`. */
const docs = new URL('../../docs/', import.meta.url);
writeFileSync(new URL('openapi.json', docs), `${JSON.stringify(createOpenApi(), null, 2)}\n`);
writeFileSync(new URL('errors.md', docs), createErrorsPage());
