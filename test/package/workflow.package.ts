import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { FAULTS } from '../../lambda/faults.ts';
import { aslErrors } from '../support/asl.ts';
import { PAGES, runOver } from '../support/fake-task.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/*
 * The package for workflow authors, packed as `npm pack` does and installed into an author's app:
 * one with the oldest peers that the package names, one with the newest.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ownManifest = readFileSync(join(ROOT, 'package.json'), 'utf8');
const { peerDependencies } = JSON.parse(ownManifest) as {
  readonly peerDependencies: Readonly<Record<string, string>>;
};
const { 'aws-cdk-lib': cdk = '', constructs = '' } = peerDependencies;

/** Packing changes `package.json` for a moment, which other tests read: it happens in a copy. */
const copy = temporaryFolder();
let tarball: string;
beforeAll(() => {
  for (const name of ['package.json', 'tsconfig.json', 'README.md', 'LICENSE', 'lib', 'lambda']) {
    cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  const output = execFileSync('npm', ['pack', '--silent'], { cwd: copy, encoding: 'utf8' });
  tarball = join(copy, output.trim().split('\n').at(-1) ?? '');
});

test("holds no sources, and needs the author's own CDK and nothing else", () => {
  const files = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).trim().split('\n');
  const sources = files.filter((file) =>
    /(?<!\.d)\.ts$|lambda\/(?!faults|accounts-changed)|config\//.test(file),
  );

  expect(sources).toEqual([]);
  const packed = JSON.parse(
    execFileSync('tar', ['-xOzf', tarball, 'package/package.json'], { encoding: 'utf8' }),
  ) as Readonly<Record<string, unknown>>;
  const brings = Object.keys(packed).filter((key) => /dependencies|scripts|bin$/i.test(key));
  expect(brings).toEqual(['peerDependencies']);
  expect(packed['peerDependencies']).toEqual({
    'aws-cdk-lib': expect.any(String),
    constructs: expect.any(String),
  });
});

test("leaves the repository's own manifest as it was", () => {
  expect(readFileSync(join(copy, 'package.json'), 'utf8')).toBe(ownManifest);
});

