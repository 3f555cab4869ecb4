import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createOptionsPage, OPTION_PRICES, stageOptions } from '../../lib/docs/options-page.ts';
import { madeDocuments } from '../../lib/docs/write.ts';

test.each([...madeDocuments()])('%s is what `npm run docs` writes', (path, content) => {
  expect(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')).toBe(content);
});

test('every option says what it means', () => {
  for (const { key, meaning } of stageOptions()) {
    expect(meaning).toMatch(/^[A-Z].*\.$/);
    expect(createOptionsPage()).toContain(`\n| \`${key}\` | ${meaning} |`);
  }
});

test('every price is of an option that there is', () => {
  const keys = new Set(stageOptions().map(({ key }) => key));

  expect(Object.keys(OPTION_PRICES).filter((key) => !keys.has(key))).toEqual([]);
});

const cents = (cell = '') => Math.round(Number(cell.replaceAll(/[*,| ]|^.*: /g, '')) * 100);

test('every column of the cost table adds up', () => {
  const rows = [...(madeDocuments().get('docs/cost.md') ?? '').matchAll(/^\| (?!what|-).*$/gm)];
  const cells = rows.map(([row]) => row.split(' | ').slice(2));

  expect(cells.length).toBeGreaterThan(10);
  for (const column of [0, 1, 2]) {
    const sums = cells.map((row) => cents(row[column]));
    const together = sums.pop();
    expect(sums.reduce((sum, one) => sum + one, 0)).toBe(together);
  }
});

test('the sample workflow pins its actions, verifies daily, and deploys prod after dev', () => {
  const workflow = readFileSync(new URL('../../docs/deploy.workflow.yml', import.meta.url), 'utf8');
  const actions = workflow.match(/uses: .*/g) ?? [];

  expect(actions.length).toBeGreaterThan(3);
  for (const action of actions) expect(action).toMatch(/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  expect(workflow).toMatch(/schedule:\n +- cron: "\d+ \d+ \* \* \*"/);
  expect(workflow).toMatch(
    /^ {2}prod:\n {4}if: .*needs\.dev\.result == 'success'.*\n {4}needs: dev$/m,
  );
  expect(workflow).not.toMatch(/aws-access-key|AWS_SECRET/i);
});
