import { FAULT_NAMES, FAULTS, type FaultName } from '../../lambda/faults.ts';

const INTRODUCTION = `# Errors

Made from the fault catalogue, \`lambda/faults.ts\`, by \`npm run docs\`. Do not edit.

Every error is eGain's envelope: \`code\`, \`developerMessage\`, \`details\` where there is something to
say, and \`userMessage\` when the request has \`X-egain-error-message: yes\` (API Gateway's own
errors, as any 401 or 429, have none). The code is unique as a whole. Numbers from 900 are this
service's own; numbers below 900 are eGain's, passed on.

A workflow meets the same faults as errors that it catches by name; the error's message is the
envelope as JSON. "Again" tells whether the same request may succeed later.
`;

const STATUS_NAMES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  409: 'Conflict',
  413: 'Content too large',
  415: 'Unsupported media type',
  429: 'Too many requests',
  500: 'Internal server error',
  502: 'Bad gateway',
  503: 'Service unavailable',
  504: 'Gateway timeout',
};

const EGAIN = `## eGain's own 5xx

When eGain fails with an envelope of its own, and retries do not help, it is passed on as it is:
status, code and text. A workflow catches it as \`UpstreamUnavailable\`. Try again later, waiting
longer each time.
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
