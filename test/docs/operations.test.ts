import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LOG_QUERIES } from '../../lib/observability/log-queries.ts';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');
const RUNBOOK = read('docs/operations.md');
const SECURITY = read('SECURITY.md');

describe('SECURITY.md', () => {
  it('names files that exist, and for each threat one that meets it and one that sees it met', () => {
    const named = filesIn(SECURITY);
    const threats = [...SECURITY.matchAll(/^\| API\d+ .*$/gm)].map(([row]) => filesIn(row));

    expect(named.filter((path) => !existsSync(new URL(path, ROOT)))).toEqual([]);
    expect(threats).toHaveLength(10);
    for (const files of threats) {
      expect(files).toContainEqual(expect.stringMatching(/^(?:lambda|lib)\//));
      expect(files).toContainEqual(expect.stringMatching(/^test\/.*\.(?:test|long)\.ts$/));
    }
  });
});

describe.each([
  ['docs/operations.md', RUNBOOK],
  ['docs/deploying.md', read('docs/deploying.md')],
  ['docs/symptoms.md', read('docs/symptoms.md')],
  ['README.md', read('README.md')],
  ['SECURITY.md', SECURITY],
])('%s', (path, text) => {
  it('links to sections that exist', () => {
    const links = [...text.matchAll(/\]\(([\w/.-]*)#([\w-]+)\)/g)];
    const dead = links.filter(([, file = '', anchor = '']) => {
      const target = file === '' ? text : readFileSync(new URL(file, new URL(path, ROOT)), 'utf8');
      return !anchorsOf(target).has(anchor);
    });

    expect(links.length).toBeGreaterThan(0);
    expect(dead.map(([link]) => link)).toEqual([]);
  });
});

describe('the saved log queries', () => {
  it('are the ones that the runbook names', () => {
    const names = LOG_QUERIES.map(({ name }) => name);
    const asked = new Set([...RUNBOOK.matchAll(/\*([A-Z][^*]+)\*/g)].map(([, name = '']) => name));

    expect(names.filter((name) => !asked.has(name))).toEqual([]);
  });
});

function filesIn(text: string): string[] {
  return [...text.matchAll(/`((?:lambda|lib|test)\/[\w./-]+)`/g)].map(([, path = '']) => path);
}

/** As GitHub makes them out of headings. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => title);
  return new Set(
    headings.map((title) =>
      title
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
}
