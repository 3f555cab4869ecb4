import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PARAMETER_NAMES } from '../../../lambda/accounts/parameters.ts';
import { apiEvent, lambdaContext } from '../../support/api-events.ts';
import { createPartnerApi, detailsOf } from '../../support/partner-api.ts';

/** The API's answer to a query of a partner with every scope. */
async function answerTo(query: string) {
  const { request } = createPartnerApi();
  const scopes = 'accounts/read accounts/read.address accounts/read.configuration';
  return request({ query, authorizer: { partner: 'acme', scopes } });
}

/** The rows of the refusal. */
async function rowsFor(query: string) {
  const answer = await answerTo(query);
  expect(JSON.parse(answer.body)).toMatchObject({ code: '400-901' });
  return detailsOf(answer);
}

describe('a query', () => {
  it.each([
    'pagenum=100000',
    'pagesize=1',
    'pagesize=500',
    `name=${'x'.repeat(256)}`,
    `attribute=n:${'x'.repeat(1022)}`,
    'attribute=n:',
    'channel=1&'.repeat(100),
    'fields=id, name ,%09channel.id',
    'active=True',
    'active=FALSE',
    'createdAfter=2026-01-01T00:00:00%2B0000',
    Array.from({ length: 100 }, (_, index) => `channel=${index}`).join('&'),
  ])('may be %.40s', async (query) => {
    expect((await answerTo(query)).statusCode).toBe(200);
  });

  it.each([
    'pagenum=0',
    'pagenum=100001',
    'pagenum=1e3',
    'pagenum=9999999999999999999999',
    'pagesize=501',
    'active=1',
    'name=',
    `name=${'x'.repeat(257)}`,
    'channel=',
    'language=',
    'onAgentUnavailability=other',
    'createdAfter=2026-01-01',
    'createdBefore=',
    'modifiedAfter=2026-02-30T00:00:00Z',
    'modifiedBefore=now',
    'attribute=no-colon',
    'attribute=:value',
    `attribute=${'x'.repeat(1025)}`,
    'sort=id',
    'fields=id,',
    'fields=account.id',
    'pagenum=1&pagenum=1',
    'active=true&active=true',
    'name=a&name=b',
    'Name=a',
    'constructor=1',
    '__proto__=1',
    'filter=1',
    '=1',
    'channel=1&'.repeat(101),
    Array.from({ length: 101 }, (_, index) => `channel=${index}`).join('&'),
  ])('is refused with one row for %.40s', async (query) => {
    const rows = await rowsFor(query);

    expect(rows.map(({ key }) => key)).toEqual([[...new URLSearchParams(query).keys()][0]]);
  });
});

it.each([...PARAMETER_NAMES.filter((name) => name !== 'active'), 'unknown'])(
  'half a character in %s is refused',
  async (name) => {
    const value = name === 'attribute' ? 'n:\uD800' : 'x\uD800';
    const authorizer = { scopes: 'accounts/read accounts/read.configuration' };
    const event = apiEvent({ authorizer });
    const { handler } = createPartnerApi();

    for (const own of [{ [name]: [value] }, { [name]: [value, 'y'] }]) {
      const sent = { ...event, multiValueQueryStringParameters: own };
      const { statusCode, body } = await handler(sent, lambdaContext);

      expect(statusCode).toBe(400);
      expect(body).toContain('"400-901"');
      expect(body.isWellFormed()).toBe(true);
    }
  },
);

