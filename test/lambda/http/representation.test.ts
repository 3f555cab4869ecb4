import { describe, expect, it } from 'vitest';
import { pageLinks, representationOf } from '../../../lambda/http/representation.ts';
import type { Snapshot } from '../../../lambda/snapshot/content.ts';
import { account } from '../../support/accounts.ts';
import { bodyOf, createPartnerApi } from '../../support/partner-api.ts';

const MB = 1024 * 1024;

/** The answer to a list whose one account has this name and nothing else. */
async function answerWith(name: string) {
  const { request } = createPartnerApi({ accounts: [account({ name })] });
  return request({ query: 'fields=name' });
}

const snapshot = (): Snapshot => ({ accounts: [], hash: 'h' });
const asking = (of: Snapshot, length: number) => (question: string) =>
  representationOf(of, question, () => ({ body: 'x'.repeat(length), headers: {} }));

describe('an answer of the size that the platform limits', () => {
  it.each([
    ['x', 1],
    ['"', 2],
    ['€', 3],
  ])('may take as much as the platform allows, once escaped: %s', async (character, bytes) => {
    const empty =
      '{"paginationInfo":{"count":1,"pagenum":1,"pagesize":100},"account":[{"name":""}]}';
    const room = 6 * MB - 64 * 1024 - JSON.stringify(empty).length;
    const most = Math.floor(room / (character === '"' ? 4 : bytes));
    const name = character.repeat(most);
    const rest = 'x'.repeat(room - most * (character === '"' ? 4 : bytes));

    const [largest, more] = [await answerWith(name + rest), await answerWith(`${name}${rest}x`)];

    expect(largest.statusCode).toBe(200);
    expect(JSON.stringify(largest).length).toBeLessThan(6 * MB);
    expect(bodyOf(more)).toMatchObject({
      code: '413-901',
      developerMessage: expect.stringMatching(/a smaller pagesize or for fewer fields/) as string,
    });
  });

  it('says of one account alone that fewer fields are what helps', async () => {
    const { request } = createPartnerApi({
      accounts: [account({ description: 'x'.repeat(6_300_000) })],
    });

    const result = await request({ resource: '/accounts/{id}', id: 'a1' });

    expect(bodyOf(result)).toEqual({
      code: '413-901',
      developerMessage: 'The answer is larger than the platform allows. Ask for fewer fields.',
    });
  });
});

describe('the answers of a snapshot', () => {
  it('are kept by question, for the same accounts alone', () => {
    const one = snapshot();
    const ask = asking(one, 1);
    const answer = ask('a');

    expect(ask('b')).not.toBe(answer);
    expect(ask('a')).toBe(answer);
    expect(asking({ ...one, hash: 'other' }, 2)('a')).toBe(answer);
    expect(asking(snapshot(), 2)('a')).not.toBe(answer);
  });

  it('are kept up to sixteen million characters, those asked for last', () => {
    const ask = asking(snapshot(), 5 * MB);

    const [a, b, c] = ['a', 'b', 'c'].map(ask);
    expect([ask('b'), ask('c'), ask('a')]).toEqual([b, c, a]);
    ask('d');

    expect([ask('a'), ask('c')]).toEqual([a, c]);
    expect(ask('b')).not.toBe(b);
  });
});

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