describe.each([
  // The oldest versions are those that `^2.178.0` begins with.
  ['oldest', cdk.replace('^', ''), constructs.replace('^', ''), '5.6.3'],
  ['newest', 'latest', 'latest', '5'],
])('in an app with the %s peers', (_age, cdkVersion, constructsVersion, typescriptVersion) => {
  const app = join(temporaryFolder(), 'app');
  const run = (...args: string[]) =>
    execFileSync(process.execPath, args, { cwd: app, encoding: 'utf8', stdio: 'pipe' });

  beforeAll(() => {
    writeAuthorsApp(app);
    const packages = [
      tarball,
      `aws-cdk-lib@${cdkVersion}`,
      `constructs@${constructsVersion}`,
      `typescript@${typescriptVersion}`,
      '@types/node@22',
    ];
    // Strict: a peer that the package does not accept ends the installation.
    const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--strict-peer-deps'];
    const install = ['install', '--silent', ...options, ...packages];
    execFileSync('npm', install, { cwd: app, stdio: 'pipe' });
  }, 240_000);

  test('nothing comes with it', () => {
    const installed = readdirSync(join(app, 'node_modules'));
    expect(existsSync(join(app, 'node_modules/.bin/node'))).toBe(false);
    expect(installed.filter((name) => name.startsWith('node-'))).toEqual([]);
  });

  test('it compiles, and makes a state machine that runs', async () => {
    run('node_modules/typescript/bin/tsc', '-p', '.');
    run('app.js');
    const template = readFileSync(join(app, 'cdk.out/AuthorsStack.template.json'), 'utf8');
    const { Resources } = JSON.parse(template) as { Resources: Record<string, Resource> };
    const machines = Object.entries(Resources).filter(
      ([, { Type }]) => Type === 'AWS::StepFunctions::StateMachine',
    );
    const definitions = machines.map(([, machine]) => definitionOf(machine));
    const [inJsonPath = '', inJsonata = '', mirror = '', afterExport = ''] = definitions;
    const onePageMore = [PAGES[0], ...PAGES].flatMap((page) => page ?? []);
    const throttle = { error: 'UpstreamThrottled', retryAfterSeconds: 7 };

    expect(definitions.flatMap(aslErrors)).toEqual([]);
    expect(machines.map(([id]) => id.replace(/.{8}$/, ''))).toEqual([
      'Workflow',
      'WorkflowInJsonata',
      'Mirror',
      'AfterExport',
    ]);
    const mirrored = await runOver(onePageMore, mirror);
    expect(mirrored.objects.get('accounts/current.json')).toMatchObject({ count: 5 });
    expect([...mirrored.objects.keys()]).toContain('accounts/content-1/4.json');
    const detail = { output: '{"manifest":{"key":"k"}}' };
    const after = await runOver([], afterExport, { detail });
    expect(after.execution).toMatchObject({ output: { export: { manifest: { key: 'k' } } } });
    const rules = Object.values(Resources).filter(({ Type }) => Type === 'AWS::Events::Rule');
    expect(rules.map(({ Properties }) => Properties.EventPattern?.source)).toEqual([
      ['egain-accounts.prod'],
      ['aws.states'],
    ]);
    const first = await runOver(onePageMore, inJsonPath);
    expect(first.execution.status).toBe('SUCCEEDED');
    expect(first.payloads).toHaveLength(PAGES.length + 1);
    const second = await runOver([throttle, ...PAGES], inJsonata, { name: 'order' });
    expect(second.execution).toEqual({
      status: 'SUCCEEDED',
      output: { name: 'order', count: 5, pages: 3, contentHash: 'content-1' },
    });
    expect(second.payloads.at(-1)).toMatchObject({ filter: { name: 'order' }, cursor: 'cursor-2' });
  });

  test.each([
    ['commonjs', `const all = require('egain-accounts-gateway/workflow');`],
    [
      'module',
      `import * as all from 'egain-accounts-gateway/workflow';
       import { AccountsTask } from 'egain-accounts-gateway/workflow'; AccountsTask.name;`,
    ],
  ])('code of type %s loads it, with every name it promises', (type, load) => {
    const print =
      'console.log(JSON.stringify([Object.keys(all), all.WORKFLOW_ERRORS, all.retriedErrors()]))';
    const output = run(`--input-type=${type}`, '-e', `${load}\n${print}`);

    const [names, errors, retried] = JSON.parse(output) as [string[], object, string[]];
    const known = Object.values(FAULTS).flatMap(({ workflowError }) => workflowError ?? []);
    const made = new Set(['default', 'module.exports']);
    expect(names.filter((name) => !made.has(name)).toSorted()).toEqual([
      'AccountsChangedRule',
      'AccountsTask',
      'AllAccounts',
      'WORKFLOW_ERRORS',
      'retriedErrors',
      'taskRetries',
      'writeRetries',
    ]);
    expect(errors).toEqual(Object.fromEntries(known.map((name) => [name, name])));
    expect(retried).toEqual(['UpstreamUnavailable', 'UpstreamThrottled']);
  });
});

