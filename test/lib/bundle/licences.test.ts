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
  packageIn(root, 'b', { name: 'b', version: '2.0.0', license: 'MIT' }, { LICENSE: 'Do.\n' });
  packageIn(
    root,
    '@s/a',
    { name: '@s/a', version: '1.0.0', license: 'MIT' },
    { 'licence.md': 'Do.' },
  );
  packageIn(root, 'b/node_modules/c', { name: 'c', version: '3.0.0' });
  packageIn(root, 'unused', { name: 'unused', version: '4.0.0' });

  const text = thirdPartyLicences(root, [
    'lambda/api.ts',
    'node_modules/b/index.js',
    'node_modules/b/more.js',
    'node_modules/@s/a/lib/index.js',
    'node_modules/b/node_modules/c/index.js',
  ]);

  expect(text).toBe(
    `@s/a 1.0.0 (MIT)\nb 2.0.0 (MIT)\n\nDo.\n\n${'-'.repeat(80)}\n\n` +
      'c 3.0.0 (licence not named)\n\nThe package has no licence file of its own.\n',
  );
});
