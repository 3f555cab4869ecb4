import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import {
  createColumns,
  inOrder,
  readBySort,
  SORTS,
  sift,
} from '../../../lambda/accounts/compare.ts';
import { missingScope, type Scope } from '../../../lambda/accounts/fields.ts';
import { FILTER_NAMES, PARAMETER_NAMES, PARAMETERS } from '../../../lambda/accounts/parameters.ts';
import {
  demandScopes,
  faultRows,
  filterSchema,
  filterSieves,
  type Query,
  querySchema,
  questionOf,
} from '../../../lambda/accounts/query.ts';
import { FULL_VIEWER } from '../../../lambda/accounts/view.ts';
import { PARAMETER_EXAMPLES } from '../../../lib/docs/examples.ts';
import { account } from '../../support/accounts.ts';
import { onlyReading } from '../../support/only-reading.ts';

const rowsOf = (input: unknown, expected?: Record<string, string>) => {
  const result = z.safeParse(querySchema, input, { reportInput: true });
  return faultRows(result.error?.issues ?? [], expected);
};

describe('the query', () => {
  it('has every parameter once, as a filter or beside it', () => {
    const beside = Object.keys(querySchema.shape).filter((name) => name !== 'filter');

    expect([...Object.keys(filterSchema.shape), ...beside].toSorted()).toEqual(
      PARAMETER_NAMES.toSorted(),
    );
    expect(beside.toSorted()).toEqual(['fields', 'pagenum', 'pagesize', 'sort']);
  });

  it('is described by its schema: the bounds and the formats are in it', () => {
    const { properties } = z.toJSONSchema(filterSchema);

    expect(properties).toMatchObject({
      name: { minLength: 1, maxLength: 256 },
      channel: { type: 'array', minItems: 1, maxItems: 100, items: { maxLength: 256 } },
      createdAfter: { type: 'string', format: 'date-time' },
      attribute: { items: { pattern: '^[^:]+:', maxLength: 1024 } },
    });
    expect(JSON.stringify(properties)).not.toContain('readOnly');
  });

  it.each([
    [{ filter: { active: 'true' } }, 'active', 'expected true or false; got "true"'],
    [{ filter: { channel: 'c1' } }, 'channel', /^expected an id .*; got "c1"$/],
    [{ filter: { channel: [1] } }, 'channel', /; got "1"$/],
    [{ filter: { channel: [] } }, 'channel', /; got "\[\]"$/],
    [{ filter: { name: null } }, 'name', /; got "null"$/],
    [{ filter: { colour: 1 } }, 'colour', 'no such parameter'],
    [{ pagesize: 1.5 }, 'pagesize', 'expected an integer from 1 to 500; got "1.5"'],
    [{ fields: ['id', 'nope'] }, 'fields', /; got "nope"$/],
    [{ filter: [] }, 'filter', 'expected an object of filters; got "[]"'],
    [JSON.parse('{"__proto__":1}'), '__proto__', 'no such parameter'],
    [{ filter: { attribute: ['x'.repeat(2000)] } }, 'attribute', /got "x{100}"$/],
    [7, 'input', 'expected something else; got "7"'],
  ])('as JSON is refused with a row: %j', (input, key, value) => {
    const rows = rowsOf(input, { filter: 'an object of filters' });

    expect(rows.map((row) => row.key)).toEqual([key]);
    expect(rows[0]?.value).toMatch(value);
  });

  it('asks the same question whatever the order of its parts', () => {
    const one: Query = {
      filter: { name: 'a', channel: ['2', '1', '2'] },
      fields: ['id'],
      pagesize: 5,
    };
    const same: Query = {
      filter: { channel: ['1', '2'], name: 'a', active: undefined },
      sort: 'name',
    };

    expect(questionOf(one)).toBe(questionOf(same));
    expect(questionOf({})).toBe(questionOf({ filter: {}, sort: 'name' }));
  });

  it.each<Query>([
    { filter: { name: 'b' } },
    { filter: { name: 'a', active: true } },
    { filter: { language: 'a' } },
    { filter: { name: 'a' }, sort: '-name' },
    { filter: { channel: ['a'] } },
  ])('asks another question with %j', (other) => {
    expect(questionOf(other)).not.toBe(questionOf({ filter: { name: 'a' } }));
  });

  it('asks another question with other values in a list', () => {
    const [one, other, both] = [['1'], ['2'], ['1', '2']].map((channel) =>
      questionOf({ filter: { channel } }),
    );

    expect(new Set([one, other, both]).size).toBe(3);
  });
});

describe('demandScopes', () => {
  it('lets everything pass where every scope is open', () => {
    const filter = { active: true, attribute: ['a:b'], entryPoint: undefined };

    expect(() => demandScopes({ filter, fields: ['address'] }, FULL_VIEWER.scopes)).not.toThrow();
  });

  it('refuses with a row for each filter, the order and each field, naming the scope', () => {
    const closed = new Set<Scope>();

    expect(() =>
      demandScopes(
        {
          filter: { name: 'a', attribute: ['a:b'] },
          sort: '-created',
          fields: ['id', 'id', 'address'],
        },
        closed,
      ),
    ).toThrow(
      expect.objectContaining({
        code: '403-902',
        details: [
          { key: 'name', value: 'name needs the scope accounts/read' },
          { key: 'attribute', value: 'attributes needs the scope accounts/read.configuration' },
          { key: 'sort', value: 'created needs the scope accounts/read' },
          { key: 'fields', value: 'id needs the scope accounts/read' },
          { key: 'fields', value: 'address needs the scope accounts/read.address' },
        ],
      }),
    );
  });

  it('asks no scope for what is not asked', () => {
    expect(() => demandScopes({}, new Set())).not.toThrow();
  });

  it('asks of each filter the scope of the field that it reads', () => {
    const read = new Set(['accounts/read'] as const);
    const filters = FILTER_NAMES.map((name) => ({
      name,
      scope: missingScope(PARAMETERS[name].reads, read),
    }));

    const refused = filters.filter(({ name }) => {
      try {
        demandScopes({ filter: { [name]: 'x' } }, read);
        return false;
      } catch {
        return true;
      }
    });

    expect(refused).toEqual(filters.filter(({ scope }) => scope !== undefined));
    expect(refused.map(({ name }) => name)).toEqual([
      'orchestration',
      'entryPoint',
      'onAgentUnavailability',
      'attribute',
    ]);
  });
});

describe('what it looks at in an account', () => {
  it.each(FILTER_NAMES)('is, for the filter %s, the field that its row declares', (name) => {
    const guarded = onlyReading(account(), PARAMETERS[name].reads);
    const wanted = z.parse(filterSchema, { [name]: PARAMETER_EXAMPLES[name] });

    const sieves = filterSieves(wanted, createColumns([guarded]));

    expect(sieves).toHaveLength(1);
    expect(() => sift(sieves, Uint32Array.of(0))).not.toThrow();
  });

  it.each(SORTS)('is, for the order %s, the field that its key declares, and ids', (sort) => {
    const guarded = ['b', 'a'].map((id) => onlyReading(account({ id }), 'id', readBySort(sort)));

    const order = inOrder(Uint32Array.of(0, 1), sort, createColumns(guarded), () => '');

    expect([...order]).toEqual([1, 0]);
  });
});
