import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FAULTS } from '../../../lambda/faults.ts';
import { createErrorsPage } from '../../../lib/docs/errors-page.ts';

const checkedIn = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');

test('the page that is checked in is the one that the catalogue makes (npm run docs)', () => {
  expect(createErrorsPage()).toBe(checkedIn);
});

test.each(Object.values(FAULTS).map(({ code }) => code))(
  '%s has one row, under a heading of its status',
  (code) => {
    const rows = checkedIn.split('\n').filter((line) => line.startsWith(`| \`${code}\` |`));
    expect(rows).toHaveLength(1);
    expect(checkedIn).toMatch(new RegExp(`^## ${code.slice(0, 3)} [A-Z]`, 'm'));
  },
);

test('no cell breaks its table', () => {
  const rows = checkedIn.split('\n').filter((line) => line.startsWith('| `'));
  for (const row of rows) expect(row.split('|')).toHaveLength(7);
});
