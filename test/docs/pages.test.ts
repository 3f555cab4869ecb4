import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it, test } from 'vitest';
import { FIELDS } from '../../lambda/accounts/fields.ts';
import { FAULTS } from '../../lambda/faults.ts';
import { GATEWAY_METRICS, METRICS } from '../../lambda/platform/metrics.ts';
import { stageOptions } from '../../lib/docs/options-page.ts';
import { LOG_QUERIES } from '../../lib/observability/log-queries.ts';
import { appOf, FULL_STAGE, PLAIN_STAGE, propertiesById, synthesised } from '../support/stage.ts';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');
const filesUnder = (folder: string, ending: RegExp) =>
  readdirSync(new URL(`${folder}/`, ROOT), { recursive: true, encoding: 'utf8' })
    .filter((name) => ending.test(name))
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
    const files = found(page, /`((?:lambda|lib|cli|sandbox|bench|test|docs|config)\/[\w./-]+)`/g);

    expect(
      files.flatMap(([, file = '']) => (existsSync(new URL(file, ROOT)) ? [] : [file])),
    ).toEqual([]);
  });

  it('names npm scripts that exist, with -- before their options', () => {
    const commands = found(page, /npm run ([a-z:]+)([^`\n]*)/g);
    const wrong = commands.filter(
      ([, name = '', rest = '']) => !(name in scripts) || /^ +-(?!- )/.test(rest),
    );

    expect(wrong.map(([line]) => line)).toEqual([]);
  });

  it('names options that a stage config has', () => {
    const named = found(
      page,
      /`((?:egain|credentials|auth|cache|api|functions|alarms|aws)\.[a-zA-Z.]+)`/g,
    ).map(([, key = '']) => key);

    expect(named.filter((key) => !OPTIONS.some((one) => `${one}.`.startsWith(`${key}.`)))).toEqual(
      [],
    );
  });

  it('names error codes that the catalogue has', () => {
    const codes = found(page, /\b\d{3}-9\d\d\b/g).map(([code]) => code);

    expect(codes.filter((code) => !CODES.has(code))).toEqual([]);
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

  it('names every saved log query', () => {
    const named = new Set(found(runbook, /\*([A-Z][^*]+)\*/g).map(([, name = '']) => name));

    expect(Object.keys(LOG_QUERIES).filter((name) => !named.has(name))).toEqual([]);
  });

  it('calls nothing a log query or a graph that is neither', () => {
    const dashboard = read('lib/observability/operations-dashboard.ts');
    const known = (name: string) => name in LOG_QUERIES || dashboard.includes(`'${name}`);
    const named = found(runbook, /(?<!\*)\*([A-Z][^*]+)\*(?!\*)/g).map(([, name = '']) => name);

    expect(named.filter((name) => !known(name))).toEqual([]);
  });

  it('names metrics that are counted', () => {
    const others = ['ReadThrottleEvents', 'InvocationAttemptCount', 'TargetErrorCount'];
    const known = new Set([...Object.keys({ ...METRICS, ...GATEWAY_METRICS }), ...others]);
    const named = found(runbook, /`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`/g).map(([, name = '']) => name);
    const errors = new Set<string>(Object.values(FAULTS).flatMap((row) => row.workflowError ?? []));

    expect(named.filter((name) => !known.has(name) && !errors.has(name))).toEqual([]);
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
    const named = found(page, /egain-accounts-<stage>(?:-[\w<>]+)*/g).map(([name]) => name);

    expect(named.filter((name) => !known(name))).toEqual([]);
  });

  it('has the dashboard and the folder of log queries that the runbook begins with', () => {
    const [, dashboard] = /"DashboardName":\{"Fn::Join":\["",\["([^"]+)"/.exec(text) ?? [];
    const [, folder] = /"Name":"(egain-accounts-[^"/]+)\//.exec(text) ?? [];

    expect(read('docs/operations.md')).toContain(`the dashboard \`${dashboard}\``);
    expect(read('docs/operations.md')).toContain(`in the folder \`${folder}\``);
  });

  it.each(PAGES)('has the outputs that %s names', (page) => {
    const named = found(page, /[`<]([A-Z][A-Za-z]+(?:Arn|Url|Target|Name))[`>]/g);
    const others = new Set(['FunctionName', 'TaskFunctionName']);

    expect(
      named.flatMap(([, name = '']) => (outputs.includes(name) || others.has(name) ? [] : [name])),
    ).toEqual([]);
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

describe('the decisions', () => {
  it.each(decisions)('%s has a context, a choice and a consequence', (page) => {
    const parts = found(page, /^\*\*(\w+)\.\*\*/gm).map(([, name]) => name);

    expect(parts).toEqual(['Context', 'Choice', 'Consequence']);
  });

  it('are at most twelve', () => {
    expect(decisions.length).toBeLessThanOrEqual(12);
  });
});

test('the code leads to pages and sections that exist', () => {
  const sources = ['lambda', 'lib', 'cli', 'sandbox', 'bench', 'test'].flatMap((folder) =>
    filesUnder(folder, /\.(?:m?ts|mjs)$/),
  );
  const dead = sources.flatMap((source) =>
    found(source, /\bdocs\/[\w/-]*?(?:\.md|decisions\/\d{4})(?:(?:, | \()([A-Z][\w ]+))?/g).flatMap(
      ([reference, section]) => {
        const path = reference.replace(/(\.md|\d{4}).*$/s, '$1');
        const page = path.endsWith('.md') ? path : decisions.find((one) => one.startsWith(path));
        if (page === undefined || !existsSync(new URL(page, ROOT)))
          return [`${source}: ${reference}`];
        const anchor = section?.trim().toLowerCase().replaceAll(' ', '-');
        return anchor === undefined || anchorsOf(page).has(anchor)
          ? []
          : [`${source}: ${reference}`];
      },
    ),
  );

  expect(dead).toEqual([]);
});
