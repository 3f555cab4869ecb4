import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it, test } from 'vitest';
import { FIELDS } from '../../lambda/accounts/fields.ts';
import { FAULTS } from '../../lambda/faults.ts';
import { METRICS } from '../../lambda/platform/metrics.ts';
import { stageOptions } from '../../lib/docs/options-page.ts';
import { LOG_QUERIES } from '../../lib/observability/log-queries.ts';
import { GATEWAY_METRICS } from '../../lib/observability/stage-metrics.ts';
import { appOf, FULL_STAGE, PLAIN_STAGE, propertiesById, synthesised } from '../support/stage.ts';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');
const filesUnder = (folder: string, ending: RegExp) =>
  readdirSync(new URL(`${folder}/`, ROOT), { recursive: true, encoding: 'utf8' })
    .filter((name) => ending.test(name) && !name.includes('node_modules'))
    .map((name) => `${folder}/${name}`);

const decisions = filesUnder('docs/decisions', /\.md$/);
/** They tell what there was, too. */
const CHANGELOGS = ['CHANGELOG.md', 'docs/partner-changelog.md'];
const PAGES = [
  'README.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  ...filesUnder('docs', /\.md$/).filter((page) => !CHANGELOGS.includes(page)),
];
const { scripts } = JSON.parse(read('package.json')) as {
  readonly scripts: Readonly<Record<string, string>>;
};
const OPTIONS = stageOptions().map(({ key }) => key);
const isOption = (key: string) => OPTIONS.some((one) => `${one}.`.startsWith(`${key}.`));
const CODES = new Set<string>(Object.values(FAULTS).map(({ code }) => code));

