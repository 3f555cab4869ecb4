import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createOptionsPage, stageOptions } from '../../lib/docs/options-page.ts';
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