describe('the rows of a refusal', () => {
  it('say of each fault what was expected and what came', async () => {
    const rows = await rowsFor(
      'pagesize=0&nope=1&sort=x&active=true&active=false&channel=a&channel=',
    );

    expect(rows).toEqual([
      { key: 'nope', value: 'no such parameter' },
      { key: 'active', value: 'may be given once; it was given 2 times' },
      {
        key: 'channel',
        value: expect.stringMatching(/^expected an id .*; got ""; .*leave channel out$/) as string,
      },
      { key: 'pagesize', value: 'expected an integer from 1 to 500; got "0"' },
      {
        key: 'sort',
        value: expect.stringMatching(/^expected name, -name, .*minus.*; got "x"$/) as string,
      },
    ]);
  });

  it.each<[string, RegExp]>([
    ['pagesize=01', /^expected an integer from 1 to 500; got "01"$/],
    [`sort=${'v'.repeat(101)}`, /"v{100}"$/],
    [`sort=${'v'.repeat(99)}😀`, /"v{99}"$/],
    [`sort=${'v'.repeat(98)}😀`, /"v{98}😀"$/],
    ['sort=a%0D%00%C2%85%E2%80%A8%E2%80%AE%E2%80%8Bb', /"a\uFFFD{6}b"$/],
    ['channel=1,2', /without a comma.*repeat the parameter.*got "1,2"$/],
    ['entryPoint=1,2', /without a comma.*repeat the parameter/],
    ['createdAfter=2026-01-01T00:00:00+01:00', /a \+ is written %2B$/],
    ['createdAfter=2026-01-01T00:00:00+0100', /a \+ is written %2B$/],
    ['createdAfter=2026-01-01T00:00:00%201:00', /1:00"$/],
    ['active=', /^expected true or false; got ""; to ask without it, leave active out$/],
    ['fields=', /^expected the dotted path of a field.*; to ask without it, leave fields out$/],
    [`fields=${'id,'.repeat(100)}id`, /at most 100 of them/],
    ['fields=id,channelId', /; did you mean channel\.id\?$/],
    ['sort=name:desc', /-name.*minus turns the order round.*got "name:desc"$/],
    ['sort=desc(name)', /-name.*minus turns the order round/],
  ])('say how to mend %s', async (query, words) => {
    const [row, ...others] = await rowsFor(query);

    expect(row?.value).toMatch(words);
    expect(others).toEqual([]);
  });

  it.each<[unknown: string, meant: string]>([
    ['pageSize', 'pagesize'],
    ['page_size', 'pagesize'],
    ['per_page', 'pagesize'],
    ['limit', 'pagesize'],
    ['$top', 'pagesize'],
    ['page[size]', 'pagesize'],
    ['page', 'pagenum'],
    ['offset', 'pagenum'],
    ['$pagenum', 'pagenum'],
    ['Active', 'active'],
    ['filter[active]', 'active'],
    ['name[]', 'name'],
    ['entrypoint', 'entryPoint'],
    ['channelId', 'channel'],
    ['chanel', 'channel'],
    ['created_after', 'createdAfter'],
    ['orderBy', 'sort'],
    ['field', 'fields'],
    ['channelIds', 'channel'],
    ['accountName', 'name'],
    ['chatConfigurations.defaultLanguage', 'language'],
    ['sortOrder', 'sort'],
    ['pageIndex', 'pagenum'],
    ['maxResults', 'pagesize'],
    ['resultsPerPage', 'pagesize'],
    ['accountsVersion', 'version'],
    ['created_since', 'createdAfter'],
    ['createdAt', 'createdAfter'],
    ['last_modified', 'modifiedAfter'],
  ])('name the parameter that %s is like', async (unknown, meant) => {
    const rows = await rowsFor(`${encodeURIComponent(unknown)}=1`);

    expect(rows).toEqual([{ key: unknown, value: `no such parameter; did you mean ${meant}?` }]);
  });

  it.each(['channel[]', 'channel[0]', 'channel[a]', 'channel.0', 'channel%255B%255D'])(
    'tell who writes %s to repeat the parameter',
    async (name) => {
      const [row, ...others] = await rowsFor(`${name}=a&${name}=b`);

      expect(row?.value).toBe(
        'no such parameter; repeat channel for each value, without brackets: channel=a&channel=b',
      );
      expect(others).toEqual([]);
    },
  );

  it('tell how attributes are repeated', async () => {
    const rows = await rowsFor('attribute[region]=eu');

    expect(rows.map(({ value }) => value)).toEqual([
      'no such parameter; repeat attribute for each value, without brackets: attribute=a:b&attribute=c:d',
    ]);
  });

  it('name no parameter that the route does not take', async () => {
    const { request } = createPartnerApi();
    const resource = '/accounts/{id}';

    const answer = await request({ resource, id: 'a1', query: 'pageSize=1&fields[]=id' });

    expect(detailsOf(answer)).toEqual([
      { key: 'pageSize', value: 'no such parameter' },
      { key: 'fields[]', value: expect.stringContaining('repeat fields') as string },
    ]);
  });

  it.each([
    [30, 'unknown29', 'no such parameter'],
    [31, 'more', '2 further faults'],
  ])('are thirty at most: of %i faults', async (faults, key, value) => {
    const names = Array.from({ length: faults }, (_, index) => `unknown${index}=1`);

    const rows = await rowsFor(names.join('&'));

    expect(rows).toHaveLength(30);
    expect(rows.at(-1)).toEqual({ key, value });
  });

  it('cut an unknown name', async () => {
    expect(await rowsFor(`${'k'.repeat(101)}=1`)).toMatchObject([{ key: 'k'.repeat(40) }]);
  });

  it('are short and printable, whatever the query', async () => {
    const name = fc.oneof(fc.string(), fc.constantFrom<string>(...PARAMETER_NAMES));
    const pairs = fc.array(fc.tuple(name, fc.string({ unit: 'binary', maxLength: 300 })));
    await fc.assert(
      fc.asyncProperty(pairs, async (drawn) => {
        const query = drawn.map((pair) =>
          pair.map((part) => encodeURIComponent(part.toWellFormed())).join('='),
        );

        const answer = await answerTo(query.join('&'));

        expect([200, 400]).toContain(answer.statusCode);
        const { details = [] } = JSON.parse(answer.body) as {
          details?: { key: string; value: string }[];
        };
        for (const { key, value } of details) {
          expect(key.length).toBeLessThanOrEqual(100);
          expect(value.length).toBeLessThanOrEqual(255);
          expect(`${key}${value}`).not.toMatch(/\p{Cc}/u);
        }
      }),
      { numRuns: 200 },
    );
  });
});
