import { FIELDS, type LeafPath, SCOPES, type Scope } from '../../lambda/accounts/fields.ts';
import { MAX_PAGESIZE } from '../../lambda/accounts/parameters.ts';
import { FAULTS } from '../../lambda/faults.ts';
import { LONGEST_MS } from '../../lambda/platform/deadline.ts';
import { TIME_OUTS } from '../accounts/accounts-function.ts';
import { parseStageConfig } from '../stage/stage-config.ts';
import { DEFAULT_FRESH_SECONDS } from '../stage/stage-schema.ts';
import { markdownTable } from './markdown-table.ts';
import { EXAMPLE_STAGE, stageFacts } from './stage-facts.ts';

const PART = /(?<=^ *<!-- made: (.+) -->\n)[^]*?(?=^ *<!-- end -->$)/gm;

/**
 * Writes the made parts of a page anew. A part stands between `<!-- made: <name> -->` and
 * `<!-- end -->`, each a line of its own.
 *
 * @throws Error for a part that nothing makes
 */
export function fillParts(page: string, parts: ReadonlyMap<string, string>): string {
  return page.replaceAll(PART, (_, name: string) => {
    const part = parts.get(name);
    if (part === undefined) throw new Error(`Nothing makes the part "${name}".`);
    return `${part}\n`;
  });
}

/** What the pages take from the code, by the name of the part. */
export function madeParts(): ReadonlyMap<string, string> {
  const alarms = [...stageFacts({ refreshSeconds: 60 }).alarms].map(
    ([section, means]) => [`alarm ${section}`, means] as const,
  );
  return new Map([
    ...alarms,
    ['scopes', scopes()],
    ['limits', limits()],
    ['walks', walks()],
    ['time limits', timeLimits()],
    ['workflow errors', workflowErrors()],
  ]);
}

function scopes(): string {
  const rows = SCOPES.map((scope) => [`\`${scope}\``, openedBy(scope)]);
  return markdownTable(['scope', 'opens'], rows);
}

/** An object whose values one scope opens is named as a whole. */
function openedBy(scope: Scope): string {
  const paths = Object.keys(FIELDS) as LeafPath[];
  const objects = Map.groupBy(paths, (path) => path.split('.')[0] ?? path);
  const names = [...objects].flatMap(([name, leaves]) => {
    const opened = leaves.filter((path) => FIELDS[path] === scope);
    if (opened.length === leaves.length) return [`\`${name}\``];
    return opened.length > 1 ? [`the rest of \`${name}\``] : opened.map((path) => `\`${path}\``);
  });
  return names.join(', ');
}

function limits(): string {
  const partners = { one: { scopes: [SCOPES[0]] } };
  const { one } = parseStageConfig({ ...EXAMPLE_STAGE, partners }).partners;
  if (one === undefined) throw new Error('The example has no partner.');
  const { throttle, quota } = one;
  return markdownTable(
    ['limit', 'unless agreed otherwise', 'how it shows'],
    [
      ['rate', `${throttle.rate} requests a second`, '`429-901`, `Retry-After: 1`'],
      ['burst', `${throttle.burst} requests at once`, 'the same'],
      [
        'quota',
        `${quota.limit.toLocaleString('en-US')} requests a ${quota.period.toLowerCase()}`,
        '`429-902`, `Retry-After: 3600`',
      ],
      ['accounts a page', String(MAX_PAGESIZE), '`400-901`'],
      ['a URL', 'about 8 KB', '`413-901`'],
      ['an answer', '6 MB', '`413-901`'],
    ],
  );
}

/** Calls a minute by the number of eGain's pages. */
function walks(): string {
  const periods = [DEFAULT_FRESH_SECONDS, 60, 300];
  const heads = periods.map((period) => `every ${period} s`);
  const rows = [1, 4, 14].map((pages) =>
    [pages, ...periods.map((period) => (pages * 60) / period)].map(String),
  );
  return markdownTable(['pages of eGain', ...heads], rows);
}

function timeLimits(): string {
  const { integration, api, task, authorizer, refresh } = TIME_OUTS;
  const times = [
    ['API Gateway', `${integration.toSeconds()} s`],
    ['ApiFunction', `${api.toSeconds()} s`],
    ['its answer', `${LONGEST_MS / 1000} s`],
    ['AuthorizerFunction', `${authorizer.toSeconds()} s`],
    ['TaskFunction', `${task.toSeconds()} s`],
    ['RefreshFunction', `${refresh.toMinutes()} min`],
  ] as const;
  return markdownTable(
    times.map(([who]) => who),
    [times.map(([, time]) => time)],
  );
}

/** The errors that a workflow can catch, with the codes that each stands for. */
function workflowErrors(): string {
  const faults = Object.values(FAULTS).filter(({ workflowError }) => workflowError !== null);
  const rows = [...Map.groupBy(faults, ({ workflowError }) => workflowError)].map(
    ([name, group]) => [
      `\`${name}\``,
      group.map(({ code }) => code).join(', '),
      group.map(({ developerMessage }) => developerMessage).join(' '),
      group.some(({ retry }) => retry) ? 'yes' : 'no',
    ],
  );
  return markdownTable(['error', 'codes', 'what happened', 'again'], rows);
}
