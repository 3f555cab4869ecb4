import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { WATCH_MINUTES } from '../../cli/release-watch.ts';
import { MAX_PAGESIZE } from '../../lambda/accounts/parameters.ts';
import { WINDOW_MS } from '../../lambda/egain/call-budget.ts';
import { LONGEST_MS } from '../../lambda/platform/deadline.ts';
import { TIME_OUTS } from '../../lib/accounts/accounts-function.ts';
import { parseStageConfig } from '../../lib/stage/stage-config.ts';
import { DEFAULT_FRESH_SECONDS } from '../../lib/stage/stage-schema.ts';
import { PLAIN_STAGE, propertiesOfOnly, synthesised } from '../support/stage.ts';

/*
 * Every figure that a page's prose states, by a phrase that is made from the code. What stands in
 * code blocks, as an error's code or as an alarm's meaning is held by other tests.
 */

const ROOT = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');
const { engines, peerDependencies } = JSON.parse(read('package.json')) as {
  readonly engines: { readonly node: string };
  readonly peerDependencies: Readonly<Record<string, string>>;
};
const digits = (text: string) => /[\d.]+/.exec(text)?.[0] ?? text;
const grouped = (value: number) => value.toLocaleString('en-US');

/** A number that a file keeps to itself: `const NAME = 5 * 60_000;`, or within `Duration.days(30)`. */
function constant(path: string, name: string): number {
  const [, text = ''] =
    new RegExp(`\\b${name} = (?:\\w+\\.\\w+\\()?([\\d_ *]+)\\)?;`).exec(read(path)) ?? [];
  const value = text
    .split('*')
    .map((factor) => Number(factor.replaceAll('_', '').trim()))
    .reduce((product, factor) => product * factor, 1);
  if (text === '' || Number.isNaN(value)) throw new Error(`${path} has no number ${name}`);
  return value;
}

const { accounts } = synthesised(PLAIN_STAGE);
const { AuthorizerResultTtlInSeconds } = propertiesOfOnly(accounts, 'AWS::ApiGateway::Authorizer');
const authorizerTtl = Number(AuthorizerResultTtlInSeconds);
const { throttle, quota } = parseStageConfig(PLAIN_STAGE).partners['acme'] ?? {};
/** Calls a minute by the number of eGain's pages, for these periods. */
const walks = (pages: number) =>
  [DEFAULT_FRESH_SECONDS, 60, 300].map((seconds) => (pages * 60) / seconds).join(' | ');
const { integration, api, authorizer, task, refresh } = TIME_OUTS;
const timeLimits = [integration, api, { toSeconds: () => LONGEST_MS / 1000 }, authorizer, task]
  .map((time) => `${time.toSeconds()} s`)
  .join(' | ');
const secretMinutes = constant('lambda/egain/credentials.ts', 'KEEP_MS') / 60_000;

const longestPause = constant('lambda/snapshot/shared-state.ts', 'LONGEST_WAIT_MS') / 1000;
const keyHours = constant('lambda/auth/issuer-keys.ts', 'KEPT_MS') / 3_600_000;
const maxPartners = constant('lib/stage/stage-rules.ts', 'MAX_PARTNERS');
const partnersAStack = constant('lib/accounts/partners-table.ts', 'PARTNERS_PER_STACK');
const causeKb = constant('lambda/workflow/error.ts', 'MAX_ENVELOPE_BYTES') / 1024;
const startOvers = constant('lib/workflow/all-accounts.ts', 'START_OVERS');
const waits = constant('lib/workflow/all-accounts.ts', 'WAITS');
const pageBytes = constant('lambda/workflow/input.ts', 'MAX_PAGE_BYTES');
const exportPages = constant('lib/workflow/export-accounts.ts', 'MAX_PAGES');
const exportHours = Number(
  /\btimeout: Duration\.hours\((\d+)\)/.exec(read('lib/workflow/export-accounts.ts'))?.[1],
);
const exportDays = constant('lib/workflow/export-bucket.ts', 'KEPT');
const compressedKb = constant('lib/accounts/partner-api.ts', 'COMPRESSED_FROM');
const node = digits(engines.node);
const ownNode = digits(read('.node-version')).split('.')[0];
const oldestCdk = digits(peerDependencies['aws-cdk-lib'] ?? '');

