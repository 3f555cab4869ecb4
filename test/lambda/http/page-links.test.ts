import { describe, expect, it } from 'vitest';
import { pageLinks } from '../../../lambda/http/response.ts';

/** The page numbers by relation. */
const pagesOf = (pagenum: number | undefined, count: number) => {
  const { Link = '' } = pageLinks({ pagenum, pagesize: 10 }, count);
  const links = [...Link.matchAll(/<\?pagenum=(\d+)&pagesize=10>; rel="(\w+)"/g)];
  return Object.fromEntries(links.map(([, page, relation]) => [relation, Number(page)]));
};

describe('the links of a list', () => {
  it.each([
    ['the first page of three', undefined, 25, { next: 2, first: 1, last: 3 }],
    ['the middle one', 2, 25, { next: 3, prev: 1, first: 1, last: 3 }],
    ['the last one', 3, 25, { prev: 2, first: 1, last: 3 }],
    ['the one after it', 4, 25, { prev: 3, first: 1, last: 3 }],
    ['one far past the end', 90_000, 25, { prev: 3, first: 1, last: 3 }],
    ['the only page', 1, 10, { first: 1, last: 1 }],
    ['no accounts', 1, 0, { first: 1, last: 1 }],
    ['no accounts, past the end', 7, 0, { prev: 1, first: 1, last: 1 }],
    [
      'more pages than can be asked for',
      100_000,
      2_000_000,
      { prev: 99_999, first: 1, last: 100_000 },
    ],
  ])('are, for %s', (_, pagenum, count, expected) => {
    expect(pagesOf(pagenum, count)).toEqual(expected);
  });

  it('have the same query, and a page size only where it was asked for', () => {
    expect(pageLinks({ filter: { active: true, channel: ['1', '2'] }, sort: '-name' }, 1)).toEqual({
      Link:
        '<?pagenum=1&active=true&channel=1&channel=2&sort=-name>; rel="first", ' +
        '<?pagenum=1&active=true&channel=1&channel=2&sort=-name>; rel="last"',
    });
  });

  it('leave room for other headers, and the next page is what goes last', () => {
    const ids = Array.from({ length: 100 }, (_, at) => `${at}`.padStart(36, 'x'));
    const linkOf = (count: number) =>
      pageLinks({ pagenum: 2, filter: { channel: ids.slice(0, count) } }, 1000)['Link'] ?? '';

    expect(linkOf(40).match(/rel="\w+"/g)).toEqual([
      'rel="next"',
      'rel="prev"',
      'rel="first"',
      'rel="last"',
    ]);
    expect(linkOf(100).match(/rel="\w+"/g)).toEqual(['rel="next"']);
    expect(linkOf(100).length).toBeLessThan(9000);
  });

  it('are none where not even one leaves room for other headers', () => {
    const channel = Array.from({ length: 100 }, (_, at) => `${at}`.padStart(100, 'x'));

    expect(pageLinks({ filter: { channel } }, 1)).toEqual({});
  });
});
