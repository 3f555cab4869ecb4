import { FAULT_NAMES, FAULTS, type FaultName } from '../../lambda/faults.ts';
import { STATUS_NAMES } from './responses.ts';

const INTRODUCTION = `# Errors

Made from the fault catalogue, \`lambda/faults.ts\`, by \`npm run docs\`. Do not edit.

Every error is eGain's envelope: \`code\`, \`developerMessage\`, \`details\` where there is more to say,
and \`userMessage\` when the request has \`X-egain-error-message: yes\` (errors that API Gateway itself
makes, such as 401 and 429, have none). The whole code is unique. Numbers from 900 are this
service's own; numbers below 900 are eGain's, passed on.

A workflow catches the same faults by error name; the error's message is the envelope as JSON.
"Again" says whether the same request may succeed later.
`;

const EGAIN = `## eGain's own 5xx

When eGain fails with its own envelope, and retries do not help, status, code and text are passed on
unchanged. A workflow catches the error as \`UpstreamUnavailable\`. Try again later, and wait longer
each time.
`;

/** The error catalogue for people, as Markdown. */
export function createErrorsPage(): string {
  const sections = [...Map.groupBy(FAULT_NAMES, (fault) => FAULTS[fault].status)].map(
    ([status, group]) => `## ${status} ${STATUS_NAMES[status]}\n\n${table(group)}`,
  );
  return [INTRODUCTION, ...sections, EGAIN].join('\n');
}

function table(faults: readonly FaultName[]): string {
  const head =
    '| code | what happened | what to do | again | in a workflow |\n|---|---|---|---|---|';
  return `${[head, ...faults.map(row)].join('\n')}\n`;
}

function row(fault: FaultName): string {
  const { code, developerMessage, advice, retry, workflowError } = FAULTS[fault];
  const name = workflowError === null ? '' : `\`${workflowError}\``;
  return `| \`${code}\` | ${developerMessage} | ${advice} | ${retry ? 'yes' : 'no'} | ${name} |`;
}
