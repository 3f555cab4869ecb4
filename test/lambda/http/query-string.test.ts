import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../lambda/faults.ts';
import {
  LIST_PARAMETERS,
  ONE_ACCOUNT_PARAMETERS,
  readQueryString,
  writeQueryString,
} from '../../../lambda/http/request.ts';
import { apiEvent } from '../../support/api-events.ts';
import { queryArbitrary } from '../../support/partner-model.ts';

const read = (query: string, allowed = LIST_PARAMETERS) =>
  readQueryString(apiEvent({ query }), allowed);

/** The rows of the fault; anything else that is thrown goes on. */
function attempt(query: string): Fault['details'] {
  try {
    read(query);
    return [];
  } catch (error) {
    if (error instanceof Fault && error.code === '400-901') return error.details;
    throw error;
  }
}

function faultOf(query: string, allowed = LIST_PARAMETERS): Fault {
  try {
    read(query, allowed);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('a query', () => {
  it('is written as it is read, whatever it asks', () => {
    fc.assert(
      fc.property(queryArbitrary, (text) => {
        const query = read(text);

        expect(read(writeQueryString(query))).toEqual(query);
      }),
    );
  });

  it('keeps what a query may hold readable, and encodes the rest', () => {
    const query = read('attribute=n:v%26w&fields=id,name&createdAfter=2026-01-01T00:00:00%2B01:00');

    expect(writeQueryString(query)).toBe(
      'createdAfter=2026-01-01T00:00:00%2B01:00&attribute=n:v%26w&fields=id,name',
    );
  });
});

describe('a query string', () => {
  it('becomes the JSON values that the task takes', () => {
    const query = read(
      'pagenum=2&pagesize=500&active=false&name=a%20b&channel=1&channel=2&orchestration=o&entryPoint=e' +
        '&language=en&onAgentUnavailability=retain_and_retry&createdAfter=2026-01-01T00:00:00%2B01:00' +
        '&attribute=n:v:w&attribute=m:&sort=-created&fields=id,channel.id',
    );

    expect(query).toEqual({
      filter: {
        active: false,
        name: 'a b',
        channel: ['1', '2'],
        orchestration: ['o'],
        entryPoint: ['e'],
        language: 'en',
        onAgentUnavailability: 'retain_and_retry',
        createdAfter: '2026-01-01T00:00:00+01:00',
        attribute: ['n:v:w', 'm:'],
      },
      sort: '-created',
      fields: ['id', 'channel.id'],
      pagenum: 2,
      pagesize: 500,
    });
  });

  it('may be missing, or come without the multi-value form', () => {
    const single = { multiValueQueryStringParameters: null };

    expect(read('')).toEqual({ filter: {} });
    expect(
      readQueryString({ ...single, queryStringParameters: { active: 'true' } }, LIST_PARAMETERS),
    ).toEqual({ filter: { active: true } });
    expect(readQueryString({ ...single, queryStringParameters: null }, LIST_PARAMETERS)).toEqual({
      filter: {},
    });
  });

  it.each([
    ['pagenum=1', 'pagenum=100000'],
    ['pagesize=1', 'pagesize=500'],
    [`name=${'x'.repeat(256)}`, 'active=true'],
    [`attribute=n:${'x'.repeat(1022)}`, 'attribute=n:'],
  ])('may have %s and %s', (...queries) => {
    for (const query of queries) expect(() => read(query)).not.toThrow();
  });

  it.each([
    'pagenum=0',
    'pagenum=100001',
    'pagenum=01',
    'pagenum=%2B1',
    'pagenum=1.0',
    'pagenum=1e3',
    'pagenum=',
    'pagenum=%201',
    'pagenum=9999999999999999999999',
    'pagesize=501',
    'pagesize=-1',
    'active=TRUE',
    'active=1',
    'active=',
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
    'attribute=',
    `attribute=${'x'.repeat(1025)}`,
    'sort=id',
    'sort=--name',
    'sort=Name',
    'sort=',
    'fields=',
    'fields=id,',
    'fields=id,%20name',
    'fields=account.id',
    'fields=channel.',
    'pagenum=1&pagenum=1',
    'active=true&active=true',
    'name=a&name=b',
    'Name=a',
    'count=1',
    'constructor=1',
    '__proto__=1',
    'toString=1',
    'filter=1',
    'cursor=1',
    '=1',
  ])('is refused with one row for %j', (query) => {
    const fault = faultOf(query);

    expect(fault.code).toBe('400-901');
    expect(fault.details).toHaveLength(1);
    expect(fault.details[0]?.key).toBe([...new URLSearchParams(query).keys()][0]);
  });

  it('is refused when a parameter is repeated more than 100 times', () => {
    const channels = Array.from({ length: 101 }, (_, index) => `channel=${index}`);

    expect(() => read(channels.slice(1).join('&'))).not.toThrow();
    expect(faultOf(channels.join('&')).details).toHaveLength(1);
  });

  it('gets a row for each fault, with what was expected and what came', () => {
    const { details } = faultOf(
      'pagesize=0&nope=1&sort=x&active=true&active=false&channel=a&channel=',
    );

    expect(details).toEqual([
      { key: 'nope', value: 'no such parameter' },
      { key: 'active', value: 'may be given once; it was given 2 times' },
      { key: 'channel', value: expect.stringMatching(/^expected an id .*; got ""$/) as string },
      { key: 'pagesize', value: 'expected an integer from 1 to 500; got "0"' },
      {
        key: 'sort',
        value: expect.stringMatching(/^expected name, -name, .*; got "x"$/) as string,
      },
    ]);
  });

  it.each(['0', '01', '-1', '1.0', ' 1', '1e3', '1x', '1000000000000000000000'])(
    'is repeated as it was written where it is no integer: %j',
    (written) => {
      expect(faultOf(`pagesize=${encodeURIComponent(written)}`).details).toEqual([
        { key: 'pagesize', value: `expected an integer from 1 to 500; got "${written}"` },
      ]);
    },
  );

  it('is cut where a fault repeats it', () => {
    const { details } = faultOf(`${'k'.repeat(101)}=1&sort=${'v'.repeat(101)}`);

    expect(details[0]?.key).toBe('k'.repeat(40));
    expect(details[1]?.value).toContain(`"${'v'.repeat(100)}"`);
  });

  it('says to repeat the parameter where ids were joined by a comma', () => {
    for (const name of ['channel', 'orchestration', 'entryPoint']) {
      const { details } = faultOf(`${name}=1,2`);

      expect(details).toEqual([
        {
          key: name,
          value: expect.stringMatching(
            /without a comma.*repeat the parameter.*got "1,2"$/,
          ) as string,
        },
      ]);
    }
  });

  it('takes all fields of all its repetitions together, and each value once', () => {
    const query = read('fields=id,name&fields=name&fields=channel&channel=1&channel=2&channel=1');

    expect(query.fields).toEqual(['id', 'name', 'channel']);
    expect(query.filter?.channel).toEqual(['1', '2']);
    expect(() => read('channel=1&'.repeat(101))).not.toThrow();
  });

  it('gets no more rows than eGain gives, however many faults it has', () => {
    const names = Array.from({ length: 500 }, (_, index) => `unknown${index}=1`);

    const { details } = faultOf(names.join('&'));

    expect(details).toHaveLength(30);
    expect(details.at(-1)).toEqual({ key: 'more', value: '471 further faults' });
  });

  it.each([
    [30, 'unknown29', 'no such parameter'],
    [31, 'more', '2 further faults'],
  ])('gets thirty rows at most: of %i faults', (faults, key, value) => {
    const names = Array.from({ length: faults }, (_, index) => `unknown${index}=1`);

    const { details } = faultOf(names.join('&'));

    expect(details).toHaveLength(30);
    expect(details.at(-1)).toEqual({ key, value });
  });

  it('hints at the encoding where a plus arrived as a space', () => {
    expect(faultOf('createdAfter=2026-01-01T00:00:00+01:00').details[0]?.value).toMatch(/%2B$/);
    expect(faultOf('createdAfter=2026-01-01T00:00:00+0100').details[0]?.value).toMatch(/%2B$/);
    for (const text of ['nonsense', '2026-01-01T00:00:00 01:00x', '2026-01-01T00:00:00 1:00']) {
      expect(faultOf(`createdAfter=${text}`).details[0]?.value).not.toContain('%2B');
    }
  });

  it('has only fields for one account', () => {
    expect(read('fields=id', ONE_ACCOUNT_PARAMETERS).fields).toEqual(['id']);
    expect(faultOf('name=a', ONE_ACCOUNT_PARAMETERS).details).toEqual([
      { key: 'name', value: 'no such parameter' },
    ]);
  });

  it('is read or refused, whatever it is', () => {
    const name = fc.oneof(fc.string(), fc.constantFrom<string>(...LIST_PARAMETERS));
    const pairs = fc.array(fc.tuple(name, fc.string({ unit: 'binary', maxLength: 300 })));

    fc.assert(
      fc.property(pairs, (drawn) => {
        const query = drawn.map((pair) =>
          pair.map((part) => encodeURIComponent(part.toWellFormed())).join('='),
        );
        const rows = attempt(query.join('&'));
        for (const { key, value } of rows) {
          expect(key.length).toBeLessThanOrEqual(100);
          expect(value.length).toBeLessThanOrEqual(255);
          expect(`${key}${value}`).not.toMatch(/\p{Cc}/u);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