/** Said by the page, and true by the code. */
const OURS: Readonly<Record<string, readonly string[]>> = {
  'README.md': [`Node.js ${node} or later`, `install Node.js ${ownNode} first`],
  'SECURITY.md': [`emptied after ${exportDays} days`],
  'CONTRIBUTING.md': [`Node.js ${ownNode} included`],
  'docs/deploying.md': [`Node.js ${node} or later`, `brings Node.js ${ownNode}`],
  'docs/operations.md': [
    `keeps an answer of the authorizer for ${authorizerTtl} seconds`,
    `its copy is older than ${secretMinutes} minutes`,
    `notice it within ${longestPause} seconds`,
    `every ${longestPause} seconds at the latest`,
    `Known keys are used for ${keyHours} hours`,
    `| Partners | ${maxPartners} in an account and region`,
    `| pages of eGain | every ${DEFAULT_FRESH_SECONDS} s | every 60 s | every 300 s |`,
    ...[1, 4, 14].map((pages) => `| ${pages} | ${walks(pages)} |`),
    `for ${WATCH_MINUTES} minutes after each stack`,
    `wait ${Math.ceil(WINDOW_MS / 10_000)}0 seconds before`,
    `| ${timeLimits} | ${refresh.toMinutes()} min |`,
  ],
  'docs/partner-guide.md': [
    `up to ${MAX_PAGESIZE} accounts`,
    `answers above ${compressedKb} KB are compressed`,
    `| rate | ${throttle?.rate} requests a second |`,
    `| burst | ${throttle?.burst} requests at once |`,
    `| quota | ${grouped(quota?.limit ?? 0)} requests a ${quota?.period.toLowerCase()} |`,
    `| accounts a page | ${MAX_PAGESIZE} |`,
    `| a token | ${constant('lambda/auth/verify-token.ts', 'MAX_TOKEN_LENGTH') / 1024} KB |`,
  ],
  'docs/workflow-guide.md': [
    `at most ${causeKb} KB of it`,
    `(${oldestCdk} or later)`,
    `at most ${startOvers} times on \`SnapshotExpired\``,
    `up to ${waits} times for a page`,
    `\`maxBytes\` is at most ${grouped(pageBytes)}`,
    `at most ${grouped(exportPages)} pages`,
    `takes at most ${exportHours} hours`,
    `deleted after ${exportDays} days`,
  ],
  'docs/decisions/0039-stacks-and-many-partners.md': [
    `the first ${partnersAStack} partners`,
    `each further ${partnersAStack} in`,
    `kept for ${authorizerTtl} seconds`,
    `More than ${maxPartners} partners`,
    `API Gateway ${maxPartners} usage plans`,
  ],
};

/** What others set, or what was measured once; nothing here could tell. */
const OTHERS: readonly string[] = [
  'NIST 800-53 R5',
  'TLS 1.2',
  'OAuth 2.0',
  'Node 20',
  'curl 7.76',
  'OpenAPI 3.0',
  'Python 3.9',
  'decision 0029',
  'exit with 0 if all holds, 1 if something does not, 2 for wrong usage',
  'step 3 of',
  'step 4',
  '1,000 in a region, in new accounts as few as 10',
  '100 must stay unreserved',
  '10,000 in a region',
  '6 MB',
  '256 KiB',
  'a checkpoint (256 KB)',
  'redriven for 14 days',
  'taken for 90 days',
  'about 8 KB',
  '12 months',
  'names it, to 0',
  'below 900',
  '25,000 events have room for about 1,500 pages',
  'every 100 of them',
  'ends after 60 seconds',
  '200 busy containers made 2,408 page calls a minute where 28 are enough',
  '10 calls a minute',
  'page 1',
  'A stack holds 500',
  'environment 4 KB',
  '20 small breaks',
  '19 must turn',
];

const decisions = readdirSync(new URL('docs/decisions/', ROOT));
const PAGES = [
  'README.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  'docs/deploying.md',
  'docs/operations.md',
  'docs/partner-guide.md',
  'docs/workflow-guide.md',
  ...decisions.map((name) => `docs/decisions/${name}`),
];

const RUNBOOK = 'docs/operations.md';

/** A page's prose in one line, without what other tests hold, headings, list numbers and HTTP statuses. */
const proseOf = (page: string) =>
  read(page)
    .replaceAll(page === RUNBOOK ? /^### \w+\n\n.*$/gm : '', '')
    .replaceAll(/\b\d{3}-9\d\d\b/g, 'a code')
    .replaceAll(/^```[^]*?^```$/gm, '')
    .replaceAll(/^ +```[^]*?^ +```$/gm, '')
    .replaceAll(/^(?:#.*|\d+\. )/gm, '')
    .replaceAll(/\ba [3-5]\d\d(?:,? or (?:a )?[3-5]\d\d)?|\b[3-5]xx\b/g, 'a status')
    .replaceAll(/\s+/g, ' ');

describe.each(PAGES)('%s', (page) => {
  const phrases = OURS[page] ?? [];

  it('states the figures that the code has', () => {
    expect(phrases.filter((phrase) => !proseOf(page).includes(phrase))).toEqual([]);
  });

  it('states no figure that nothing checks', () => {
    const left = [...phrases, ...OTHERS].reduce(
      (text, phrase) => text.replaceAll(phrase, ''),
      proseOf(page),
    );
    const unchecked = left
      .replaceAll(/`[^`]*`/g, '')
      .matchAll(/(?<![\w.#/-])\d[\d,.]*(?:%| \w+)?/g);

    expect([...unchecked].map(([figure]) => figure)).toEqual([]);
  });
});

it('the workflow guide shows the bounds of the task', () => {
  const input = 'lambda/workflow/input.ts';
  const [least, most, preset] = ['MIN_PAGE_BYTES', 'MAX_PAGE_BYTES', 'DEFAULT_PAGE_BYTES'].map(
    (name) => constant(input, name),
  );

  expect(read('docs/workflow-guide.md')).toContain(
    `"pagesize": ${MAX_PAGESIZE}, // 1 to ${MAX_PAGESIZE}, the default
  "maxBytes": ${preset}, // ${least} to ${most}`,
  );
});

it('the partner guide shows the waits that API Gateway answers with', () => {
  const source = read('lib/accounts/gateway-responses.ts');
  const wait = (fault: string) =>
    new RegExp(`${fault}: \\{ 'Retry-After': "'(\\d+)'"`).exec(source)?.[1];
  const guide = read('docs/partner-guide.md');

  expect(guide).toContain(`\`429-901\`, \`Retry-After: ${wait('throttled')}\``);
  expect(guide).toContain(`\`429-902\`, \`Retry-After: ${wait('quotaExceeded')}\``);
});