/** The anchors of a page's headings, as GitHub makes them. */
const anchorsOf = (page: string) =>
  new Set(
    [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
const found = (page: string, pattern: RegExp) => [...read(page).matchAll(pattern)];
/** What the pattern's first group finds in a page. */
const named = (page: string, pattern: RegExp) => found(page, pattern).map(([, name = '']) => name);

describe.each([...PAGES, ...CHANGELOGS])('%s', (page) => {
  it('links to files and sections that exist', () => {
    const dead = found(page, /\]\((?!https?:)([^)#\s]*)(?:#([\w-]+))?\)/g).filter(
      ([, file = '', anchor]) => {
        const { href } = new URL(file, new URL(page, ROOT));
        const target = file === '' ? page : href.slice(ROOT.href.length);
        if (!existsSync(new URL(target, ROOT))) return true;
        return anchor !== undefined && !anchorsOf(target).has(anchor);
      },
    );

    expect(dead.map(([link]) => link)).toEqual([]);
  });
});

describe.each(PAGES)('%s', (page) => {
  it('names files that exist', () => {
    const files = named(page, /`((?:lambda|lib|cli|sandbox|bench|test|docs|config)\/[\w./-]+)`/g);

    expect(files.filter((file) => !existsSync(new URL(file, ROOT)))).toEqual([]);
  });

  it('names npm scripts that exist, with -- before their options', () => {
    const wrong = found(page, /npm run ([a-z:]+)([^`\n]*)/g).filter(
      ([, name = '', rest = '']) => !(name in scripts) || /^ +-(?!- )/.test(rest),
    );

    expect(wrong.map(([line]) => line)).toEqual([]);
  });

  it('names options that a stage config has, and error codes of the catalogue', () => {
    const keys = /`((?:egain|credentials|auth|cache|api|functions|alarms|aws)\.[a-zA-Z.]+)`/g;

    expect(named(page, keys).filter((key) => !isOption(key))).toEqual([]);
    expect(named(page, /\b(\d{3}-9\d\d)\b/g).filter((code) => !CODES.has(code))).toEqual([]);
  });
});

it.each(['README.md', 'docs/partner-guide.md'])("%s has each field in its scope's row", (page) => {
  const rows = new Map(
    found(page, /^\| `(accounts\/read[.\w]*)` \| (.*) \|$/gm).map(([, scope, opens]) => [
      scope,
      opens,
    ]),
  );

  for (const [path, scope] of Object.entries(FIELDS)) {
    expect(rows.get(scope)).toMatch(new RegExp(`\`(?:${path}|${path.split('.')[0]})\``));
  }
});

describe('the runbook', () => {
  const runbook = 'docs/operations.md';

  it('begins the section of each alarm with what the alarm means', () => {
    const { observability } = synthesised({ ...PLAIN_STAGE, cache: { refreshSeconds: 60 } });
    const alarms = propertiesById<{ AlarmDescription: string }>(
      observability,
      'AWS::CloudWatch::Alarm',
    );
    const meanings = Object.values(alarms).map(({ AlarmDescription }) => {
      const [means, section] = AlarmDescription.split(' What to do: docs/operations.md#');
      return [section, means?.replace(/, seen by the \w+ function\.\)/, ')')] as const;
    });
    const sections = found(runbook, /^### (\w+)\n\n(.*)$/gm).map(
      ([, heading = '', first]) => [heading.toLowerCase(), first] as const,
    );

    // Two alarms share the last section; the first of them stands there.
    expect(new Map(sections)).toEqual(new Map(meanings.toReversed()));
  });

  it('names every saved log query, and calls nothing one or a graph that is neither', () => {
    const dashboard = read('lib/observability/operations-dashboard.ts');
    const isKnown = (name: string) => name in LOG_QUERIES || dashboard.includes(`'${name}`);
    const emphasised = named(runbook, /(?<!\*)\*([A-Z][^*]+)\*(?!\*)/g);

    expect(emphasised).toEqual(expect.arrayContaining(Object.keys(LOG_QUERIES)));
    expect(emphasised.filter((name) => !isKnown(name))).toEqual([]);
  });

  it('names metrics that are counted', () => {
    const known = new Set([
      ...Object.keys({ ...METRICS, ...GATEWAY_METRICS }),
      ...Object.values(FAULTS).map((row) => row.workflowError),
      'ReadThrottleEvents',
      'InvocationAttemptCount',
      'TargetErrorCount',
    ]);
    const metrics = named(runbook, /`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`/g);

    expect(metrics.filter((name) => !known.has(name))).toEqual([]);
  });
});

describe('what a stage is made of', () => {
  const stacks = [PLAIN_STAGE, FULL_STAGE].flatMap((config) => {
    const { credentials, accounts, workflow, observability } = appOf(config);
    return [credentials, accounts, workflow, observability].flatMap((stack) => stack ?? []);
  });
  const templates = stacks.map((stack) => Template.fromStack(stack));
  const text = JSON.stringify(templates.map((template) => template.toJSON()))
    .replaceAll('",{"Ref":"AWS::Region"}', '<region>"')
    .replaceAll('egain-accounts-test', 'egain-accounts-<stage>')
    .replaceAll('/egain-accounts/test/', '/egain-accounts/<stage>/');
  const stackNames = new Set(stacks.map(({ stackName }) => stackName.replace('test', '<stage>')));
  const known = (name: string) =>
    stackNames.has(name) || text.includes(`"${name}"`) || text.includes(`"${name}/`);
  const outputs = templates.flatMap((template) => Object.keys(template.findOutputs('*')));

  it.each(PAGES)('has the names that %s gives it', (page) => {
    const names = named(page, /(egain-accounts-<stage>(?:-[\w<>]+)*)/g);

    expect(names.filter((name) => !known(name))).toEqual([]);
  });

  it('has the dashboard and the folder of log queries that the runbook begins with', () => {
    const [, dashboard] = /"DashboardName":\{"Fn::Join":\["",\["([^"]+)"/.exec(text) ?? [];
    const [, folder] = /"Name":"(egain-accounts-[^"/]+)\//.exec(text) ?? [];

    expect(read('docs/operations.md')).toContain(`the dashboard \`${dashboard}\``);
    expect(read('docs/operations.md')).toContain(`in the folder \`${folder}\``);
  });

  it.each(PAGES)('has the outputs that %s names', (page) => {
    const names = named(page, /[`<]([A-Z][A-Za-z]+(?:Arn|Url|Target|Name))[`>]/g);
    const others = new Set([...outputs, 'FunctionName', 'TaskFunctionName']);

    expect(names.filter((name) => !others.has(name))).toEqual([]);
  });

  it('has the parameters that the workflow guide lists for its outputs', () => {
    const rows = found('docs/workflow-guide.md', /^\| `(\w+)` \| `([a-z-]+)` \|/gm);

    expect(rows).toHaveLength(4);
    for (const [, output = '', parameter = ''] of rows) {
      expect(outputs).toContain(output);
      expect(text).toContain(`"/egain-accounts/<stage>/${parameter}"`);
    }
  });
});

describe('the commands', () => {
  const used = PAGES.flatMap((page) =>
    found(page, /npm (?:run )?([a-z]+) -- ([^`\n]*)/g).flatMap(([, name = '', rest = '']) =>
      (rest.match(/--[a-z-]+/g) ?? []).map((option) => ({ name, option })),
    ),
  ).filter(({ name }) => scripts[name]?.includes('cli/run.mjs'));

  it.each([...Map.groupBy(used, ({ name }) => name)])('%s has the options in use', (name, uses) => {
    const run = fileURLToPath(new URL('cli/run.mjs', ROOT));
    const help = execFileSync(process.execPath, [run, name, '--help'], { encoding: 'utf8' });

    expect(uses.flatMap(({ option }) => (help.includes(option) ? [] : [option]))).toEqual([]);
  });
});

test('SECURITY.md names for each threat what meets it and what tests that', () => {
  const threats = found('SECURITY.md', /^\| API\d+ .*$/gm).map(([row]) => row);

  expect(threats).toHaveLength(10);
  for (const row of threats) {
    expect(row).toMatch(/`(?:lambda|lib)\/.*`.*\| `test\/[\w./-]+\.(?:test|long)\.ts`/);
  }
});

it('there are at most twelve decisions, each with a context, a choice and a consequence', () => {
  expect(decisions.length).toBeLessThanOrEqual(12);
  for (const page of decisions) {
    expect(named(page, /^\*\*(\w+)\.\*\*/gm)).toEqual(['Context', 'Choice', 'Consequence']);
  }
});

test('the code leads to pages and sections that exist', () => {
  const sources = ['lambda', 'lib', 'cli', 'sandbox', 'bench', 'test'].flatMap((folder) =>
    filesUnder(folder, /\.(?:m?ts|mjs)$/),
  );
  const references = sources.flatMap((source) =>
    found(source, /\bdocs\/[\w/-]*?(?:\.md|decisions\/\d{4})(?:(?:, | \()([A-Z][\w ]+))?/g),
  );
  const dead = references.filter(([reference, section]) => {
    const path = reference.replace(/(\.md|\d{4}).*$/s, '$1');
    const page = path.endsWith('.md') ? path : decisions.find((one) => one.startsWith(path));
    if (page === undefined || !existsSync(new URL(page, ROOT))) return true;
    const anchor = section?.trim().toLowerCase().replaceAll(' ', '-');
    return anchor !== undefined && !anchorsOf(page).has(anchor);
  });

  expect(dead.map(([reference]) => reference)).toEqual([]);
});
