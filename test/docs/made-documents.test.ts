import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { fillParts, madeParts } from '../../lib/docs/made-parts.ts';
import { createOptionsPage, stageOptions } from '../../lib/docs/options-page.ts';
import { stageFacts } from '../../lib/docs/stage-facts.ts';
import { madeDocuments } from '../../lib/docs/write.ts';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');
const documents = madeDocuments();

test.each([...documents])('%s is what `npm run docs` writes', (path, content) => {
  expect(read(path)).toBe(content);
});

test('every page with made parts is among the made documents', () => {
  const pages = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter(
    (path) =>
      path.endsWith('.md') && !path.includes('node_modules') && /<!-- made: /.test(read(path)),
  );

  expect(pages.filter((path) => !documents.has(path))).toEqual([]);
});

describe('a made part', () => {
  const page = 'Before.\n\n<!-- made: one -->\nold\n<!-- end -->\n\nAfter.\n';

  it('is all that changes in its page', () => {
    expect(fillParts(page, new Map([['one', 'new\n\nlines']]))).toBe(
      page.replace('old', 'new\n\nlines'),
    );
  });

  it('needs something that makes it', () => {
    expect(() => fillParts(page, new Map())).toThrow('Nothing makes the part "one".');
  });

  it('is used by some page', () => {
    const text = [...documents.keys()].map(read).join('\n');

    expect(
      [...madeParts().keys()].filter((name) => !text.includes(`<!-- made: ${name} -->`)),
    ).toEqual([]);
  });
});

test('each alarm has its section in the runbook, which begins with what it means', () => {
  const runbook = read('docs/operations.md');
  const alarms = [...stageFacts({ refreshSeconds: 60 }).alarms.keys()];
  const sections = [...runbook.matchAll(/^### (\w+)\n\n<!-- made: alarm (\w+) -->$/gm)];

  expect(sections.map(([, heading = '']) => heading.toLowerCase()).toSorted()).toEqual(
    alarms.toSorted(),
  );
  for (const [, heading = '', alarm] of sections) expect(alarm).toBe(heading.toLowerCase());
});

describe('the options', () => {
  it.each(stageOptions().map(({ key, meaning }) => [key, meaning]))(
    '%s says what it means',
    (key, meaning) => {
      expect(meaning).toMatch(/^[A-Z].*\.$/);
      expect(createOptionsPage()).toContain(`\n| \`${key}\` | ${meaning} |`);
    },
  );
});
