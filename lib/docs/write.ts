import { readFileSync, writeFileSync } from 'node:fs';
import { stageJsonSchema } from '../stage/stage-schema.ts';
import { createCostPage } from './cost-page.ts';
import { createErrorsPage } from './errors-page.ts';
import { fillParts, madeParts } from './made-parts.ts';
import { createOpenApi } from './openapi.ts';
import { createOptionsPage } from './options-page.ts';

const ROOT = new URL('../../', import.meta.url);
/** Written by hand but for the parts between markers. */
const PAGES_WITH_PARTS = [
  'README.md',
  'docs/operations.md',
  'docs/partner-guide.md',
  'docs/workflow-guide.md',
];

/** Every document that is made from the code, wholly or in part, by its path in the project. */
export function madeDocuments(): ReadonlyMap<string, string> {
  const parts = madeParts();
  return new Map([
    ['docs/openapi.json', json(createOpenApi())],
    ['docs/errors.md', createErrorsPage()],
    ['docs/options.md', createOptionsPage()],
    ['docs/cost.md', createCostPage()],
    ['config/stage.schema.json', json(stageJsonSchema())],
    ...PAGES_WITH_PARTS.map(
      (path) => [path, fillParts(readFileSync(new URL(path, ROOT), 'utf8'), parts)] as const,
    ),
  ]);
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

// `npm run docs`
if (import.meta.main) {
  for (const [path, content] of madeDocuments()) writeFileSync(new URL(path, ROOT), content);
}
