import { expect, test } from 'vitest';
import { FAULTS } from '../../../lambda/faults.ts';
import { createErrorsPage } from '../../../lib/docs/errors-page.ts';

const rows = createErrorsPage()
  .split('\n')
  .filter((line) => line.startsWith('| `'));

test.each(Object.values(FAULTS).map(({ code }) => code))('%s has one row', (code) => {
  expect(rows.filter((line) => line.startsWith(`| \`${code}\` |`))).toHaveLength(1);
});

test('no cell breaks its table', () => {
  for (const row of rows) expect(row.split('|')).toHaveLength(7);
});
