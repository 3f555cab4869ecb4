import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import {
  packWorkflowPackage,
  ROOT,
  synthesiseAuthorsApp,
  writeAuthorsApp,
} from '../support/workflow-package.ts';

const { peerDependencies: peers } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
) as { readonly peerDependencies: Readonly<Record<string, string>> };

/** What `^2.178.0` begins with. */
const oldest = (name: string): string => (peers[name] ?? '').replace('^', '');

let tarball: string;
beforeAll(() => {
  tarball = packWorkflowPackage(temporaryFolder());
});

test.each([
  ['the oldest peers that it names', oldest('aws-cdk-lib'), oldest('constructs'), '5.6.3'],
  ['the newest peers', 'latest', 'latest', '5'],
])('the package works in an app with %s', (_, cdk, constructs, typescript) => {
  const app = join(temporaryFolder(), 'app');
  writeAuthorsApp(app);
  const packages = [
    tarball,
    `aws-cdk-lib@${cdk}`,
    `constructs@${constructs}`,
    `typescript@${typescript}`,
    '@types/node@22',
  ];
  // Strict: a peer that the package does not take ends the installation.
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--strict-peer-deps'];
  execFileSync('npm', ['install', '--silent', ...options, ...packages], {
    cwd: app,
    stdio: 'pipe',
  });

  const template = synthesiseAuthorsApp(app);

  const types = Object.values(template['Resources'] as Record<string, { Type: string }>);
  expect(types.map(({ Type }) => Type)).toContain('AWS::StepFunctions::StateMachine');
});
