import { writeFileSync } from 'node:fs';
import { FAULTS } from '../../lambda/faults.ts';
import { stageJsonSchema } from '../stage/stage-schema.ts';
import { createCostPage } from './cost-page.ts';
import { createExecutionPolicy } from './execution-policy.ts';
import { markdownTable } from './markdown-table.ts';
import { createOpenApi } from './openapi.ts';
import { createOptionsPage } from './options-page.ts';

/** Every document that is made from the code, by its path in the project. */
export function madeDocuments(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/openapi.json', json(createOpenApi())],
    ['docs/errors.md', createErrorsPage()],
    ['docs/options.md', createOptionsPage()],
    ['docs/cost.md', createCostPage()],
    ['docs/execution-policy.json', json(createExecutionPolicy())],
    ['config/stage.schema.json', json(stageJsonSchema())],
  ]);
}

/** Makes `docs/errors.md`: the fault catalogue for people. */
function createErrorsPage(): string {
  const rows = Object.values(FAULTS).map((fault) => [
    `\`${fault.code}\``,
    fault.developerMessage,
    fault.advice,
    fault.retry ? 'yes' : 'no',
    fault.workflowError === null ? '' : `\`${fault.workflowError}\``,
  ]);
  return `# Errors

Made from the fault catalogue, \`lambda/faults.ts\`, by \`npm run docs\`. Do not edit.

Every error is eGain's envelope: \`code\`, \`developerMessage\`, \`details\` where there is something to say, and \`userMessage\` if the request has \`X-egain-error-message: yes\`. (API Gateway's own errors, such as a 401 or 429, have none.) A code begins with the HTTP status. Numbers from 900 are this service's own; lower ones are eGain's, passed on.

A workflow catches the same faults by name; the error's message is the envelope as JSON. "Again" says whether the same request may succeed later.

${markdownTable(['code', 'what happened', 'what to do', 'again', 'in a workflow'], rows)}

When eGain fails with an envelope of its own and retries do not help, its 5xx is passed on: status, code and text. A workflow catches it as \`UpstreamUnavailable\`. Try again later, waiting longer each time.
`;
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

// `npm run docs`
if (import.meta.main) {
  for (const [path, content] of madeDocuments()) {
    writeFileSync(new URL(`../../${path}`, import.meta.url), content);
  }
}
