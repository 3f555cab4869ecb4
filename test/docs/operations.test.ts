import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ACCESS_LOG_FORMAT } from '../../lib/accounts/access-log.ts';
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
      expect(files).toContainEqual(expect.stringMatching(/^test\/.*\.test\.ts$/));
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
  const sources = sourcesIn('lambda/').map(read).join('\n');

  it('look for messages that the functions write', () => {
    const messages = LOG_QUERIES.flatMap(({ query }) =>
      query
        .filter((line) => line.includes('filter message'))
        .flatMap((line) => [...line.matchAll(/"([^"]+)"/g)].map(([, message = '']) => message)),
    );

    expect(messages).not.toEqual([]);
    expect(messages.filter((message) => !sources.includes(`'${message}'`))).toEqual([]);
  });

  it('ask for fields that a function or the gateway writes', () => {
    const access = Object.keys(JSON.parse(ACCESS_LOG_FORMAT.toString()) as object);
    const fields = new Set(LOG_QUERIES.flatMap(({ query }) => query.flatMap(fieldsIn)));
    const written = (field: string) =>
      access.includes(field) || new RegExp(`\\b${field}\\b[:,]|\\b${field} }`).test(sources);

    expect(fields.size).toBeGreaterThan(10);
    expect([...fields].filter((field) => !written(field))).toEqual([]);
  });

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

function sourcesIn(folder: string): string[] {
  return readdirSync(new URL(folder, ROOT), { recursive: true })
    .map((path) => `${folder}${String(path)}`)
    .filter((path) => path.endsWith('.ts'));
}

/** The fields in `fields a, b`, `by a, b` and `ispresent(a)`, without CloudWatch's own. */
function fieldsIn(line: string): string[] {
  const [, list = ''] = /(?:^fields | by )(.+)$/.exec(line) ?? [];
  const [, present = ''] = /ispresent\((\w+)\)/.exec(line) ?? [];
  const compared = [...line.matchAll(/(\w+) (?:=|in|like|>=) /g)].map(([, field = '']) => field);
  return [...list.split(', '), present, ...compared].filter((name) => /^[a-z]\w*$/i.test(name));
}
