import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { thirdPartyLicences } from '../../../lib/bundle/licences.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test('the licences of a bundle are told once for all packages that share the text', () => {
  const root = temporaryFolder();
  const packageIn = (path: string, manifest: object, files: Record<string, string> = {}) => {
    const folder = join(root, 'node_modules', path);
    mkdirSync(folder, { recursive: true });
    const all = { 'package.json': JSON.stringify(manifest), ...files };
    for (const [name, text] of Object.entries(all)) writeFileSync(join(folder, name), text);
  };
  const beta = { name: 'beta', version: '2.0.0', license: 'MIT' };
  packageIn('beta', beta, { LICENSE: 'Do.\n', 'LICENCE-checker.js': 'No licence.' });
  const alpha = { name: '@scope/alpha', version: '1.0.0', license: 'MIT' };
  packageIn('@scope/alpha', alpha, { 'licence.md': 'Do.', 'about-the-licence': 'No licence.' });
  packageIn('beta/node_modules/gamma', { name: 'gamma', version: '3.0.0' });
  packageIn('unused', { name: 'unused', version: '4.0.0' });

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
