import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { FAULTS } from '../../lambda/faults.ts';
import { aslErrors } from '../support/asl.ts';
import { PAGES, runOver } from '../support/fake-task.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import {
  installOffline,
  packWorkflowPackage,
  ROOT,
  synthesiseAuthorsApp,
  writeAuthorsApp,
} from '../support/workflow-package.ts';

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<
  string,
  Record<string, string> | undefined
>;

describe('the package for authors of workflows', () => {
  let app: string;
  let tarball: string;
  beforeAll(() => {
    const folder = temporaryFolder();
    app = join(folder, 'app');
    tarball = packWorkflowPackage(folder);
    writeAuthorsApp(app);
    installOffline(app, tarball);
  });

  test('holds compiled JavaScript and types, and none of the sources', () => {
    const files = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).trim().split('\n');

    expect(files).toContain('package/dist/workflow.js');
    expect(files).toContain('package/dist/types/lib/workflow/index.d.ts');
    expect(files.filter((file) => /(?<!\.d)\.ts$|lambda\/(?!faults)|config\//.test(file))).toEqual(
      [],
    );
  });

  test('needs the CDK of the app that it is put into, and nothing else', () => {
    expect(Object.keys(manifest['peerDependencies'] ?? {})).toEqual(['aws-cdk-lib', 'constructs']);
    expect(manifest['dependencies']).toBeUndefined();
  });

  test("is compiled and synthesised in an app of the author's, whose machine then runs", async () => {
    const template = synthesiseAuthorsApp(app);

    const resources = Object.values(template['Resources'] as Record<string, Resource>);
    const machine = resources.find(({ Type }) => Type === 'AWS::StepFunctions::StateMachine');
    const definition = definitionOf(machine);
    expect(aslErrors(definition)).toEqual([]);
    const { execution, payloads } = await runOver(
      [PAGES[0], ...PAGES].flatMap((page) => page ?? []),
      definition,
    );
    expect(execution.status).toBe('SUCCEEDED');
    expect(payloads).toHaveLength(PAGES.length + 1);
    // The types of the whole CDK are checked, on a machine that others use too.
  }, 300_000);

  test.each(['cjs', 'mjs'])(
    'is taken by a module of kind .%s, with every name it promises',
    (kind) => {
      const load =
        kind === 'cjs'
          ? `const all = require('egain-accounts-gateway/workflow');`
          : `import * as all from 'egain-accounts-gateway/workflow'; import { AccountsTask } from 'egain-accounts-gateway/workflow'; AccountsTask.name;`;
      const print = `console.log(JSON.stringify([Object.keys(all).filter((name) => !['default', 'module.exports'].includes(name)).sort(), all.WORKFLOW_ERRORS, all.retriedErrors()]));`;
      const input = kind === 'cjs' ? 'commonjs' : 'module';

      const output = execFileSync(
        process.execPath,
        [`--input-type=${input}`, '-e', `${load}\n${print}`],
        { cwd: app, encoding: 'utf8' },
      );

      const [names, errors, retried] = JSON.parse(output) as [
        string[],
        Record<string, string>,
        string[],
      ];
      expect(names).toEqual([
        'AccountsTask',
        'AllAccounts',
        'WORKFLOW_ERRORS',
        'retriedErrors',
        'taskRetries',
        'writeRetries',
      ]);
      const known = new Set(
        Object.values(FAULTS).flatMap(({ workflowError }) => workflowError ?? []),
      );
      expect(errors).toEqual(Object.fromEntries([...known].map((name) => [name, name])));
      expect(retried).toEqual(['UpstreamUnavailable', 'UpstreamThrottled']);
    },
  );
});

interface Resource {
  readonly Type: string;
  readonly Properties: { readonly DefinitionString: { readonly 'Fn::Join'?: [string, unknown[]] } };
}

/** The definition, with the partition filled in. */
function definitionOf(machine: Resource | undefined): string {
  const joined = machine?.Properties.DefinitionString['Fn::Join'] ?? ['', []];
  return joined[1].map((part) => (typeof part === 'string' ? part : 'aws')).join('');
}
