import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const guide = readFileSync(join(ROOT, 'docs/workflow-guide.md'), 'utf8');

/** Packs the package for authors of workflows, as `npm pack` does; gives the tarball's path. */
export function packWorkflowPackage(folder: string): string {
  const output = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return join(folder, output.trim().split('\n').at(-1) ?? '');
}

/** Puts the package and what it needs into an app's `node_modules`, without a registry. */
export function installOffline(app: string, tarball: string): void {
  const modules = join(app, 'node_modules');
  const target = join(modules, 'egain-accounts-gateway');
  mkdirSync(target, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', target, '--strip-components=1']);
  for (const name of ['aws-cdk-lib', 'constructs', 'typescript', '@types/node']) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
}

/**
 * Writes an app as `cdk init app --language typescript` does, whose stack is the example of the
 * workflow guide.
 */
export function writeAuthorsApp(app: string): void {
  for (const folder of ['bin', 'lib']) mkdirSync(join(app, folder), { recursive: true });
  writeFileSync(join(app, 'package.json'), '{ "name": "authors-app", "version": "0.1.0" }');
  writeFileSync(join(app, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  writeFileSync(join(app, 'lib/authors-stack.ts'), stackOf(guide));
  writeFileSync(join(app, 'bin/app.ts'), APP);
}

/** Compiles the app and synthesises it; gives its template. */
export function synthesiseAuthorsApp(app: string): Record<string, unknown> {
  const run = (...args: string[]) => {
    execFileSync(process.execPath, args, { cwd: app, encoding: 'utf8', stdio: 'pipe' });
  };
  run('node_modules/typescript/bin/tsc', '-p', '.');
  run('bin/app.js');
  const text = readFileSync(join(app, 'cdk.out/AuthorsStack.template.json'), 'utf8');
  return JSON.parse(text) as Record<string, unknown>;
}

/** The guide's example, with the states around it that are the author's own. */
function stackOf(text: string): string {
  const [, snippet = ''] = /## With CDK[^]*?```ts\n([^]*?)```/.exec(text) ?? [];
  const [imports = '', ...body] = snippet.split('\n\n');
  return `import * as cdk from 'aws-cdk-lib';
import type { Construct } from 'constructs';
${imports}

export class AuthorsStack extends cdk.Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const taskFunctionArn = 'arn:aws:lambda:us-east-1:000000000000:function:TaskFunction';
    const askTheOperator = new sfn.Pass(this, 'AskTheOperator');
    const handleOne = new sfn.Pass(this, 'HandleOne');
${body.join('\n\n')}
  }
}
`;
}

const APP = `import * as cdk from 'aws-cdk-lib';
import { AuthorsStack } from '../lib/authors-stack';

const app = new cdk.App({ outdir: 'cdk.out', analyticsReporting: false });
new AuthorsStack(app, 'AuthorsStack');
app.synth();
`;

/** What \`cdk init\` writes, but for libraries: their types are checked too. */
const TSCONFIG = {
  compilerOptions: {
    target: 'ES2022',
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    lib: ['es2022'],
    declaration: true,
    strict: true,
    noImplicitReturns: true,
    inlineSourceMap: true,
    inlineSources: true,
    experimentalDecorators: true,
    strictPropertyInitialization: false,
    skipLibCheck: false,
    types: ['node'],
  },
  exclude: ['node_modules', 'cdk.out'],
};