test("the guide's durable function walks, waits as it is told, and starts over", () => {
  const app = join(temporaryFolder(), 'durable');
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(app, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  writeFileSync(join(app, 'walk.ts'), guidesCode('In a Lambda durable function'));
  writeFileSync(join(app, 'run.js'), DURABLE_RUN);
  const packages = ['@aws/durable-execution-sdk-js@2.4.0', 'typescript@5', '@types/node@22'];
  const testing = ['@aws/durable-execution-sdk-js-testing', '@types/aws-lambda'];
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--silent'];
  execFileSync('npm', ['install', ...options, ...packages, ...testing], { cwd: app });
  const run = (...args: string[]) =>
    execFileSync(process.execPath, args, {
      cwd: app,
      encoding: 'utf8',
      env: { ...process.env, TASK_FUNCTION_ARN: 'arn:task' },
    });

  run('node_modules/typescript/bin/tsc', '-p', '.', '--skipLibCheck');

  expect(JSON.parse(run('run.js').trim().split('\n').at(-1) ?? '')).toEqual({
    status: 'SUCCEEDED',
    result: { count: 3 },
    cursors: [null, 'c1', 'c1', null, 'c1'],
  });
});

/** A task that throttles, and whose accounts change. */
const DURABLE_RUN = `
  import { LocalDurableTestRunner } from '@aws/durable-execution-sdk-js-testing';
  import { handler } from './walk.js';

  const details = [{ key: 'retryAfterSeconds', value: '30' }];
  const answers = [
    { account: [{ id: 'a' }], cursor: 'c1' },
    { code: '503-901', details },
    { code: '409-901' },
    { account: [{ id: 'a' }], cursor: 'c1' },
    { account: [{ id: 'b' }, { id: 'c' }], cursor: null },
  ];
  const cursors = [];
  await LocalDurableTestRunner.setupTestEnvironment({ skipTime: true });
  const runner = new LocalDurableTestRunner({ handlerFunction: handler });
  runner.registerFunction('arn:task', async ({ cursor }) => {
    const answer = answers[cursors.push(cursor) - 1];
    if ('code' in answer) throw new Error(JSON.stringify(answer));
    return answer;
  });
  const run = await runner.run({ payload: {} });
  await LocalDurableTestRunner.teardownTestEnvironment();
  console.log(JSON.stringify({ status: run.getStatus(), result: run.getResult(), cursors }));
`;

interface Resource {
  readonly Type: string;
  readonly Properties: {
    readonly DefinitionString: { readonly 'Fn::Join'?: [string, unknown[]] } | string;
    readonly EventPattern?: { readonly source: readonly string[] };
  };
}

/** The definition, with the partition filled in. */
function definitionOf(machine: Resource | undefined): string {
  const written = machine?.Properties.DefinitionString ?? '';
  if (typeof written === 'string') return written;
  const joined = written['Fn::Join'] ?? ['', []];
  return joined[1].map((part) => (typeof part === 'string' ? part : 'aws')).join('');
}

/** The app of the workflow guide's example, in one file. */
function writeAuthorsApp(app: string): void {
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), '{ "name": "authors-app", "version": "0.1.0" }');
  writeFileSync(join(app, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  writeFileSync(join(app, 'app.ts'), authorsApp());
}

/** The examples in TypeScript of a section of the guide, one after the other. */
function guidesCode(section: string): string {
  const text = readFileSync(join(ROOT, 'docs/workflow-guide.md'), 'utf8');
  const [, content = ''] = text.split(`## ${section}\n`);
  const [own = ''] = content.split('\n## ');
  return [...own.matchAll(/```ts\n([^]*?)```/g)].map(([, code = '']) => code).join('\n');
}

/** The guide's examples, with the author's own states around them. */
function authorsApp(): string {
  const paragraphs = ['With CDK', 'When the accounts change'].flatMap((section) =>
    guidesCode(section).split('\n\n'),
  );
  const [imports, body] = [true, false].map((are) =>
    paragraphs.filter((paragraph) => paragraph.startsWith('import ') === are),
  );
  return `import * as cdk from 'aws-cdk-lib';
import type { Construct } from 'constructs';
${imports?.join('\n')}

class AuthorsStack extends cdk.Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const taskFunctionArn = 'arn:aws:lambda:us-east-1:000000000000:function:TaskFunction';
    const exportAccountsArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:ExportAccounts';
    const askTheOperator = new sfn.Pass(this, 'AskTheOperator');
    const handleOne = new sfn.Pass(this, 'HandleOne');
${body?.join('\n\n')}
  }
}

const app = new cdk.App({ outdir: 'cdk.out', analyticsReporting: false });
new AuthorsStack(app, 'AuthorsStack');
app.synth();
`;
}

/** As `cdk init` writes it, as far as it matters; but the types of libraries are checked too. */
const TSCONFIG = {
  compilerOptions: {
    target: 'ES2022',
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    lib: ['es2022'],
    strict: true,
    skipLibCheck: false,
    types: ['node'],
  },
  exclude: ['node_modules', 'cdk.out'],
};
