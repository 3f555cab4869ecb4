import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { thirdPartyLicences } from '../../../lib/bundle/licences.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

function packageIn(
  root: string,
  path: string,
  manifest: object,
  files: Record<string, string> = {},
): void {
  const folder = join(root, 'node_modules', path);
  mkdirSync(folder, { recursive: true });
  const all = { 'package.json': JSON.stringify(manifest), ...files };
  for (const [name, text] of Object.entries(all)) writeFileSync(join(folder, name), text);
}

test('the licences of a bundle are told once for all packages that share the text', () => {
  const root = temporaryFolder();
  packageIn(
    root,
    'beta',
    { name: 'beta', version: '2.0.0', license: 'MIT' },
    { LICENSE: 'Do.\n', 'LICENCE-checker.js': 'No licence.' },
  );
  packageIn(
    root,
    '@scope/alpha',
    { name: '@scope/alpha', version: '1.0.0', license: 'MIT' },
    { 'licence.md': 'Do.', 'about-the-licence': 'No licence.' },
  );
  packageIn(root, 'beta/node_modules/gamma', { name: 'gamma', version: '3.0.0' });
  packageIn(root, 'unused', { name: 'unused', version: '4.0.0' });

  const text = thirdPartyLicences(root, [
    'lambda/api.ts',
    'node_modules/beta/index.js',
    'node_modules/beta/more.js',
    'node_modules/@scope/alpha/lib/index.js',
    'node_modules/beta/node_modules/gamma/index.js',
  ]);

  expect(text).toBe(
    `@scope/alpha 1.0.0 (MIT)\nbeta 2.0.0 (MIT)\n\nDo.\n\n${'-'.repeat(80)}\n\n` +
      'gamma 3.0.0 (licence not named)\n\nThe package has no licence file of its own.\n',
  );
});
